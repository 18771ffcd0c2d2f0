import { beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createMailbox, type Mailbox } from '../../subgraphs/auth/tests/mailbox.js';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text } from '../testkit/product/graphql-client.js';
import { freshUsername } from '../testkit/product/person.js';

const oldPassword = 'an old and trusted password';
const newPassword = 'a new one nobody has thought of';

export function accountRecoveryTests(product: () => Galaxia, chromium: Browser | null): void {
  let galaxia: Galaxia;
  let mailbox: Mailbox;

  beforeAll(() => {
    galaxia = product();
    mailbox = createMailbox(`${galaxia.dataDir}/outbox`);
  });

  async function register(): Promise<{ username: string; email: string; accessToken: string }> {
    const username = freshUsername();
    const email = `${username}@example.org`;
    const { data } = await post(galaxia.url, {
      query: 'mutation ($input: RegisterInput!) { register(input: $input) { ... on AuthPayload { accessToken } } }',
      variables: { input: { username, email, password: oldPassword } },
    });
    return { username, email, accessToken: text(data.register?.accessToken) };
  }

  async function login(identifier: string, password: string): Promise<string> {
    const { data } = await post(galaxia.url, {
      query: 'mutation ($input: LoginInput!) { login(input: $input) { __typename } }',
      variables: { input: { identifier, password } },
    });
    return text(data.login?.__typename);
  }

  it('goes all the way with the codes of the mails, as a game does, and no log shows one', async () => {
    const { username, email } = await register();
    const confirmation = await mailbox.next(email, 'Confirm');
    expect(confirmation.text).toContain(`${galaxia.url}/account/verify-email#token=`);
    const verified = await post(galaxia.url, {
      query: 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { __typename } }',
      variables: { input: { token: confirmation.token } },
    });
    expect(text(verified.data.verifyEmail?.__typename)).toBe('VerifyEmailPayload');

    await post(galaxia.url, {
      query: 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { message } }',
      variables: { input: { identifier: username } },
    });
    const reset = await mailbox.next(email, 'Choose a new password');
    const answer = await post(galaxia.url, {
      query: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { ... on ResetPasswordPayload { endedSessions } } }',
      variables: { input: { token: reset.token, newPassword } },
    });
    expect(answer.data.resetPassword).toEqual({ endedSessions: 1 });
    expect(await login(email, oldPassword)).toBe('InvalidCredentialsError');
    expect(await login(email, newPassword)).toBe('AuthPayload');
    await mailbox.next(email, 'password was changed');

    const output = galaxia.process(galaxia.way === 'all-in-one' ? 'all-in-one' : 'auth').output();
    expect(output).toContain('outbox');
    for (const secret of [confirmation.token, reset.token, oldPassword, newPassword]) expect(output).not.toContain(String(secret));
  }, 60_000);

  it('serves the pages of the links under a strict content security policy, and nothing else beside them', async () => {
    for (const path of ['verify-email', 'reset-password', 'account.js', 'account.css']) {
      const response = await fetch(`${galaxia.url}/account/${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      expect(await response.text()).not.toMatch(/<script>|style=|onclick/);
    }
    for (const path of ['', 'nothing', '..%2fgraphql', '..%2f..%2fpackage.json']) {
      const response = await fetch(`${galaxia.url}/account/${path}`);
      expect(response.status).toBe(404);
    }
  });

  async function onPage(browser: Browser, url: string, act: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage();
    const troubles: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') troubles.push(line.text());
    });
    page.on('request', (request) => requests.push(request.url()));
    try {
      await page.goto(url);
      await act(page);
      // It is in the mutation alone.
      const token = url.split('token=')[1];
      expect(requests.filter((each) => token !== undefined && new URL(each).href.replace(/#.*/, '').includes(token))).toEqual([]);
      expect(page.url()).not.toContain('token');
      expect(troubles).toEqual([]);
    } finally {
      await page.close();
    }
  }

  if (chromium !== null) {
    it('confirms an address and sets a password on the pages of the links, after a click', async () => {
      const { username, email, accessToken } = await register();
      const link = async (subject: string) => /^http\S+#token=\S+$/m.exec((await mailbox.next(email, subject)).text)?.[0] ?? '';
      const isVerified = async () =>
        (await post(galaxia.url, { query: '{ me { emailVerified } }', token: accessToken })).data.me?.emailVerified;

      const confirmation = await link('Confirm');
      await onPage(chromium, confirmation, async (page) => {
        await page.getByRole('button', { name: 'Confirm this address' }).waitFor();
        expect(await isVerified()).toBe(false);
        await page.getByRole('button', { name: 'Confirm this address' }).click();
        await page.getByText('your e-mail address is confirmed').waitFor();
      });
      expect(await isVerified()).toBe(true);
      await onPage(chromium, confirmation, async (page) => {
        await page.getByRole('button').click();
        await page.getByText('This link or code is not valid').waitFor();
      });
      await onPage(chromium, `${galaxia.url}/account/verify-email`, async (page) => {
        await page.getByText('This link is not complete').waitFor();
      });

      await post(galaxia.url, {
        query: 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { message } }',
        variables: { input: { identifier: email } },
      });
      await onPage(chromium, await link('Choose a new password'), async (page) => {
        await page.getByLabel('New password').fill('short');
        await page.getByRole('button').click();
        await page.getByText('at least 8 characters').waitFor();
        await page.getByLabel('New password').fill(newPassword);
        await page.getByRole('button').click();
        await page.getByText('Your password is changed').waitFor();
      });
      expect(await login(username, newPassword)).toBe('AuthPayload');
    }, 60_000);
  }
}
