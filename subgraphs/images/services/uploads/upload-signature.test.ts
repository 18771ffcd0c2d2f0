import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { newUpload } from '../../tests/fixtures.js';
import { createUploadSigner } from './upload-signature.js';

const upload = newUpload({ id: '0193a000-0000-7000-8000-000000000001', size: 1000 });

describe('An upload signature', () => {
  const signer = createUploadSigner(randomBytes(32));
  const query = new URL(signer.sign(upload), 'http://host').searchParams;
  const given = { expires: query.get('expires') ?? '', signature: query.get('signature') ?? '' };

  it('holds for what it was made for', () => {
    expect(signer.sign(upload)).toMatch(/^\/uploads\/0193a000-0000-7000-8000-000000000001\?expires=900000&signature=[\w-]{43}$/);
    expect(signer.verify(upload, given)).toBe(true);
  });

  it('does not hold for another upload, type, size or time, or with another key', () => {
    expect(signer.verify({ ...upload, id: '0193a000-0000-7000-8000-000000000003' }, given)).toBe(false);
    expect(signer.verify({ ...upload, contentType: 'image/gif' }, given)).toBe(false);
    expect(signer.verify({ ...upload, size: 1001 }, given)).toBe(false);
    expect(signer.verify(upload, { ...given, expires: '900001' })).toBe(false);
    expect(signer.verify(upload, { ...given, expires: ' 900000' })).toBe(false);
    expect(createUploadSigner(randomBytes(32)).verify(upload, given)).toBe(false);
  });

  it.each(['', 'a', 'a'.repeat(43), 'a'.repeat(10_000), '\0', '%00', '__proto__'])('is never %j', (signature) => {
    expect(signer.verify(upload, { ...given, signature })).toBe(false);
  });

  it('does not hold with any single character changed', () => {
    for (let index = 0; index < given.signature.length - 1; index += 1) {
      const changed = given.signature[index] === 'A' ? 'B' : 'A';
      const signature = given.signature.slice(0, index) + changed + given.signature.slice(index + 1);
      expect(signer.verify(upload, { ...given, signature })).toBe(false);
    }
  });
});
