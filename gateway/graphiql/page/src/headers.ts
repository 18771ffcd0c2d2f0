/** What the Headers tab begins with: an empty token is never sent. */
export const emptyHeaders = '{\n  "Authorization": "Bearer "\n}\n';

/** The headers to send: text values only, without an `Authorization` that has no token in it. */
export function sendableHeaders(typed: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const entries = Object.entries(typed ?? {}).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== 'string') return [];
    if (name.toLowerCase() === 'authorization' && /^\s*(bearer\s*)?$/i.test(value)) return [];
    return [[name, value]];
  });
  return Object.fromEntries(entries);
}

/** The value of the `Authorization` header, whatever the case of its name; null when there is none to send. */
export function authorizationOf(headers: Readonly<Record<string, string>>): string | null {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? null;
}
