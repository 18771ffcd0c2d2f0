import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { encodeAs, pattern } from '../testkit/product/pictures.js';
import { orSkip } from '../testkit/services/services.js';

const run = promisify(execFile);
const curl = orSkip(
  'curl',
  await run('curl', ['--version']).then(
    () => 'curl',
    () => null,
  ),
);

export function postImagesTests(product: () => Galaxia): void {
  let galaxia: Galaxia;
  let folder: string;
  let jpeg: Buffer;
  let alice: Person;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-curl-'));
    jpeg = await encodeAs('image/jpeg', pattern(1200, 900));
    await writeFile(join(folder, 'cat.jpg'), jpeg);
    galaxia = product();
    alice = await registerPerson(galaxia);
  }, 90_000);
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const form = (bytes: Buffer) => {
    const data = new FormData();
    data.append('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'cat.jpg');
    return data;
  };
  const send = (body: FormData, headers: Record<string, string> = { authorization: `Bearer ${alice.accessToken}` }) =>
    fetch(`${galaxia.url}/images`, { method: 'POST', body, headers });

  if (curl !== null) {
    it('works with curl, which then finds the image where the answer says', async () => {
      const { stdout } = await run(curl, [
        ...['--silent', '--show-error', '--fail-with-body', '--max-time', '60'],
        ...['-H', `Authorization: Bearer ${alice.accessToken}`, '-F', `file=@${join(folder, 'cat.jpg')}`, `${galaxia.url}/images`],
      ]);
      const image = JSON.parse(stdout) as { id: string; url: string; variants: { name: string; url: string }[] };
      expect(image).toMatchObject({ width: 1200, height: 900, contentType: 'image/webp', placeholder: expect.any(String) });
      expect(image.variants.map(({ name }) => name)).toEqual(['thumb', 'small', 'medium']);
      const bytes = await (await fetch(new URL(image.url, galaxia.url))).arrayBuffer();
      expect(await sharp(Buffer.from(bytes)).metadata()).toMatchObject({ format: 'webp', width: 1200 });
      const { data } = await alice.ask('{ myImages { nodes { id } } }');
      expect(data.myImages).toMatchObject({ nodes: [{ id: image.id }] });
    });
  }

  it('answers the same image when the same is sent again with its key', async () => {
    const headers = { authorization: `Bearer ${alice.accessToken}`, 'idempotency-key': 'once' };
    const answers = await Promise.all([send(form(jpeg), headers), send(form(jpeg), headers)]);
    const [first, second] = await Promise.all(answers.map((answer) => answer.json() as Promise<{ id?: string }>));
    expect(first?.id).toEqual(expect.any(String));
    expect(second?.id).toBe(first?.id);
  });

  it('is for those alone who bring a good token, and for no cookie', async () => {
    const bad: readonly Record<string, string>[] = [
      {},
      { authorization: 'Bearer x' },
      { cookie: `authorization=Bearer ${alice.accessToken}` },
    ];
    for (const headers of bad) {
      const answer = await send(form(jpeg), headers);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } }] });
    }
    const foreign = await send(form(jpeg), { authorization: `Bearer ${alice.accessToken}`, origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
  });

  it('says what is wrong with a form, also with one that is refused while it comes in', async () => {
    const empty = await send(new FormData());
    expect([empty.status, await empty.json()]).toMatchObject([400, { errors: [{ message: expect.any(String) }] }]);
    const large = await send(form(Buffer.alloc(26 * 1024 * 1024)));
    expect([large.status, await large.json()]).toMatchObject([413, { errors: [{ extensions: { code: 'TOO_LARGE' } }] }]);
    const damaged = await send(form(jpeg.subarray(0, 1000)));
    expect([damaged.status, await damaged.json()]).toMatchObject([422, { errors: [{ extensions: { code: 'CORRUPT' } }] }]);
  });
}
