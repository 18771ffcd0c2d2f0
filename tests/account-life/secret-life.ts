import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { stepAt, totpCodeAt } from '../../subgraphs/auth/services/mfa/totp-code.js';
import { createMailbox } from '../../subgraphs/auth/tests/mailbox.js';
import { post, text, texts, type GraphQLAnswer, type Json } from '../testkit/product/graphql-client.js';
import type { Product } from '../testkit/product/product.js';

const stepMs = 30_000;
const email = 'ada.secrets@example.org';
const username = 'Ada_Secrets';

/** One answer of every mutation that takes or gives a secret. */
const mutations = {
  register: 'register(input: $input) { __typename ...Refusal ...Tokens }',
  login: 'login(input: $input) { __typename ...Refusal ...Tokens ... on MfaRequired { mfaToken } }',
  verifyMfa: 'verifyMfa(input: $input) { __typename ...Refusal ...Tokens }',
  refreshSession: 'refreshSession(input: $input) { __typename ...Refusal ...Tokens }',
  logout: 'logout(input: $input) { __typename ...Refusal }',
  loginWithDevice: 'loginWithDevice(input: $input) { __typename ...Refusal ...Tokens }',
  linkCredentials: 'linkCredentials(input: $input) { __typename ...Refusal }',
  changePassword: 'changePassword(input: $input) { __typename ...Refusal }',
  resetPassword: 'resetPassword(input: $input) { __typename ...Refusal }',
  requestPasswordReset: 'requestPasswordReset(input: $input) { message }',
  verifyEmail: 'verifyEmail(input: $input) { __typename ...Refusal }',
  changeEmail: 'changeEmail(input: $input) { __typename ...Refusal }',
  beginTotpEnrollment: 'beginTotpEnrollment(input: $input) { __typename ...Refusal ... on TotpEnrollment { secret uri } }',
  confirmTotpEnrollment: 'confirmTotpEnrollment(input: $input) { __typename ...Refusal ... on TotpEnabled { recoveryCodes } }',
  regenerateRecoveryCodes: 'regenerateRecoveryCodes(input: $input) { __typename ...Refusal ... on RecoveryCodes { recoveryCodes } }',
  disableTotp: 'disableTotp(input: $input) { __typename ...Refusal }',
  exportAccount: 'exportAccount(input: $input) { __typename ...Refusal ... on AccountExport { account profile sessions images } }',
  deleteAccount: 'deleteAccount(input: $input) { __typename ...Refusal }',
} as const;
type Mutation = keyof typeof mutations;

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Speaks to the product, and remembers every secret that it has said or was told. */
export function createTeller(product: Product) {
  /** By what it is. */
  const secrets = new Map<string, string>();
  /** What was said to clients that were refused. */
  const refusals: string[] = [];

  /** A secret that nothing else looks like. */
  function mark(what: string, secret = `marked ${what} ${randomUUID()}`): string {
    secrets.set(what, secret);
    return secret;
  }

  function keep(answer: GraphQLAnswer): GraphQLAnswer {
    refusals.push(JSON.stringify(answer.errors));
    JSON.stringify(answer.data, (key, value: unknown) => {
      if (key === 'message' || key === 'fields') refusals.push(JSON.stringify(value));
      return value;
    });
    return answer;
  }

  const send = async (query: string, variables: object = {}, token?: string) => keep(await post(product.url, { query, variables, token }));

  async function run(name: Mutation, input: object, token?: string): Promise<Json> {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const selection = mutations[name];
    const fragments = [
      ['Refusal', 'fragment Refusal on UserError { code message ... on InvalidInputError { fields { path code message } } }'],
      ['Tokens', 'fragment Tokens on AuthPayload { accessToken refreshToken user { id } session { id } }'],
    ] as const;
    const used = fragments.filter(([fragment]) => selection.includes(`...${fragment}`)).map(([, fragment]) => fragment);
    const required = name === 'logout' ? '' : '!';
    const { data, errors } = await send(`mutation ($input: ${type}${required}) { ${selection} } ${used.join(' ')}`, { input }, token);
    const answer = data[name];
    if (answer === undefined) throw new Error(`${name}: ${JSON.stringify(errors)}`);
    return answer;
  }

  /** Marks the tokens of a session that was opened. */
  function marked(what: string, payload: Json): Session {
    expect(payload.__typename).toBe('AuthPayload');
    return {
      accessToken: mark(`access token of ${what}`, text(payload.accessToken)),
      refreshToken: mark(`refresh token of ${what}`, text(payload.refreshToken)),
    };
  }

  return {
    product,
    mailbox: createMailbox(product.mailFolder),
    secrets,
    refusals,
    mark,
    send,
    run,
    expectKind: async (kind: string, answer: Promise<Json>) => expect((await answer).__typename).toBe(kind),
    marked,
  };
}
export type Teller = ReturnType<typeof createTeller>;

/** Everything that an account can do with a secret, also wrongly. */
export async function liveThrough(teller: Teller): Promise<void> {
  const registered = await register(teller);
  await useTokens(teller, registered);
  const { session, password } = await changePasswords(teller);
  const current = await useAuthenticatorApp(teller, { session, password });
  await playAsGuest(teller);
  await sendBadRequests(teller);
  await leave(teller, { session: current, password });
  await teller.product.untilSettled();
}

interface Ada {
  readonly session: Session;
  readonly password: string;
}

/** Registers and signs in, also badly and wrongly, also with the password in the wrong field. */
async function register({ mailbox, run, mark, marked, expectKind }: Teller): Promise<Ada> {
  const first = mark('first password');
  await expectKind(
    'InvalidInputError',
    run('register', { username: mark('password as username'), password: mark('refused password', 'short 7') }),
  );
  const session = marked('registration', await run('register', { username, email, password: first, device: 'Telescope' }));
  await expectKind('UsernameTakenError', run('register', { username, password: mark('password for a taken name') }));
  await expectKind('InvalidCredentialsError', run('login', { identifier: username, password: mark('wrong password') }));
  await expectKind(
    'InvalidCredentialsError',
    run('login', { identifier: mark('password as identifier'), password: mark('password of nobody') }),
  );
  await expectKind('InvalidInputError', run('login', { identifier: username, password: first, device: 'x'.repeat(101) }));
  await run('verifyEmail', { token: mark('mailed token that is none') });
  const verification = await mailbox.next(email, 'Confirm');
  await expectKind('VerifyEmailPayload', run('verifyEmail', { token: mark('verification token', text(verification.token)) }));
  return { session, password: first };
}

/** Tokens: rotated, reused, unknown, malformed. */
async function useTokens({ product, run, send, mark, marked, expectKind }: Teller, { session }: Ada): Promise<void> {
  const stolen = session.refreshToken;
  marked('refresh', await run('refreshSession', { refreshToken: stolen }));
  product.advance(stepMs + 1000);
  await expectKind('InvalidRefreshTokenError', run('refreshSession', { refreshToken: stolen }));
  await expectKind('InvalidRefreshTokenError', run('refreshSession', { refreshToken: mark('refresh token that is none') }));
  await send('{ me { id } }', {}, mark('access token that is none', `none.${randomUUID()}`));
  await send('{ me { id } }', {}, `${session.accessToken.slice(0, -4)}AAAA`);
}

/** Another password, forgotten and changed. */
async function changePasswords({ mailbox, run, mark, marked, expectKind }: Teller): Promise<Ada> {
  await run('requestPasswordReset', { identifier: email });
  const reset = await mailbox.next(email, 'password');
  const token = mark('reset token', text(reset.token));
  const second = mark('second password');
  await expectKind('InvalidInputError', run('resetPassword', { token, newPassword: mark('refused new password', 'short 6') }));
  await expectKind('ResetPasswordPayload', run('resetPassword', { token, newPassword: second }));
  await expectKind('InvalidTokenError', run('resetPassword', { token, newPassword: mark('password for a used token') }));
  const session = marked('login', await run('login', { identifier: username, password: second }));
  const third = mark('third password');
  const change = { currentPassword: mark('wrong current password'), newPassword: third };
  await expectKind('InvalidCredentialsError', run('changePassword', change, session.accessToken));
  await expectKind('ChangePasswordPayload', run('changePassword', { ...change, currentPassword: second }, session.accessToken));
  await run('changeEmail', { email: 'ada.other@example.org', password: mark('wrong password for an address') }, session.accessToken);
  return { session, password: third };
}

/** An authenticator app, from beginning to end. Answers the last session. */
async function useAuthenticatorApp(
  { product, secrets, run, mark, marked, expectKind }: Teller,
  { session: first, password }: Ada,
): Promise<Session> {
  let session = first;
  await run('beginTotpEnrollment', { password: mark('wrong password for an app') }, session.accessToken);
  const enrollment = await run('beginTotpEnrollment', { password }, session.accessToken);
  const secret = mark('TOTP secret', text(enrollment.secret));
  const code = () => mark(`TOTP code ${String(secrets.size)}`, totpCodeAt(secret, stepAt(product.now())));
  const wrong = mark('wrong TOTP code', String((Number(totpCodeAt(secret, stepAt(product.now()))) + 1) % 1_000_000).padStart(6, '0'));
  await run('confirmTotpEnrollment', { code: wrong }, session.accessToken);
  const enabled = await run('confirmTotpEnrollment', { code: code() }, session.accessToken);
  const recoveryCodes = texts(enabled.recoveryCodes);
  for (const [index, each] of recoveryCodes.entries()) mark(`recovery code ${String(index)}`, each);
  for (const proof of [() => code(), () => text(recoveryCodes[0])]) {
    product.advance(stepMs);
    const challenge = await run('login', { identifier: username, password });
    const mfaToken = mark(`MFA token ${String(secrets.size)}`, text(challenge.mfaToken));
    await expectKind('InvalidCodeError', run('verifyMfa', { mfaToken, code: mark('code that is none', randomUUID()) }));
    session = marked(`second factor ${String(secrets.size)}`, await run('verifyMfa', { mfaToken, code: proof() }));
  }
  await run('verifyMfa', { mfaToken: mark('MFA token that is none'), code: text(recoveryCodes[1]) });
  product.advance(stepMs);
  await run('regenerateRecoveryCodes', { password, code: code() }, session.accessToken);
  product.advance(stepMs);
  await run('disableTotp', { password, code: code() }, session.accessToken);
  return session;
}

async function playAsGuest({ run, mark, marked }: Teller): Promise<void> {
  const device = { deviceId: mark('device id'), deviceSecret: mark('device secret', `${randomUUID()}${randomUUID()}`) };
  const guest = marked('guest', await run('loginWithDevice', device));
  await run('loginWithDevice', { ...device, deviceSecret: mark('wrong device secret', `${randomUUID()}${randomUUID()}`) });
  await run('linkCredentials', { username: 'Guest_No_More', password: mark('password of a guest') }, guest.accessToken);
}

/** Requests that are no good, with a secret in them. */
async function sendBadRequests({ send, mark }: Teller): Promise<void> {
  await send(`mutation { login(input: { identifier: "x", password: "${mark('password in a bad literal')}", bogus: 1 }) { __typename } }`);
  await send(
    `mutation { login(input: { identifier: "x", password: ${mark('password as an enum', `marked_${randomUUID().replaceAll('-', '_')}`)} }) { __typename } }`,
  );
  await send(`mutation { login(input: { "${mark('password as a name')}": 1 }) { __typename } }`);
  await send(`mutation { login(input: { identifier: "x", password: "${mark('password in bad syntax')} }) { __typename } }`);
  const login = 'mutation ($input: LoginInput!) { login(input: $input) { __typename } }';
  await send(login, { input: { identifier: 'x', password: { is: mark('password in an object') } } });
  await send(login, { input: { identifier: 'x', password: mark('password beside a bad field'), bogus: 1 } });
  await send(login, { input: [mark('password in a list')] });
  await send(login, { input: mark('password as the whole input') });
}

async function leave({ run, mark, expectKind }: Teller, { session, password }: Ada): Promise<void> {
  await run('exportAccount', { password: mark('wrong password for an export') }, session.accessToken);
  await expectKind('AccountExport', run('exportAccount', { password }, session.accessToken));
  await run('deleteAccount', { password: mark('wrong password for a deletion') }, session.accessToken);
  await expectKind('AccountDeletion', run('deleteAccount', { password }, session.accessToken));
  await expectKind('LogoutPayload', run('logout', { refreshToken: session.refreshToken }));
}
