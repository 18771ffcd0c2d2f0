import { z } from 'zod';
import { httpUrl } from './environment.js';

/** How new passwords are checked, for whoever runs auth. */
export const passwordVariables = {
  /** Of a range service that knows breached passwords, such as `https://api.pwnedpasswords.com/range`; nobody is asked when it is not set. */
  PASSWORD_BREACH_CHECK_URL: httpUrl.optional(),
  /** What happens to a new password while that service does not answer. */
  PASSWORD_BREACH_CHECK_WHEN_DOWN: z.enum(['accept', 'refuse']).default('accept'),
};

/** For `superRefine` on the schema that holds `passwordVariables`: what refuses when nobody is asked refuses nothing. */
export function checkPasswordVariables(
  { PASSWORD_BREACH_CHECK_URL: url, PASSWORD_BREACH_CHECK_WHEN_DOWN: whenDown }: z.output<z.ZodObject<typeof passwordVariables>>,
  context: z.core.$RefinementCtx,
): void {
  if (whenDown !== 'refuse' || url !== undefined) return;
  const message = 'refuse has no effect without PASSWORD_BREACH_CHECK_URL: nobody is asked about new passwords';
  context.addIssue({ code: 'custom', path: ['PASSWORD_BREACH_CHECK_WHEN_DOWN'], message });
}

/** For `createAuthSubgraph`; undefined asks nobody. */
export function breachCheckOf(values: {
  PASSWORD_BREACH_CHECK_URL?: string | undefined;
  PASSWORD_BREACH_CHECK_WHEN_DOWN: 'accept' | 'refuse';
}): { readonly url: string; readonly whenDown: 'accept' | 'refuse' } | undefined {
  const { PASSWORD_BREACH_CHECK_URL: url, PASSWORD_BREACH_CHECK_WHEN_DOWN: whenDown } = values;
  return url === undefined ? undefined : { url, whenDown };
}
