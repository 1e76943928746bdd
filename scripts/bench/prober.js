/**
 * Sends requests to a Service like its users: a new connection every 20 ms, whether or not the previous one has ended. It
 * counts failures and tells when an answer first contains a text.
 */
import { request } from 'node:http';

const intervalMs = 20;
/** A request that takes longer counts as failed. */
const timeoutMs = 2000;

/** Starts to send requests to `url`. `stop()` ends that and returns the counts. */
export function startProber(url) {
  let sent = 0;
  let answered = 0;
  const failures = [];
  let waiting;
  const timer = setInterval(() => {
    sent += 1;
    const probe = request(url, { agent: false, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => {
        answered += 1;
        if (response.statusCode >= 400) failures.push(`HTTP ${response.statusCode}`);
        else if (waiting !== undefined && body.includes(waiting.text)) {
          waiting.resolve(performance.now());
          waiting = undefined;
        }
      });
    });
    probe.on('timeout', () => probe.destroy(new Error('timeout')));
    probe.on('error', (error) => failures.push(error.code ?? error.message));
    probe.end();
  }, intervalMs);

  return {
    /** Resolves with the time of the first answer that contains the text. Rejects after `patienceMs` milliseconds. */
    async served(text, patienceMs) {
      return await new Promise((resolve, reject) => {
        const limit = setTimeout(
          () => reject(new Error(`'${text}' was not served within ${patienceMs} ms`)),
          patienceMs,
        );
        waiting = {
          text,
          resolve: (at) => {
            clearTimeout(limit);
            resolve(at);
          },
        };
      });
    },
    stop() {
      clearInterval(timer);
      return { sent, answered, failures };
    },
  };
}
