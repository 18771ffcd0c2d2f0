import { stepAt, stepMs, totpCodeAt } from '../../subgraphs/auth/services/mfa/totp-code.js';
import { createAuthenticator, type Authenticator } from '../testkit/product/authenticator.js';
import { post, text, texts } from '../testkit/product/graphql-client.js';
import type { Person } from '../testkit/product/person.js';

/** For who has a password it is asked for; a guest has none. */
export function passwordOf(person: Person | null): { readonly password?: string } {
  return person === null || person.password === '' ? {} : { password: person.password };
}

export async function beginTotp(person: Person): Promise<string> {
  const { data } = await person.ask(
    'mutation ($input: BeginTotpEnrollmentInput!) { beginTotpEnrollment(input: $input) { ... on TotpEnrollment { secret } } }',
    { input: passwordOf(person) },
  );
  return text(data.beginTotpEnrollment?.secret);
}

/** What the app shows; a step that is about to end is left to end, since the code must arrive within it. */
export async function codeOf(secret: string, steps = 0): Promise<string> {
  const left = stepMs - (Date.now() % stepMs);
  if (left < 5_000) await new Promise((resolve) => setTimeout(resolve, left));
  return totpCodeAt(secret, stepAt(Date.now()) + BigInt(steps));
}

/** Switches an authenticator app on with the code of the step before, so that the present one stays good. */
export async function enrollTotp(person: Person): Promise<{ secret: string; recoveryCodes: readonly string[] }> {
  const secret = await beginTotp(person);
  const { data } = await person.ask(
    'mutation ($code: String!) { confirmTotpEnrollment(input: { code: $code }) { ... on TotpEnabled { recoveryCodes } } }',
    { code: await codeOf(secret, -1) },
  );
  return { secret, recoveryCodes: texts(data.confirmTotpEnrollment?.recoveryCodes) };
}

/** First half of a sign-in: the token that waits for the second factor. */
export async function mfaTokenOf(url: string, { username, password }: Person): Promise<string> {
  const { data } = await post(url, {
    query: 'mutation ($input: LoginInput!) { login(input: $input) { ... on MfaRequired { mfaToken } } }',
    variables: { input: { identifier: username, password } },
  });
  return text(data.login?.mfaToken);
}

interface Ceremony {
  readonly ceremonyId: string;
  readonly options: unknown;
}

export async function beginPasskey(person: Person): Promise<Ceremony> {
  const { data } = await person.ask(
    'mutation ($input: BeginPasskeyRegistrationInput!) { beginPasskeyRegistration(input: $input) { ... on PasskeyCeremony { id options } } }',
    { input: passwordOf(person) },
  );
  return { ceremonyId: text(data.beginPasskeyRegistration?.id), options: data.beginPasskeyRegistration?.options };
}

/** Asks somebody who is signed in for one of their passkeys. */
export async function beginPasskeyConfirmation(person: Person): Promise<Ceremony> {
  const { data } = await person.ask('mutation { beginPasskeyConfirmation { ... on PasskeyCeremony { id options } } }');
  return { ceremonyId: text(data.beginPasskeyConfirmation?.id), options: data.beginPasskeyConfirmation?.options };
}

/** Begins a sign-in without saying who it is. */
export async function beginPasskeySignIn(url: string): Promise<Ceremony> {
  const { data } = await post(url, { query: 'mutation { beginPasskeyLogin(input: {}) { ... on PasskeyCeremony { id options } } }' });
  return { ceremonyId: text(data.beginPasskeyLogin?.id), options: data.beginPasskeyLogin?.options };
}

export async function addPasskey(url: string, person: Person): Promise<{ id: string; authenticator: Authenticator }> {
  const authenticator = createAuthenticator(url);
  const { ceremonyId, options } = await beginPasskey(person);
  const { data } = await person.ask(
    `mutation ($input: FinishPasskeyRegistrationInput!) {
      finishPasskeyRegistration(input: $input) { ... on FinishPasskeyRegistrationPayload { passkey { id } } }
    }`,
    { input: { ceremonyId, response: authenticator.register(options), name: 'Key' } },
  );
  return { id: text(data.finishPasskeyRegistration?.passkey?.id), authenticator };
}
