import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SMTPServerOptions } from 'smtp-server';
import { smtpRefusal, startSmtp, type Smtp } from '../../tests/smtp.js';
import { MailTransportError, type OutgoingMail } from './mail-transport.js';
import { createSmtpTransport } from './smtp-transport.js';

const mail: OutgoingMail = {
  id: '019aa000-0000-7000-8000-000000000001',
  template: 'verify-email',
  to: 'ada@example.org',
  subject: 'Confirm your e-mail address for Galaxia',
  text: 'Hello Ada,\n\nhttps://galaxia.example/account/verify-email#token=TOKEN-that-must-not-be-told\n',
  html: '<p>Hello Ada,</p>',
  createdAt: new Date('2026-01-31T12:00:00.000Z'),
};
const from = () => 'Galaxia <no-reply@galaxia.example>';
const never = new AbortController().signal;
let closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers) await close();
  closers = [];
});

async function serve(options: SMTPServerOptions = {}): Promise<Smtp> {
  const smtp = await startSmtp(options);
  closers.push(() => smtp.close());
  return smtp;
}

/** A server that takes connections and says nothing. */
async function startSilent(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return `smtp://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe('mail by SMTP', () => {
  it('arrives at its one recipient, as text and as HTML, with headers that keep machines from answering', async () => {
    const { url, received } = await serve();
    await expect(createSmtpTransport({ url, from }).deliver(mail, never)).resolves.toEqual({ kind: 'Sent' });
    expect(received).toHaveLength(1);
    const [{ content, ...envelope } = { content: '', from: '', to: [] }] = received;
    expect(envelope).toEqual({ from: 'no-reply@galaxia.example', to: ['ada@example.org'] });
    expect(content).toMatch(/^From: Galaxia <no-reply@galaxia\.example>\r$/m);
    expect(content).toMatch(/^To: ada@example\.org\r$/m);
    expect(content).toMatch(/^Subject: Confirm your e-mail address for Galaxia\r$/m);
    expect(content).toMatch(new RegExp(`^Message-ID: <${mail.id}@galaxia\\.example>\\r$`, 'm'));
    expect(content).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(content).toContain('text/plain');
    expect(content).toContain('text/html');
  });

  it('signs in with user and password of the URL', async () => {
    const { port, received } = await serve({
      authOptional: false,
      // The sign-in goes without TLS to this server of the test.
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        if (username === 'galaxia' && password === 'p@ss word') done(null, { user: username });
        else done(new Error('Invalid username or password'));
      },
    });
    const deliver = (credentials: string) =>
      createSmtpTransport({ url: `smtp://${credentials}@127.0.0.1:${String(port)}`, from }).deliver(mail, never);
    await expect(deliver('galaxia:p%40ss%20word')).resolves.toEqual({ kind: 'Sent' });
    expect(received).toHaveLength(1);
    // For the operator to mend, so the mail waits.
    const refused = deliver('galaxia:wrong');
    await expect(refused).rejects.toBeInstanceOf(MailTransportError);
    await expect(refused).rejects.not.toThrow(/wrong/);
  });

  it('sends to one recipient, however the address reads', async () => {
    const { url, received } = await serve();
    const to = '"a,b"@example.org';
    await createSmtpTransport({ url, from })
      .deliver({ ...mail, to }, never)
      .catch(() => undefined);
    await createSmtpTransport({ url, from })
      .deliver({ ...mail, to: 'ada@example.org, eve@example.org' }, never)
      .catch(() => undefined);
    for (const each of received) expect(each.to.length).toBe(1);
    expect(received.flatMap((each) => each.to)).not.toContain('eve@example.org');
  });

  it.each([
    [
      'a recipient',
      {
        onRcptTo: (_address, _session, done) => done(smtpRefusal(550, `no such user: ${mail.to} ${mail.text}`)),
      } satisfies SMTPServerOptions,
    ],
    [
      'a message',
      {
        onData(stream, _session, done) {
          stream.resume();
          stream.on('end', () => done(smtpRefusal(554, `spam: ${mail.text}`)));
        },
      } satisfies SMTPServerOptions,
    ],
  ])('is refused for good when the server will never take %s, in words of our own', async (_what, options) => {
    const { url } = await serve(options);
    const delivery = await createSmtpTransport({ url, from }).deliver(mail, never);
    expect(delivery).toMatchObject({ kind: 'Refused', reason: expect.stringMatching(/answer 55[04]$/) });
    expect(JSON.stringify(delivery)).not.toMatch(/TOKEN|ada@/);
  });

  it('waits when the server takes no recipient for now', async () => {
    const { url } = await serve({ onRcptTo: (_address, _session, done) => done(smtpRefusal(450, `greylisted ${mail.text}`)) });
    const refused = createSmtpTransport({ url, from }).deliver(mail, never);
    await expect(refused).rejects.toThrow(MailTransportError);
    await expect(refused).rejects.toThrow(/answer 450/);
    await expect(refused).rejects.not.toThrow(/TOKEN/);
  });

  it('waits when the server is down', async () => {
    const { url } = await serve();
    for (const close of closers.splice(0)) await close();
    await expect(createSmtpTransport({ url, from }).deliver(mail, never)).rejects.toThrow(/ESOCKET|ECONNREFUSED|ECONNECTION/);
  });

  it('waits no longer than it may for a server that says nothing', async () => {
    const url = await startSilent();
    const started = performance.now();
    await expect(createSmtpTransport({ url, from, timeoutMs: 200 }).deliver(mail, never)).rejects.toThrow(MailTransportError);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('is broken off on demand', async () => {
    const url = await startSilent();
    const controller = new AbortController();
    const delivering = createSmtpTransport({ url, from }).deliver(mail, controller.signal);
    controller.abort();
    await expect(delivering).rejects.toThrow(MailTransportError);
  });
});
