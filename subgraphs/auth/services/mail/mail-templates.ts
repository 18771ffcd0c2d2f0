import { layOut, type Paragraph } from './mail-layout.js';

/** Which mails there are, and what each needs beside the recipient. */
export interface MailTemplateData {
  readonly 'verify-email': { readonly token: string; readonly expiresAt: Date };
  readonly 'reset-password': { readonly token: string; readonly expiresAt: Date };
  readonly 'new-device': { readonly device: string | null; readonly clientIp: string | null };
  /** A refresh token came twice, so two parties have it. `device` is the session's. */
  readonly 'session-stolen': { readonly device: string | null };
  readonly 'password-changed': object;
  /** Goes to the address that was replaced. `email` is the new one; null when there is none any more. */
  readonly 'email-changed': { readonly email: string | null };
  readonly 'username-changed': { readonly previousUsername: string };
  readonly 'mfa-enabled': object;
  readonly 'mfa-disabled': object;
  /** `name` is what the user calls the passkey. */
  readonly 'passkey-added': { readonly name: string };
  readonly 'passkey-removed': { readonly name: string };
  readonly 'recovery-codes-regenerated': object;
  readonly 'recovery-code-used': { readonly codesLeft: number };
  readonly 'account-deletion-scheduled': { readonly deletesAt: Date };
  readonly 'account-deleted': object;
}

export type MailTemplate = keyof MailTemplateData;

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** When the mail is of no use any more; undefined when it always is. */
  readonly expiresAt?: Date | undefined;
}

export interface MailSurroundings {
  /** Where people reach the product, without a trailing slash. */
  readonly publicUrl: string;
  /** When it happened. */
  readonly at: Date;
}

interface Draft {
  readonly subject: string;
  readonly paragraphs: readonly Paragraph[];
  readonly expiresAt?: Date;
}

type Person = { readonly username: string };
type Drafts = {
  readonly [Template in MailTemplate]: (data: Person & MailTemplateData[Template], surroundings: MailSurroundings) => Draft;
};

const productName = 'Galaxia';
const ifNotYou = 'If that was not you, choose a new password at once ("forgot password" does it as well) and sign out your other devices.';

const drafts: Drafts = {
  'verify-email': ({ username, token, expiresAt }, { publicUrl }) => ({
    subject: `Confirm your e-mail address for ${productName}`,
    expiresAt,
    paragraphs: [
      `Someone, hopefully you, gave this e-mail address for the ${productName} account "${username}". Confirm that it is yours:`,
      { link: `${publicUrl}/account/verify-email#token=${token}`, label: 'Confirm this address' },
      'Does your game ask for a code instead? It is this one:',
      { code: token },
      `The link works once, until ${time(expiresAt)}. If it was not you, there is nothing to do: without it the address is not used.`,
    ],
  }),
  'reset-password': ({ username, token, expiresAt }, { publicUrl }) => ({
    subject: `Choose a new password for ${productName}`,
    expiresAt,
    paragraphs: [
      `Someone, hopefully you, asked for a new password for the ${productName} account "${username}". Choose it here:`,
      { link: `${publicUrl}/account/reset-password#token=${token}`, label: 'Choose a new password' },
      'Does your game ask for a code instead? It is this one:',
      { code: token },
      `The link works once, until ${time(expiresAt)}. If it was not you, there is nothing to do: your password stays as it is.`,
    ],
  }),
  'new-device': ({ username, device, clientIp }, { at }) => ({
    subject: `New sign-in to your ${productName} account`,
    paragraphs: [
      `Somebody signed in to the account "${username}" on ${time(at)} from a device or network that we had not seen with it before.`,
      `Device: ${device ?? 'unknown'}. Address: ${clientIp ?? 'unknown'}.`,
      `If that was you, there is nothing to do. ${ifNotYou}`,
    ],
  }),
  'session-stolen': ({ username, device }, { at }) => ({
    subject: `A session of your ${productName} account was ended`,
    paragraphs: [
      `On ${time(at)} a session of the account "${username}" was ended, because its sign-in was used from two places as if it had been copied.`,
      `Device: ${device ?? 'unknown'}. Sign in there again.`,
      `If you restored that device from a backup or copied its data, there is nothing else to do. ${ifNotYou}`,
    ],
  }),
  'password-changed': notice('The password was changed', 'the password of the account was changed'),
  'email-changed': ({ username, email }, { at }) => ({
    subject: `Your ${productName} e-mail address was changed`,
    paragraphs: [
      email === null
        ? `On ${time(at)} this e-mail address was removed from the account "${username}".`
        : `On ${time(at)} the e-mail address of the account "${username}" was changed from this one to ${masked(email)}.`,
      'If that was you, there is nothing to do. If it was not, sign in, change your password and set your address again; should that not work, ask those who run this server for help.',
    ],
  }),
  'username-changed': ({ username, previousUsername }, { at }) => ({
    subject: `Your ${productName} username was changed`,
    paragraphs: [
      `On ${time(at)} the account "${previousUsername}" was renamed to "${username}".`,
      `If that was you, there is nothing to do. ${ifNotYou}`,
    ],
  }),
  'mfa-enabled': notice('An authenticator app was added', 'signing in with an authenticator app was switched on'),
  'mfa-disabled': notice('The authenticator app was removed', 'signing in with an authenticator app was switched off'),
  'passkey-added': ({ name, ...rest }, surroundings) =>
    notice('A passkey was added', `the passkey "${name}" was added to the account`)(rest, surroundings),
  'passkey-removed': ({ name, ...rest }, surroundings) =>
    notice('A passkey was removed', `the passkey "${name}" was removed from the account`)(rest, surroundings),
  'recovery-codes-regenerated': notice('New recovery codes', 'new recovery codes were made; the old ones do not work any more'),
  'recovery-code-used': ({ codesLeft, ...rest }, surroundings) =>
    notice('A recovery code was used', `a recovery code was used in place of the second factor; ${String(codesLeft)} are left`)(
      rest,
      surroundings,
    ),
  'account-deletion-scheduled': ({ username, deletesAt }, { at }) => ({
    subject: `Your ${productName} account is going to be deleted`,
    paragraphs: [
      `On ${time(at)} somebody who knows the password asked to delete the account "${username}". That will be done on ${time(deletesAt)}.`,
      'Did you change your mind, or was it not you? Sign in before then and take the deletion back.',
    ],
  }),
  'account-deleted': ({ username }) => ({
    subject: `Your ${productName} account is deleted`,
    paragraphs: [`The account "${username}" and what belonged to it are deleted, as you asked. This is our last mail to you. Farewell!`],
  }),
};

function notice(subject: string, whatHappened: string): (person: Person, surroundings: MailSurroundings) => Draft {
  return ({ username }, { at }) => ({
    subject: `${subject}: your ${productName} account`,
    paragraphs: [`On ${time(at)} ${whatHappened} ("${username}").`, `If that was you, there is nothing to do. ${ifNotYou}`],
  });
}

/** Subject, plain text and HTML. Data of users is escaped, and never part of the subject. */
export function renderMail<Template extends MailTemplate>(
  template: Template,
  data: Person & MailTemplateData[Template],
  surroundings: MailSurroundings,
): RenderedMail {
  const { subject, paragraphs, expiresAt } = drafts[template](data, surroundings);
  const greeting = `Hello ${data.username},`;
  const footer = `${productName} · ${surroundings.publicUrl}`;
  return { subject, ...layOut([greeting, ...paragraphs], footer), expiresAt };
}

function time(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Enough to recognise one's own address, too little to learn a stranger's. */
function masked(email: string): string {
  const [name = '', domain = ''] = email.split('@');
  return `${name.slice(0, 1)}…@${domain}`;
}
