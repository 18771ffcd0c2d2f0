import { createTransport } from 'nodemailer';
import { MailTransportError, type MailTransport } from './mail-transport.js';

const productName = 'Galaxia';

export interface SmtpTransportOptions {
  /** `smtp://` (with STARTTLS where the server offers it) or `smtps://`, with user and password, and nodemailer's options as query. */
  readonly url: string;
  /** Address, with or without a name. */
  readonly from: () => string;
  /** A silent server is given up after this long, in ms. */
  readonly timeoutMs?: number;
}

/** One connection per mail: an instance sends a few a minute, and nothing has to be kept alive or mended. */
export function createSmtpTransport({ url, from, timeoutMs = 20_000 }: SmtpTransportOptions): MailTransport {
  const smtp = createTransport({
    url,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 0,
    // Nothing in a mail of ours is a path or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async deliver({ id, template, to, subject, text, html, createdAt }, signal) {
      const sender = from();
      try {
        await smtp.sendMail({
          from: sender,
          // As an object: nodemailer reads a string as a list of addresses.
          to: { name: '', address: to },
          subject,
          text,
          html,
          date: createdAt,
          messageId: `<${id}@${domainOf(sender)}>`,
          // Nobody's holiday notice shall answer (RFC 3834).
          headers: {
            'auto-submitted': 'auto-generated',
            'x-auto-response-suppress': 'All',
            'x-mailer': productName,
            'x-mail-kind': template,
          },
          signal,
        });
        return { kind: 'Sent' };
      } catch (error) {
        const { code, responseCode, command } = detailsOf(error);
        const what = `${code}${command === undefined ? '' : ` at ${command}`}${responseCode === undefined ? '' : `, answer ${String(responseCode)}`}`;
        // A recipient or a message that the server will never take (RFC 5321, 4.2.1). A refused sign-in is for the operator to mend.
        const isRefusal = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
        if (isRefusal) return { kind: 'Refused', reason: what };
        throw new MailTransportError(`the SMTP server did not take the mail: ${what}`);
      }
    },
  };
}

function detailsOf(error: unknown): { code: string; responseCode: number | undefined; command: string | undefined } {
  const { code, responseCode, command } = Object(error) as { code?: unknown; responseCode?: unknown; command?: unknown };
  return {
    code: typeof code === 'string' ? code : 'unknown',
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
    // `RCPT TO`, never with its argument.
    command: typeof command === 'string' && /^[A-Z]+( [A-Z]+)?$/.test(command) ? command : undefined,
  };
}

function domainOf(from: string): string {
  return /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
}
