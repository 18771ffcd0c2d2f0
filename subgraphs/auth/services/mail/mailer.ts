import { v7 as uuidv7 } from 'uuid';
import type { MailEnvelopes } from './mail-envelope.js';
import { renderMail, type MailTemplate, type MailTemplateData } from './mail-templates.js';

/** A mail that waits to be sent, for `tx.mail.createMany` in the transaction that gives rise to it. */
export interface MailRow {
  readonly id: string;
  /** Encrypted. */
  readonly content: string;
  readonly createdAt: Date;
  readonly dueAt: Date;
}

export interface MailRecipient {
  /** Null for an account without an address: there is no mail then. */
  readonly to: string | null;
  readonly username: string;
}

export interface Mailer {
  /**
   * The rows, encrypted, of one mail: write them in the transaction that makes the change, and call `wake` after its commit. None when
   * there is no address.
   */
  rows<Template extends MailTemplate>(template: Template, data: MailRecipient & MailTemplateData[Template]): Promise<MailRow[]>;
  /** Sends what is due at once, instead of at the next poll. */
  wake(): void;
}

export interface MailerOptions {
  readonly envelopes: MailEnvelopes;
  /** Where people reach the product, without a trailing slash. */
  readonly publicUrl: () => string;
  /** Wakes the sender. */
  readonly wake: () => void;
  readonly now?: () => number;
  readonly newId?: () => string;
}

export function createMailer({ envelopes, publicUrl, wake, now = Date.now, newId = uuidv7 }: MailerOptions): Mailer {
  return {
    async rows(template, data) {
      const { to } = data;
      if (to === null) return [];
      const at = new Date(now());
      const { expiresAt, ...message } = renderMail(template, data, { publicUrl: publicUrl(), at });
      const content = await envelopes.seal({ template, to, ...message, expiresAt: expiresAt?.getTime() ?? null });
      return [{ id: newId(), content, createdAt: at, dueAt: at }];
    },
    wake,
  };
}
