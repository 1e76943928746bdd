/** What an answer of the fake Harbor is made of, with the header lines and error bodies of the recorded exchanges. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** JSON with the line end that Harbor's own handlers write. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: '' };
}

export function problem(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify({ errors: [{ code, message }] })}\n`,
  };
}

export const unauthorized = (): Reply => problem(401, 'UNAUTHORIZED', 'unauthorized');
export const forbidden = (message = 'forbidden'): Reply => problem(403, 'FORBIDDEN', message);
export const notFound = (message: string): Reply => problem(404, 'NOT_FOUND', message);
