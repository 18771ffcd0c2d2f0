import { describe, expect, it } from '@jest/globals';
import { renderMail, type MailTemplate, type MailTemplateData } from './mail-templates.js';

const at = new Date('2026-01-31T12:00:00.000Z');
const surroundings = { publicUrl: 'https://galaxia.example', at };
const token = 'TOKEN-of-43-characters';
const hostile = '<img src=x onerror=alert(1)>"\'&';

type Samples = { readonly [Template in MailTemplate]: MailTemplateData[Template] };
const samples: Samples = {
  'verify-email': { token, expiresAt: new Date('2026-02-01T12:00:00.000Z') },
  'reset-password': { token, expiresAt: new Date('2026-01-31T12:30:00.000Z') },
  'new-device': { device: hostile, clientIp: '203.0.113.9' },
  'session-stolen': { device: hostile },
  'password-changed': {},
  'email-changed': { email: 'someone.new@example.org' },
  'username-changed': { previousUsername: 'Old_Name' },
  'mfa-enabled': {},
  'mfa-disabled': {},
  'passkey-added': { name: hostile },
  'passkey-removed': { name: hostile },
  'recovery-codes-regenerated': {},
  'recovery-code-used': { codesLeft: 9 },
  'account-deletion-scheduled': { deletesAt: new Date('2026-02-07T12:00:00.000Z') },
  'account-deleted': {},
};
const templates = Object.keys(samples) as MailTemplate[];

function render(template: MailTemplate, username = 'Ada') {
  return renderMail(template, { username, ...samples[template] }, surroundings);
}

describe('the mails', () => {
  it.each(templates)('%s: greets by name, names the product, and says the same as text and as HTML', (template) => {
    const { subject, text, html } = render(template);
    expect(subject).toContain('Galaxia');
    expect(text).toContain('Hello Ada,');
    expect(html).toContain('Hello Ada,');
    expect(text).toContain('Galaxia · https://galaxia.example');
    expect(text).not.toMatch(/undefined|null|\[object|NaN/);
    const words = (part: string) => part.replace(/<[^>]*>|https:\S+|&[#\w]+;/g, ' ').split(/[^\w]+/);
    const inHtml = new Set(words(html));
    const plain = text.replace(hostile, '');
    expect(words(plain).filter((word) => !inHtml.has(word))).toEqual([]);
  });

  it.each(templates)('%s: lets nobody write HTML of their own, nor into the subject', (template) => {
    const { subject, html } = render(template, hostile);
    expect(subject).not.toContain('<');
    expect(html).not.toContain('<img');
    expect(html).not.toContain('onerror=alert(1)>');
  });

  it.each(['verify-email', 'reset-password'] as const)(
    '%s: has its token in the fragment of the link, which no server and no log sees, and by itself for games',
    (template) => {
      const { subject, text, html, expiresAt } = render(template);
      const path = template === 'verify-email' ? 'verify-email' : 'reset-password';
      const link = `https://galaxia.example/account/${path}#token=${token}`;
      expect(text.split('\n')).toEqual(expect.arrayContaining([link, token]));
      expect(html).toContain(`href="${link}"`);
      expect(subject).not.toContain(token);
      expect(expiresAt).toEqual(samples[template].expiresAt);
    },
  );

  it('tell dates so that everybody understands them', () => {
    expect(render('password-changed').text).toContain('On 2026-01-31 12:00 UTC ');
    expect(render('account-deletion-scheduled').text).toContain('2026-02-07 12:00 UTC');
  });

  it('tell what is not known as unknown', () => {
    expect(renderMail('new-device', { username: 'Ada', device: null, clientIp: null }, surroundings).text).toContain(
      'Device: unknown. Address: unknown.',
    );
  });

  it('tell the old address no more of the new one than its owner needs to recognise it', () => {
    const { text } = render('email-changed');
    expect(text).toContain('s…@example.org');
    expect(text).not.toContain('someone.new');
  });
});
