import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MultipartError, multipartBoundary, readMultipart } from './multipart.js';

interface ReadPart {
  readonly name: string;
  readonly isFile: boolean;
  readonly fileName: string;
  readonly contentType: string | null;
  readonly text: string;
}

/** All parts of a form that comes in pieces of `size` bytes. */
async function read(form: Buffer | string, { boundary = 'b', size = 7 } = {}): Promise<readonly ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const { body, ...part } of readMultipart(inPieces(Buffer.from(form), size), boundary)) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    parts.push({ ...part, text: Buffer.concat(chunks).toString('latin1') });
  }
  return parts;
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < bytes.length; index += size) yield await Promise.resolve(bytes.subarray(index, index + size));
}

const field = (name: string, text: string, more = '') => `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
const whole = (...parts: readonly string[]) => `${parts.join('')}--b--\r\n`;

describe('A form', () => {
  it.each([1, 2, 3, 7, 64, 10_000])('is read as it was written when it comes in pieces of %i bytes', async (size) => {
    const form = whole(field('a', 'first'), field('b', '', '; filename="x"\r\nContent-Type: Image/PNG; q=1'), field('c', '\r\n--\r\n--a'));
    await expect(read(form, { size })).resolves.toEqual([
      { name: 'a', isFile: false, fileName: '', contentType: null, text: 'first' },
      { name: 'b', isFile: true, fileName: 'x', contentType: 'image/png', text: '' },
      { name: 'c', isFile: false, fileName: '', contentType: null, text: '\r\n--\r\n--a' },
    ]);
  });

  it('is read whatever its parts hold, their boundary excepted', async () => {
    const piece = fc.oneof(fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n-', '\r\n--', 'b', '\0'), fc.string({ maxLength: 3 }));
    const content = fc.array(piece).map((pieces) => Buffer.from(pieces.join('')).toString('latin1'));
    const isPossible = (text: string) => !`\r\n${text}\r\n`.slice(0, -1).includes('\r\n--bound');
    await fc.assert(
      fc.asyncProperty(fc.array(content.filter(isPossible), { maxLength: 5 }), fc.integer({ min: 1, max: 100 }), async (texts, size) => {
        const parts = texts.map((text, index) => `--bound\r\nContent-Disposition: form-data; name=${index}\r\n\r\n${text}\r\n`);
        const form = Buffer.from(`${parts.join('')}--bound--`, 'latin1');
        expect((await read(form, { boundary: 'bound', size })).map(({ text }) => text)).toEqual(texts);
      }),
    );
  });

  it('is read or refused, and nothing else, whatever comes', async () => {
    const whatever = fc.array(
      fc.oneof(
        fc.constantFrom('--b', '\r\n', '--', ':', ';', '"', '=', 'Content-Disposition: form-data; name="a"', 'filename', '\0', '\\', 'b--'),
        fc.string({ maxLength: 5 }),
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(whatever, fc.integer({ min: 1, max: 50 }), async (pieces, size) => {
        await read(pieces.join(''), { size }).catch((error: unknown) => expect(error).toBeInstanceOf(MultipartError));
      }),
      { numRuns: 1000 },
    );
  });

  it('goes on with the next part when nobody has read the one before, or not to its end', async () => {
    const form = Buffer.from(whole(field('a', 'x'.repeat(100)), field('b', 'y'.repeat(100)), field('c', 'z')));
    const names: string[] = [];
    for await (const part of readMultipart(inPieces(form, 10), 'b')) {
      names.push(part.name);
      if (part.name === 'b') for await (const _ of part.body) break;
    }
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('holds no more in memory than a chunk of what it hands on', async () => {
    let given = 0;
    async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.from(field('a', '').slice(0, -2));
      for (; given < 100; given += 1) yield await Promise.resolve(Buffer.alloc(1000));
      yield Buffer.from('\r\n--b--');
    }
    let taken = 0;
    for await (const { body } of readMultipart(source(), 'b')) {
      for await (const chunk of body) {
        taken += chunk.length;
        expect(given * 1000 - taken).toBeLessThanOrEqual(2000);
      }
    }
    expect(taken).toBe(100_000);
  });

  it.each([
    ['that is empty', ''],
    ['without an end', field('a', 'x')],
    ['that ends within a delimiter', `${field('a', 'x')}--b-`],
    ['of another boundary', whole(field('a', 'x')).replaceAll('--b', '--c')],
    ['with a boundary that goes on', whole(field('a', 'x')).replace('--b\r\n', '--bc\r\n')],
    ['with bare line feeds', whole(field('a', 'x')).replaceAll('\r\n', '\n')],
    ['with a part without headers', '--b\r\n\r\nx\r\n--b--'],
    ['with a part without a name', whole(field('a', 'x').replace('; name="a"', ''))],
    ['with a part with two names', whole(field('a', 'x', '; name="c"'))],
    ['with a part with two dispositions', whole(field('a', 'x', '\r\nContent-Disposition: form-data; name="c"'))],
    ['with a part that is no form data', whole(field('a', 'x').replace('form-data', 'attachment'))],
    ['with a header without a name', whole(field('a', 'x', '\r\n: y'))],
    ['with a header in two lines', whole(field('a', 'x', '\r\nX: y\r\n z'))],
    ['with NUL in a header', whole(field('a\0', 'x'))],
    ['with a bare line feed in a header', whole(field('a\nX: y', 'x'))],
    ['with a quote that does not end', whole(field('a', 'x', '; filename="y'))],
    ['with an encoding', whole(field('a', 'x', '\r\nContent-Transfer-Encoding: base64'))],
  ])('%s is refused', async (_, form) => {
    await expect(read(form)).rejects.toBeInstanceOf(MultipartError);
  });

  it.each<[string, number, (length: number) => string]>([
    ['parts', 20, (count) => whole(...Array.from({ length: count }, () => field('a', 'x')))],
    ['bytes of headers', 8192, (length) => whole(field('a', 'x', `\r\nX: ${'y'.repeat(length - 45)}`))],
    ['bytes before the first boundary', 1024, (length) => `${'x'.repeat(length - 2)}\r\n${whole(field('a', 'x'))}`],
  ])('may have so many %s: %i', async (_, limit, form) => {
    for (const size of [1, 100_000]) {
      await expect(read(form(limit), { size })).resolves.toBeDefined();
      await expect(read(form(limit + 1), { size })).rejects.toBeInstanceOf(MultipartError);
    }
  });

  it('of 10,000 parts, or with headers without end, is refused early', async () => {
    for (const endless of [field('a', 'x'), 'X: y\r\n', 'x']) {
      let given = 0;
      async function* source(): AsyncGenerator<Buffer> {
        yield Buffer.from(endless.startsWith('X') ? '--b\r\n' : '');
        for (; given < 10_000; given += 1) yield await Promise.resolve(Buffer.from(endless));
      }
      const reading = (async () => {
        for await (const _ of readMultipart(source(), 'b'));
      })();
      await expect(reading).rejects.toBeInstanceOf(MultipartError);
      expect(given).toBeLessThan(2000);
    }
  });
});

describe('The boundary of a form', () => {
  it.each([
    ['multipart/form-data; boundary=b', 'b'],
    ['Multipart/Form-Data;boundary="a b"; charset=utf-8', 'a b'],
    [`multipart/form-data; boundary=${'b'.repeat(70)}`, 'b'.repeat(70)],
    [`multipart/form-data; boundary=${'b'.repeat(71)}`, null],
    ['multipart/form-data; boundary=', null],
    ['multipart/form-data; boundary="a "', null],
    ['multipart/form-data; boundary="é"', null],
    ['multipart/form-data; boundary=a; boundary=b', null],
    ['multipart/form-data', null],
    ['multipart/form-datax; boundary=b', null],
    ['multipart/mixed; boundary=b', null],
    ['', null],
    [undefined, null],
  ])('of %j is %j', (contentType, boundary) => {
    expect(multipartBoundary(contentType)).toBe(boundary);
  });
});
