/** Scopes of a verified token: `scope`, separated by spaces (RFC 8693, 4.2), or `scp` of other issuers, which may be a list as well. */
export function tokenScopes({ scope, scp }: Readonly<Record<string, unknown>>): readonly string[] {
  return [scope, scp].flatMap((claim: unknown) => {
    const texts: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
    return texts.flatMap((text) => (typeof text === 'string' ? text.split(' ').filter((each) => each !== '') : []));
  });
}
