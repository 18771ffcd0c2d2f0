import { describe, expect, it } from '@jest/globals';
import { readAuthConfig } from './config.js';

describe('the configuration of auth', () => {
  it.each(['0', '-1', '1.5', 'four', '1025', '99999'])('refuses %s as UV_THREADPOOL_SIZE', (size) => {
    expect(() => readAuthConfig({ UV_THREADPOOL_SIZE: size })).toThrow('UV_THREADPOOL_SIZE');
  });

  it('takes 1 to 1024 threads, and none at all', () => {
    expect(readAuthConfig({ UV_THREADPOOL_SIZE: '1' })).toMatchObject({ threadPoolSize: 1 });
    expect(readAuthConfig({ UV_THREADPOOL_SIZE: '1024' })).toMatchObject({ threadPoolSize: 1024 });
    expect(readAuthConfig({})).toMatchObject({ threadPoolSize: undefined });
  });

  it.each(['mail.example', 'http://mail.example', 'smtp://', 'smtps:'])('refuses %s as SMTP_URL', (url) => {
    expect(() => readAuthConfig({ SMTP_URL: url })).toThrow('SMTP_URL');
  });

  it.each(['nobody', 'a@b@c', 'Galaxia <>', 'a@b.example\r\nBcc: c@d.example', 'x <a@b.example> <c@d.example>'])(
    'refuses %j as MAIL_FROM',
    (from) => {
      expect(() => readAuthConfig({ MAIL_FROM: from })).toThrow('MAIL_FROM');
    },
  );

  it('needs nothing for mail', () => {
    expect(readAuthConfig({})).toMatchObject({ publicUrl: 'http://127.0.0.1:4000', smtpUrl: undefined, mailFrom: undefined });
  });

  it('takes where mail goes, who it comes from and where its links lead', () => {
    const set = {
      SMTP_URL: 'smtps://user:pass@mail.example:465',
      MAIL_FROM: 'Galaxia <no-reply@galaxia.example>',
      PUBLIC_URL: 'https://galaxia.example/',
    };
    expect(readAuthConfig(set)).toMatchObject({ publicUrl: 'https://galaxia.example', smtpUrl: set.SMTP_URL, mailFrom: set.MAIL_FROM });
  });

  it.each(['https://example.org', 'example.org:443', 'Example.org', '-'])('refuses %s as WEBAUTHN_RP_ID', (id) => {
    expect(() => readAuthConfig({ WEBAUTHN_RP_ID: id })).toThrow('WEBAUTHN_RP_ID');
  });

  it.each(['https://example.org/', 'https://example.org/path', 'https://a.example,http://', ','])(
    'refuses %s as WEBAUTHN_ORIGINS',
    (origins) => {
      expect(() => readAuthConfig({ WEBAUTHN_ORIGINS: origins })).toThrow('WEBAUTHN_ORIGINS');
    },
  );

  it('takes the site that passkeys are for, also with an app', () => {
    expect(readAuthConfig({})).toMatchObject({ webAuthn: { id: undefined, origins: undefined } });
    const set = { WEBAUTHN_RP_ID: 'example.org', WEBAUTHN_ORIGINS: 'https://play.example.org, android:apk-key-hash:abc' };
    expect(readAuthConfig(set)).toMatchObject({
      webAuthn: { id: 'example.org', origins: ['https://play.example.org', 'android:apk-key-hash:abc'] },
    });
  });

  it.each(['-1', '1.5', 'never', '10000'])('refuses %s as GUEST_RETENTION_DAYS', (days) => {
    expect(() => readAuthConfig({ GUEST_RETENTION_DAYS: days })).toThrow('GUEST_RETENTION_DAYS');
  });

  it('keeps guests who stay away for 30 days, or as long as it is told, for ever with 0', () => {
    expect(readAuthConfig({})).toMatchObject({ guestRetentionDays: 30 });
    for (const days of [0, 1, 9999])
      expect(readAuthConfig({ GUEST_RETENTION_DAYS: String(days) })).toMatchObject({ guestRetentionDays: days });
  });

  it.each(['0', '-1', '1.5', 'monthly', '1000'])('refuses %s as SIGNING_KEY_ROTATION_DAYS', (days) => {
    expect(() => readAuthConfig({ SIGNING_KEY_ROTATION_DAYS: days })).toThrow('SIGNING_KEY_ROTATION_DAYS');
  });

  it('rotates its keys every thirty days, or as often as is said', () => {
    expect(readAuthConfig({})).toMatchObject({ signingKeyRotationDays: 30 });
    expect(readAuthConfig({ SIGNING_KEY_ROTATION_DAYS: '1' })).toMatchObject({ signingKeyRotationDays: 1 });
    expect(readAuthConfig({ SIGNING_KEY_ROTATION_DAYS: '999' })).toMatchObject({ signingKeyRotationDays: 999 });
  });

  it('asks nobody about new passwords unless told whom, and takes them while nobody answers unless told not to', () => {
    const url = 'https://api.pwnedpasswords.com/range';
    expect(readAuthConfig({})).toMatchObject({ breachCheck: undefined });
    expect(readAuthConfig({ PASSWORD_BREACH_CHECK_URL: url })).toMatchObject({ breachCheck: { url, whenDown: 'accept' } });
    const refusing = { PASSWORD_BREACH_CHECK_URL: url, PASSWORD_BREACH_CHECK_WHEN_DOWN: 'refuse' };
    expect(readAuthConfig(refusing)).toMatchObject({ breachCheck: { url, whenDown: 'refuse' } });
  });

  it.each([
    { PASSWORD_BREACH_CHECK_URL: 'ftp://example.org' },
    { PASSWORD_BREACH_CHECK_WHEN_DOWN: 'ignore' },
    { PASSWORD_BREACH_CHECK_WHEN_DOWN: 'refuse' },
  ])('refuses %j', (environment) => {
    expect(() => readAuthConfig(environment)).toThrow('PASSWORD_BREACH_CHECK');
  });
});
