import type { Json } from '../../../tests/testkit/product/graphql-client.js';
import { ask } from './ask.js';
import { createAuthClient, goodPassword, type Payload } from './auth-client.js';
import type { AuthHarness } from './auth-harness.js';
import { createMailbox } from './mailbox.js';

export const newPassword = 'a whole new battery of horses';

const problem = '__typename ... on UserError { code message }';
const invalidInput = '... on InvalidInputError { fields { path code } }';
const documents = {
  requestPasswordReset: 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { message } }',
  resetPassword: `mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) {
    ${problem} ... on ResetPasswordPayload { endedSessions } ${invalidInput} } }`,
  requestEmailVerification: 'mutation { requestEmailVerification { message } }',
  verifyEmail: `mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { ${problem} ... on VerifyEmailPayload { userId } } }`,
  changeEmail: `mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) {
    ${problem} ... on ChangeEmailPayload { user { email emailVerified } } ${invalidInput} } }`,
} as const;

/** Speaks the mutations of mailed tokens, and reads the mails. */
export function createRecoveryClient(harness: AuthHarness) {
  const auth = createAuthClient(harness);
  const mailbox = createMailbox(harness.mailFolder);
  let people = 0;

  const newAddress = () => `Person.${String((people += 1))}@Example.org`;
  const newPerson = (email: string): Promise<Payload> => auth.mustRegister({ username: `person_${String((people += 1))}`, email });
  const requestReset = (identifier: string): Promise<Json> => ask(harness, documents.requestPasswordReset, { input: { identifier } });
  const verifyEmail = (token: string): Promise<Json> => ask(harness, documents.verifyEmail, { input: { token } });

  /** The token of the next mail to this address. */
  async function tokenTo(email: string, subject: 'Confirm' | 'Choose a new password'): Promise<string> {
    const { token } = await mailbox.next(email, subject);
    if (token === undefined) throw new Error('the mail has no link');
    return token;
  }

  return {
    ...auth,
    mailbox,
    newAddress,
    newPerson,
    requestReset,
    verifyEmail,
    tokenTo,
    async newVerifiedPerson(): Promise<Payload & { email: string }> {
      const email = newAddress();
      const person = await newPerson(email);
      await verifyEmail(await tokenTo(email, 'Confirm'));
      return { ...person, email };
    },
    async resetTokenFor(email: string): Promise<string> {
      await requestReset(email);
      return tokenTo(email, 'Choose a new password');
    },
    resetPassword: (token: string, password = newPassword): Promise<Json> =>
      ask(harness, documents.resetPassword, { input: { token, newPassword: password } }),
    /** `accessToken` of the caller. */
    requestVerification: (accessToken?: string): Promise<Json> =>
      ask(harness, documents.requestEmailVerification, {}, { token: accessToken }),
    changeEmail: (email: string | null, accessToken?: string, password = goodPassword): Promise<Json> =>
      ask(harness, documents.changeEmail, { input: { email, password } }, { token: accessToken }),
    /** The address of `me`, and whether it is verified. */
    addressOf: ({ accessToken }: Payload): Promise<Json> => ask(harness, '{ me { email emailVerified } }', {}, { token: accessToken }),
  };
}
