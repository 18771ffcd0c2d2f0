import type { Logger } from '../../../../shared/logging/logger.js';
import type { MailRepository } from '../../data/mail-repository.js';
import { createFolderTransport } from './folder-transport.js';
import { createMailEnvelopes } from './mail-envelope.js';
import { createMailSender } from './mail-sender.js';
import { createMailer, type Mailer } from './mailer.js';
import { createSmtpTransport } from './smtp-transport.js';

export interface MailOptions {
  /** `smtp://` or `smtps://`; undefined writes mails into `folder`. */
  readonly smtpUrl?: string | undefined;
  /** Sender; by default `no-reply` at the host of the public URL. */
  readonly from?: string | undefined;
  /** For the mails that are not sent. */
  readonly folder: string;
}

export interface MailServiceOptions extends MailOptions {
  readonly mails: MailRepository;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly publicUrl: () => string;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The mailer and its sender. Close it when nothing writes mails any more. */
export function composeMail({ smtpUrl, from, folder, mails, key, publicUrl, logger, now }: MailServiceOptions): {
  mailer: Mailer;
  close(): Promise<void>;
} {
  const envelopes = createMailEnvelopes(key);
  const transport =
    smtpUrl === undefined
      ? createFolderTransport({ folder, logger })
      : createSmtpTransport({ url: smtpUrl, from: () => from ?? defaultSender(publicUrl()) });
  const sender = createMailSender({ mails, envelopes, transport, logger, now });
  return {
    mailer: createMailer({ envelopes, publicUrl, wake: () => sender.wake(), now }),
    close: () => sender.close(),
  };
}

function defaultSender(publicUrl: string): string {
  return `Galaxia <no-reply@${new URL(publicUrl).hostname}>`;
}
