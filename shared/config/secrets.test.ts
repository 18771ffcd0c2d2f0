import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deriveKey, loadSecrets } from './secrets.js';

let parent: string;
let folder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'galaxia-secrets-'));
  folder = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('The secrets of the all-in-one', () => {
  it.each([
    ['cut off', (text: string) => text.slice(0, 40)],
    ['emptied', () => ''],
    ['shortened', (text: string) => text.replace(/("encryptionKey": ".{42})./, '$1')],
    ['robbed of one', (text: string) => text.replace('encryptionKey', 'somethingElse')],
  ])('are never replaced by new ones when their file was %s', async (_, damage) => {
    await loadSecrets(folder);
    const file = join(folder, 'secrets.json');
    const damaged = damage(await readFile(file, 'utf8'));
    await writeFile(file, damaged);
    await expect(loadSecrets(folder)).rejects.toThrow(/Bring it back from a backup/);
    expect(await readFile(file, 'utf8')).toBe(damaged);
  });

  it('are not quoted by the error about their file', async () => {
    const { gatewaySecret } = await loadSecrets(folder);
    await writeFile(join(folder, 'secrets.json'), gatewaySecret);
    const message = await loadSecrets(folder).catch(String);
    expect(message).not.toContain(gatewaySecret.slice(0, 5));
  });

  it('can be read by their owner alone', async () => {
    await loadSecrets(folder);
    const modes = await Promise.all([folder, join(folder, 'secrets.json')].map(async (path) => (await stat(path)).mode & 0o777));
    expect(modes).toEqual([0o700, 0o600]);
  });

  it('are 32 bytes each, all different', async () => {
    const { gatewaySecret, encryptionKey, uploadSigningKey } = await loadSecrets(folder);
    const all = [new Uint8Array(Buffer.from(gatewaySecret, 'base64url')), encryptionKey, uploadSigningKey];
    expect(all.map((secret) => secret.length)).toEqual([32, 32, 32]);
    expect(new Set(all.map((secret) => secret.join())).size).toBe(3);
  });

  it('are the same at every later start', async () => {
    expect(await loadSecrets(folder)).toEqual(await loadSecrets(folder));
  });

  it('are the same for all that start first at the same time, and leave nothing else behind', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => loadSecrets(folder)));
    expect(new Set(all.map(({ gatewaySecret }) => gatewaySecret)).size).toBe(1);
    expect(await readdir(folder)).toEqual(['secrets.json']);
  });
});

describe('A derived key', () => {
  it('is 32 bytes that depend on the secret and the purpose alone', () => {
    const key = deriveKey('secret', 'uploads');
    expect(key).toHaveLength(32);
    expect(key).toEqual(deriveKey('secret', 'uploads'));
    expect(key).not.toEqual(deriveKey('secret', 'signing keys'));
    expect(key).not.toEqual(deriveKey('another', 'uploads'));
  });

  it('never changes from one version to the next, because data is encrypted with it', () => {
    expect(Buffer.from(deriveKey('secret', 'purpose')).toString('hex')).toBe(
      'ee498b7bf5bc9a3a1d75b9b4b28554b807eb18b288c3c00cbbbcb98142fe5c74',
    );
  });
});
