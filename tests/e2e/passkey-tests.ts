import { beforeAll, expect, it } from '@jest/globals';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { z } from 'zod';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text, type Json } from '../testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../testkit/product/person.js';

const credentialsOf = z.object({
  credentials: z.array(
    z.object({
      credentialId: z.string(),
      isResidentCredential: z.boolean(),
      rpId: z.string().optional(),
      privateKey: z.string(),
      userHandle: z.string().optional(),
      signCount: z.int(),
    }),
  ),
});

/** A page, and the authenticator of the device that it runs on: one that knows its owner by a finger, or else a plain key at its port. */
interface Device {
  readonly page: Page;
  /** `navigator.credentials.create` or `get` with options of the server, as a page calls it. */
  ceremony(kind: 'Creation' | 'Request', options: unknown): Promise<unknown>;
  /** Puts a copy of the credential in its place, with the counter that it had when it was copied. */
  cloneWith(signCount: number): Promise<void>;
}

export function passkeyTests(product: () => Galaxia, browser: Browser): void {
  let galaxia: Galaxia;
  beforeAll(() => {
    galaxia = product();
  });

  async function openDevice({ host = 'localhost', hasFinger = true } = {}): Promise<Device> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const url = new URL(galaxia.url);
    url.hostname = host;
    await page.goto(url.href);
    const cdp: CDPSession = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: hasFinger ? 'internal' : 'usb',
        hasResidentKey: hasFinger,
        hasUserVerification: hasFinger,
        isUserVerified: hasFinger,
        automaticPresenceSimulation: true,
      },
    });
    return {
      page,
      ceremony: (kind, options) =>
        page.evaluate(`(async (options) => {
          const publicKey = PublicKeyCredential.parse${kind}OptionsFromJSON(options);
          const credential = await navigator.credentials.${kind === 'Creation' ? 'create' : 'get'}({ publicKey });
          return credential.toJSON();
        })(${JSON.stringify(options)})`),
      async cloneWith(signCount) {
        const { credentials } = credentialsOf.parse(await cdp.send('WebAuthn.getCredentials', { authenticatorId }));
        const [credential] = credentials;
        if (credential === undefined) throw new Error('the authenticator has no credential');
        await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
        const { rpId, userHandle, ...rest } = credential;
        await cdp.send('WebAuthn.addCredential', {
          authenticatorId,
          credential: {
            ...rest,
            signCount,
            ...(rpId === undefined ? {} : { rpId }),
            ...(userHandle === undefined ? {} : { userHandle }),
          },
        });
      },
    };
  }

  async function mutate(field: string, type: string, selection: string, input: object, token?: string): Promise<Json> {
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on UserError { code } ${selection} } }`;
    const { data } = await post(galaxia.url, { query, variables: { input }, ...(token === undefined ? {} : { token }) });
    const answer = data[field];
    if (answer === undefined) throw new Error(`${field} was not answered`);
    return answer;
  }
  const ceremonyFields = '... on PasskeyCeremony { id options }';
  const signedIn = '... on AuthPayload { user { id mfaEnabled } }';

  async function register(device: Device, { password, accessToken }: Person): Promise<Json> {
    const begun = await mutate('beginPasskeyRegistration', 'BeginPasskeyRegistrationInput', ceremonyFields, { password }, accessToken);
    const response = await device.ceremony('Creation', begun.options);
    return mutate(
      'finishPasskeyRegistration',
      'FinishPasskeyRegistrationInput',
      '... on FinishPasskeyRegistrationPayload { passkey { name } }',
      { ceremonyId: begun.id, response, name: 'This device' },
      accessToken,
    );
  }

  async function signIn(device: Device, input: object = {}): Promise<Json> {
    const begun = await mutate('beginPasskeyLogin', 'BeginPasskeyLoginInput', ceremonyFields, input);
    const response = await device.ceremony('Request', begun.options);
    return mutate('finishPasskeyLogin', 'FinishPasskeyLoginInput', signedIn, { ceremonyId: begun.id, response });
  }

  it('sign somebody in without a name or a password, and once alone on a device', async () => {
    const device = await openDevice();
    const person = await registerPerson(galaxia);
    expect(text((await register(device, person)).__typename)).toBe('FinishPasskeyRegistrationPayload');
    await expect(signIn(device)).resolves.toMatchObject({ __typename: 'AuthPayload', user: { id: person.id, mfaEnabled: true } });
    // The browser itself knows that it has one for this account.
    await expect(register(device, person)).rejects.toThrow('InvalidStateError');
    await device.page.context().close();
  }, 60_000);

  it('are asked for after the password, and may be a key without PIN or finger then, which opens nothing alone', async () => {
    const device = await openDevice({ hasFinger: false });
    const person = await registerPerson(galaxia);
    await register(device, person);
    await expect(signIn(device)).rejects.toThrow('NotAllowedError');
    const required = await mutate('login', 'LoginInput', '... on MfaRequired { mfaToken methods }', {
      identifier: person.username,
      password: person.password,
    });
    expect(required).toMatchObject({ __typename: 'MfaRequired', methods: ['RECOVERY_CODE', 'PASSKEY'] });
    await expect(signIn(device, { mfaToken: required.mfaToken })).resolves.toMatchObject({ __typename: 'AuthPayload' });
    await device.page.context().close();
  }, 60_000);

  it('are refused once a copy of the authenticator shows', async () => {
    const device = await openDevice();
    const person = await registerPerson(galaxia);
    await register(device, person);
    for (let times = 0; times < 3; times += 1) await expect(signIn(device)).resolves.toMatchObject({ __typename: 'AuthPayload' });
    await device.cloneWith(1);
    await expect(signIn(device)).resolves.toMatchObject({ code: 'INVALID_PASSKEY' });
    const { data } = await person.ask('{ auditLog(first: 5) { nodes { action } } }');
    expect(JSON.stringify(data)).toContain('PASSKEY_COUNTER_WENT_BACK');
    await device.page.context().close();
  }, 60_000);

  it('are of one site: the browser makes none at another address', async () => {
    const elsewhere = await openDevice({ host: '127.0.0.1' });
    const person = await registerPerson(galaxia);
    await expect(register(elsewhere, person)).rejects.toThrow('SecurityError');
    await elsewhere.page.context().close();
  }, 60_000);
}
