/** Tells a helm that lost the API server from one that the API server said no to. Pure. */

/**
 * True when helm's complaint means that a request to the API server got no answer: then nobody knows what it did there.
 * `server` is the API server's URL as the pinned kubeconfig has it. The forms are those of Go's `net/url.Error`
 * (`Delete "https://…": read tcp …: connection reset by peer`), in which helm wraps whatever broke, and of errors in the
 * middle of a body, which carry no URL. A URL of somebody else, a chart repository or an admission webhook that the API
 * server could not reach, is an answer like any other.
 */
export function lostApiServer(complaint: string, server: string): boolean {
  if (complaint.includes('Kubernetes cluster unreachable')) return true;
  const asked = [...complaint.matchAll(/\b[A-Z][a-z]+ "(https?:\/\/[^"\s]+)": /g)].map(
    (match) => match[1] ?? '',
  );
  if (asked.length > 0) return asked.some((url) => originOf(url) === originOf(server));
  return /\b(?:dial|read|write) tcp |\bhttp2: |\bunexpected EOF$/m.test(complaint);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
