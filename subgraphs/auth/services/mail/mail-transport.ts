import type { MailEnvelope } from './mail-envelope.js';

export interface OutgoingMail extends Omit<MailEnvelope, 'expiresAt'> {
  /** The same at every attempt. */
  readonly id: string;
  readonly createdAt: Date;
}

export type Delivery =
  | { readonly kind: 'Sent' }
  /** For good: another attempt would be refused as well. `reason` is for the log and quotes nobody. */
  | { readonly kind: 'Refused'; readonly reason: string };

/** Takes mails out of the house. */
export interface MailTransport {
  /** Rejects with a `MailTransportError` when another attempt may succeed, also once `signal` is aborted. */
  deliver(mail: OutgoingMail, signal: AbortSignal): Promise<Delivery>;
}

/** Its message is for the log: it quotes neither the mail nor the other server, which may repeat what it was sent. */
export class MailTransportError extends Error {
  override readonly name = 'MailTransportError';
}
