/** Tells a helm that lost the API server from one that the API server said no to. Pure. */

/**
 * What became of the API server, as a verb, when helm's complaint means that a request to it got no answer: then nobody
 * knows what it did there. `undefined` for everything else. `server` is the API server's URL as the pinned kubeconfig has
 * it. The forms are those of Go's `net/url.Error` (`Delete "https://…": read tcp …: connection reset by peer`), in which
 * helm wraps whatever broke, and of errors in the middle of a body, which carry no URL. A URL of somebody else, a chart
 * repository or an admission webhook that the API server could not reach, is an answer like any other.
 */
export function lossOfApiServer(complaint: string, server: string): string | undefined {
  // HTTP 503, unless it is that of somebody else's API, which discovery meets.
  const busy = complaint.includes('the server is currently unable to handle the request');
  if (busy && !complaint.includes('complete list of server APIs')) return 'answered HTTP 503';
  // Helm 3 writes `Kubernetes`, Helm 4 `kubernetes`.
  if (/kubernetes cluster unreachable/i.test(complaint)) return 'went away';
  const asked = [...complaint.matchAll(/\b[A-Z][a-z]+ "(https?:\/\/[^"\s]+)": /g)].map(
    (match) => match[1] ?? '',
  );
  const broke =
    asked.length > 0
      ? asked.some((url) => originOf(url) === originOf(server))
      : /\b(?:dial|read|write) tcp |\bhttp2: |\bunexpected EOF$/m.test(complaint);
  return broke ? 'went away' : undefined;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
