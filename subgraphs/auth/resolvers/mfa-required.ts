import type { MfaRequired } from '../services/sessions/sign-in.js';

/** `MfaRequired` of the schema. */
export function toMfaRequired({ mfaToken, methods, expiresAt }: MfaRequired) {
  return { __typename: 'MfaRequired' as const, mfaToken, methods: [...methods], expiresAt };
}
