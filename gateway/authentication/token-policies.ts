/**
 * Names in the claim of a verified token: a list of texts, or one text in which blanks separate them. `claim` is its name (some are URLs), or
 * the way to it through objects, with dots. Whatever else stands there names nothing.
 */
export function tokenPolicies(claims: Readonly<Record<string, unknown>>, claim: string): readonly string[] {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : claim.split('.').reduce<unknown>(own, claims);
  const texts: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return texts.filter((text): text is string => typeof text === 'string' && text !== '');
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
