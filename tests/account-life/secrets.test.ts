import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stepAt, totpCodeAt } from '../../subgraphs/auth/services/mfa/totp-code.js';
import { createMailbox } from '../../subgraphs/auth/tests/mailbox.js';
import { testDatabases, type OpenedDatabase } from '../testkit/databases.js';
import { post, text, texts, type GraphQLAnswer, type Json } from '../testkit/graphql-client.js';
import { dumpDatabase, startProduct, type Product } from '../testkit/product.js';
import { sendHostileInput } from './hostile-input.js';

const databases = await testDatabases();
const stepMs = 30_000;

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

describe.each(databases)('Secrets, over the whole product on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let product: Product;
  /** By what it is. */
  const secrets = new Map<string, string>();
  /** What was said to clients that were refused. */
  const refusals: string[] = [];

  beforeAll(async () => {
    opened = await open();
    product = await startProduct(opened.database);
  }, 120_000);
  afterAll(async () => {
    await product.close();
    await opened.close();
  });

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
  function marked(what: string, payload: Json): { accessToken: string; refreshToken: string } {
    expect(payload.__typename).toBe('AuthPayload');
    return {
      accessToken: mark(`access token of ${what}`, text(payload.accessToken)),
      refreshToken: mark(`refresh token of ${what}`, text(payload.refreshToken)),
    };
  }

  const expectKind = async (kind: string, answer: Promise<Json>) => expect((await answer).__typename).toBe(kind);

  async function liveThrough(): Promise<void> {
    const mailbox = createMailbox(product.mailFolder);
    const email = 'ada.secrets@example.org';
    const username = 'Ada_Secrets';
    const first = mark('first password');

    // Registering, also badly, and signing in, also wrongly, also with the password in the wrong field.
    await expectKind(
      'InvalidInputError',
      run('register', { username: mark('password as username'), password: mark('refused password', 'short 7') }),
    );
    let session = marked('registration', await run('register', { username, email, password: first, device: 'Telescope' }));
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

    // Tokens: rotated, reused, unknown, malformed.
    const stolen = session.refreshToken;
    marked('refresh', await run('refreshSession', { refreshToken: stolen }));
    product.advance(stepMs + 1000);
    await expectKind('InvalidRefreshTokenError', run('refreshSession', { refreshToken: stolen }));
    await expectKind('InvalidRefreshTokenError', run('refreshSession', { refreshToken: mark('refresh token that is none') }));
    await send('{ me { id } }', {}, mark('access token that is none', `none.${randomUUID()}`));
    await send('{ me { id } }', {}, `${session.accessToken.slice(0, -4)}AAAA`);

    // Another password, forgotten and changed.
    await run('requestPasswordReset', { identifier: email });
    const reset = await mailbox.next(email, 'password');
    const token = mark('reset token', text(reset.token));
    const second = mark('second password');
    await expectKind('InvalidInputError', run('resetPassword', { token, newPassword: mark('refused new password', 'short 6') }));
    await expectKind('ResetPasswordPayload', run('resetPassword', { token, newPassword: second }));
    await expectKind('InvalidTokenError', run('resetPassword', { token, newPassword: mark('password for a used token') }));
    session = marked('login', await run('login', { identifier: username, password: second }));
    const third = mark('third password');
    const change = { currentPassword: mark('wrong current password'), newPassword: third };
    await expectKind('InvalidCredentialsError', run('changePassword', change, session.accessToken));
    await expectKind('ChangePasswordPayload', run('changePassword', { ...change, currentPassword: second }, session.accessToken));
    await run('changeEmail', { email: 'ada.other@example.org', password: mark('wrong password for an address') }, session.accessToken);

    // An authenticator app.
    await run('beginTotpEnrollment', { password: mark('wrong password for an app') }, session.accessToken);
    const enrollment = await run('beginTotpEnrollment', { password: third }, session.accessToken);
    const secret = mark('TOTP secret', text(enrollment.secret));
    const code = () => mark(`TOTP code ${String(secrets.size)}`, totpCodeAt(secret, stepAt(product.now())));
    const wrong = mark('wrong TOTP code', String((Number(totpCodeAt(secret, stepAt(product.now()))) + 1) % 1_000_000).padStart(6, '0'));
    await run('confirmTotpEnrollment', { code: wrong }, session.accessToken);
    const enabled = await run('confirmTotpEnrollment', { code: code() }, session.accessToken);
    const recoveryCodes = texts(enabled.recoveryCodes);
    for (const [index, each] of recoveryCodes.entries()) mark(`recovery code ${String(index)}`, each);
    for (const proof of [() => code(), () => text(recoveryCodes[0])]) {
      product.advance(stepMs);
      const challenge = await run('login', { identifier: username, password: third });
      const mfaToken = mark(`MFA token ${String(secrets.size)}`, text(challenge.mfaToken));
      await expectKind('InvalidCodeError', run('verifyMfa', { mfaToken, code: mark('code that is none', randomUUID()) }));
      session = marked(`second factor ${String(secrets.size)}`, await run('verifyMfa', { mfaToken, code: proof() }));
    }
    await run('verifyMfa', { mfaToken: mark('MFA token that is none'), code: text(recoveryCodes[1]) });
    product.advance(stepMs);
    await run('regenerateRecoveryCodes', { password: third, code: code() }, session.accessToken);
    product.advance(stepMs);
    await run('disableTotp', { password: third, code: code() }, session.accessToken);

    // A guest.
    const device = { deviceId: mark('device id'), deviceSecret: mark('device secret', `${randomUUID()}${randomUUID()}`) };
    const guest = marked('guest', await run('loginWithDevice', device));
    await run('loginWithDevice', { ...device, deviceSecret: mark('wrong device secret', `${randomUUID()}${randomUUID()}`) });
    await run('linkCredentials', { username: 'Guest_No_More', password: mark('password of a guest') }, guest.accessToken);

    // Requests that are no good, with a secret in them.
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

    // The end.
    await run('exportAccount', { password: mark('wrong password for an export') }, session.accessToken);
    await expectKind('AccountExport', run('exportAccount', { password: third }, session.accessToken));
    await run('deleteAccount', { password: mark('wrong password for a deletion') }, session.accessToken);
    await expectKind('AccountDeletion', run('deleteAccount', { password: third }, session.accessToken));
    await expectKind('LogoutPayload', run('logout', { refreshToken: session.refreshToken }));
    await product.untilSettled();
  }

  /** The secrets that stand in `where`, as they are, in a URL, or in base64. A code is six digits that stand alone. */
  function foundIn(where: string): string[] {
    return [...secrets].flatMap(([what, secret]) => {
      if (/^\d{6}$/.test(secret)) return new RegExp(`(?<![\\d.:-])${secret}(?![\\d.:-])`).test(where) ? [what] : [];
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64url')];
      return forms.some((form) => where.includes(form)) ? [what] : [];
    });
  }

  it('SECURITY 52: stand in no log, event, error or audit event, nor in clear in any column', async () => {
    await liveThrough();
    expect(secrets.size).toBeGreaterThan(50);
    expect(product.logs().length).toBeGreaterThan(1000);
    expect(product.events.length).toBeGreaterThan(10);
    expect(refusals.length).toBeGreaterThan(20);
    const dump = await dumpDatabase(opened.database);
    expect(dump.get('auth.audit_event')?.length).toBeGreaterThan(20);
    // Suites of auth hash at a fraction of it: this is what the product does.
    expect(dump.get('auth.credential')?.join()).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    const metrics = await fetch(`${product.url}/metrics`).then((response) => response.text());
    const places = new Map([
      ['logs', product.logs()],
      ['events', JSON.stringify(product.events)],
      ['errors', refusals.join('\n')],
      ['metrics', metrics],
      ...[...dump].map(([table, rows]) => [table, rows.join('\n')] as const),
    ]);
    const leaks = [...places].flatMap(([place, content]) => foundIn(content).map((what) => `${what} in ${place}`));
    expect(leaks).toEqual([]);
  }, 60_000);

  it('SECURITY 52: stand in no log, however clients put them where they do not belong, and no line is more than one', async () => {
    const before = product.logs().length;
    await sendHostileInput(product.url, mark('hostile input'));
    const logs = product.logs().slice(before);
    expect(logs.split('\n').length).toBeGreaterThan(50);
    expect(foundIn(logs)).toEqual([]);
    for (const line of logs.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
      // eslint-disable-next-line no-control-regex -- what a terminal obeys
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
  }, 60_000);
});
