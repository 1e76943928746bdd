/** Tells whether helm lost the API server or got a refusal from it. Pure. */

/**
 * What happened to the API server, as a verb, if helm's message means that a request got no answer. Then nobody knows
 * what the API server did. Undefined for every other message.
 *
 * Matches the forms of Go's `net/url.Error` (`Delete "https://…": read tcp …: connection reset by peer`), in which helm
 * wraps whatever broke, and errors in the middle of a body, which carry no URL. If the URL is not the API server's (a
 * chart repository, or an admission webhook that the API server could not reach), the message is an answer like any
 * other.
 *
 * @param server URL of the API server, as in the pinned kubeconfig
 */
export function lossOfApiServer(complaint: string, server: string): string | undefined {
  // HTTP 503 of the API server. Discovery also meets it for someone else's API; that does not count.
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
