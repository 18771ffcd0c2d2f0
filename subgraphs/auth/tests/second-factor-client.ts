import { z } from 'zod';
import { stepAt, totpCodeAt } from '../services/mfa/totp-code.js';
import { createAuthClient, goodPassword, type Payload } from './auth-client.js';
import type { AuthHarness, RunOptions } from './auth-harness.js';

const signedIn = '... on AuthPayload { accessToken refreshToken user { id mfaEnabled } session { id device } }';
const problem = '__typename ... on UserError { code message }';
const invalidInput = '... on InvalidInputError { fields { path code } }';
const ceremony = '... on PasskeyCeremony { id options }';

const operations = {
  login: ['LoginInput', `${signedIn} ... on MfaRequired { mfaToken methods expiresAt }`],
  verifyMfa: ['VerifyMfaInput', signedIn],
  beginTotpEnrollment: ['BeginTotpEnrollmentInput', '... on TotpEnrollment { secret uri }'],
  confirmTotpEnrollment: ['ConfirmTotpEnrollmentInput', '... on TotpEnabled { recoveryCodes }'],
  disableTotp: ['DisableTotpInput', '... on DisableTotpPayload { user { id mfaEnabled } }'],
  regenerateRecoveryCodes: ['RegenerateRecoveryCodesInput', '... on RecoveryCodes { recoveryCodes }'],
  beginPasskeyRegistration: ['BeginPasskeyRegistrationInput', ceremony],
  finishPasskeyRegistration: [
    'FinishPasskeyRegistrationInput',
    `... on FinishPasskeyRegistrationPayload { passkey { id name createdAt lastUsedAt } recoveryCodes } ${invalidInput}`,
  ],
  beginPasskeyLogin: ['BeginPasskeyLoginInput', ceremony],
  finishPasskeyLogin: ['FinishPasskeyLoginInput', `${signedIn} ${invalidInput}`],
  removePasskey: ['RemovePasskeyInput', '... on RemovePasskeyPayload { id }'],
} as const;

export type SecondFactorMutation = keyof typeof operations;

function documentOf(field: SecondFactorMutation): string {
  const [type, selection] = operations[field];
  return `mutation ($input: ${type}!) { ${field}(input: $input) { ${problem} ${selection} } }`;
}

const answer = z.object({
  __typename: z.string(),
  code: z.string().optional(),
  accessToken: z.string().optional(),
  refreshToken: z.string().optional(),
  user: z.object({ id: z.string(), mfaEnabled: z.boolean().nullable() }).optional(),
  session: z.object({ id: z.string(), device: z.string().nullable() }).optional(),
  mfaToken: z.string().optional(),
  methods: z.array(z.string()).optional(),
  expiresAt: z.string().optional(),
  secret: z.string().optional(),
  uri: z.string().optional(),
  recoveryCodes: z
    .array(z.string())
    .nullish()
    .transform((codes) => codes ?? undefined),
  id: z.string().optional(),
  options: z.unknown().optional(),
  passkey: z.object({ id: z.string(), name: z.string(), lastUsedAt: z.string().nullable() }).optional(),
  fields: z.array(z.object({ path: z.string(), code: z.string() })).optional(),
});
export type SecondFactorAnswer = z.output<typeof answer>;

export interface EnrolledPerson {
  readonly person: Payload;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** Speaks the mutations of second factors; `send` throws what the operation refuses. */
export function createSecondFactorClient(harness: Pick<AuthHarness, 'run' | 'now'>) {
  const client = createAuthClient(harness);

  async function send(field: SecondFactorMutation, input: object, options: RunOptions = {}): Promise<SecondFactorAnswer> {
    const { data, errors } = await harness.run(documentOf(field), { ...options, variables: { input } });
    if (errors !== undefined) throw errors[0]?.originalError ?? errors[0] ?? new Error('no error');
    return answer.parse(data?.[field]);
  }

  /** The code that the app shows `steps` from now. */
  const codeOf = (secret: string, steps = 0) => totpCodeAt(secret, stepAt(harness.now()) + BigInt(steps));

  return {
    ...client,
    send,
    codeOf,
    /** A new person with an authenticator app, whose code of this step is used. */
    async enroll(input: { username: string } & Record<string, unknown>): Promise<EnrolledPerson> {
      const person = await client.mustRegister(input);
      const token = person.accessToken;
      const { secret = '' } = await send('beginTotpEnrollment', { password: goodPassword }, { token });
      const { recoveryCodes = [] } = await send('confirmTotpEnrollment', { code: codeOf(secret) }, { token });
      return { person, secret, recoveryCodes };
    },
    /** The token of a sign-in that waits for its second factor. */
    async challenge(username: string): Promise<string> {
      const { mfaToken } = await send('login', { identifier: username, password: goodPassword, device: 'Console' });
      if (mfaToken === undefined) throw new Error(`${username} was not asked for a second factor`);
      return mfaToken;
    },
  };
}
