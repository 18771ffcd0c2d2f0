/** What somebody must have to see something. Scopes and policies: one of the lists, all of it. */
export type Requirement =
  | { readonly kind: 'authenticated'; readonly id: string }
  | { readonly kind: 'scopes' | 'policies'; readonly id: string; readonly anyOf: readonly (readonly string[])[] }
  /** It cannot be read, so nobody meets it. */
  | { readonly kind: 'unknown'; readonly id: string };

/** What somebody has. */
export interface Grants {
  readonly isAuthenticated: boolean;
  readonly scopes: ReadonlySet<string>;
  readonly policies: ReadonlySet<string>;
}

export function meets(grants: Grants, requirement: Requirement): boolean {
  switch (requirement.kind) {
    case 'authenticated':
      return grants.isAuthenticated;
    case 'scopes':
      return requirement.anyOf.some((all) => all.every((scope) => grants.scopes.has(scope)));
    case 'policies':
      return requirement.anyOf.some((all) => all.every((policy) => grants.policies.has(policy)));
    case 'unknown':
      return false;
  }
}

/** Ways to meet several requirements at once that are tried; for more, an implication is not seen. */
const maximumWays = 256;

/** Whether everybody who meets all of `others` meets `requirement` as well. */
export function isImplied(requirement: Requirement, others: readonly Requirement[]): boolean {
  const { kind } = requirement;
  if (kind === 'authenticated' || kind === 'unknown') return others.some(({ id }) => id === requirement.id);
  let ways: readonly (readonly string[])[] = [[]];
  for (const other of others) {
    if (other.kind !== kind) continue;
    ways = ways.flatMap((way) => other.anyOf.map((all) => [...way, ...all]));
    if (ways.length > maximumWays) return false;
  }
  return ways.every((way) => requirement.anyOf.some((all) => all.every((name) => way.includes(name))));
}
