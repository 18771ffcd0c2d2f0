import { z } from 'zod';
import { commaSeparated, httpUrl } from '../../shared/config/environment.js';

/** Whose tokens are verified, when they are not Galaxia's own. */
export interface JwtConfig {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Claim that lists the policies of `@policy` that the bearer fulfils: its name, or a path of names with dots. */
  readonly policiesClaim: string;
}

/** To be spread into the schema of an entry's environment. */
export const jwtVariables = {
  JWT_JWKS_URL: httpUrl.optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: commaSeparated.pipe(z.array(z.string()).min(1)).optional(),
  JWT_POLICIES_CLAIM: z.string().optional(),
};

type JwtValues = z.output<z.ZodObject<typeof jwtVariables>>;

const names = ['JWT_JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const;
const allNames = [...names, 'JWT_POLICIES_CLAIM'] as const;
/** In a configuration file. */
const keyOf = { JWT_JWKS_URL: 'jwt.jwksUrl', JWT_ISSUER: 'jwt.issuer', JWT_AUDIENCE: 'jwt.audience' } as const;

/** For `superRefine` of the schema that the variables are spread into: a token that is checked by halves is not checked. */
export function checkJwtVariables(values: JwtValues & { readonly AUTH_URL?: string | undefined }, context: z.RefinementCtx): void {
  const given = allNames.filter((name) => values[name] !== undefined);
  const [first] = given;
  if (first === undefined) return;
  if (values.AUTH_URL !== undefined)
    context.addIssue({ code: 'custom', path: [first], message: 'AUTH_URL says whose tokens are taken: leave one of the two out' });
  for (const name of names.filter((each) => values[each] === undefined)) {
    context.addIssue({
      code: 'custom',
      path: [first],
      message: `${name} (${keyOf[name]} in the file) must be set as well: tokens are verified by keys, issuer and audience`,
    });
  }
}

/** For the gateway of Galaxia's own subgraphs, which take no other tokens than those of auth. */
export function refuseJwtVariables(values: JwtValues, context: z.RefinementCtx): void {
  for (const name of allNames.filter((each) => values[each] !== undefined)) {
    context.addIssue({
      code: 'custom',
      path: [name],
      message: 'is for somebody else’s supergraph (--supergraph): the own subgraphs take the tokens of auth alone',
    });
  }
}

/** Undefined when no tokens are verified. */
export function toJwtConfig(values: JwtValues): JwtConfig | undefined {
  const { JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_POLICIES_CLAIM: policiesClaim = 'policies' } = values;
  if (jwksUrl === undefined || issuer === undefined || audience === undefined) return undefined;
  return { jwksUrl, issuer, audience, policiesClaim };
}
