import { describe, expect, it } from '@jest/globals';
import type { RequestFiles } from './request-files.js';
import { writeForm } from './write-form.js';

describe('A form for a subgraph', () => {
  /** As a reader of its own sees it that is not ours. */
  async function read(given: readonly (readonly [index: number, fileName: string, contentType: string | null, text: string])[]) {
    const left = [...given];
    const files: RequestFiles = {
      paths: [['variables.file'], ['variables.list.0', 'variables.list.1']],
      next() {
        const [index, fileName, contentType, text] = left.shift() ?? [];
        if (index === undefined || fileName === undefined || contentType === undefined || text === undefined)
          return Promise.resolve(undefined);
        return Promise.resolve({ index, fileName, contentType, body: chunks(text) });
      },
      release: () => undefined,
    };
    const pieces: Buffer[] = [];
    for await (const piece of writeForm('{"query":"é"}', files, 'b-1')) pieces.push(Buffer.from(piece));
    const headers = { 'content-type': 'multipart/form-data; boundary=b-1' };
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- for servers, since it keeps everything in memory; here it is the other reader
    return [...(await new Response(Buffer.concat(pieces), { headers }).formData())];
  }

  async function* chunks(text: string): AsyncGenerator<Buffer> {
    for (const letter of text) yield await Promise.resolve(Buffer.from(letter));
  }

  it('has operations and map first, then files as they come, by names of our own', async () => {
    const [operations, map, ...files] = await read([
      [1, 'second.txt', 'text/plain', 'two\r\n--b'],
      [0, 'ünï.bin', null, ''],
    ]);
    expect(operations).toEqual(['operations', '{"query":"é"}']);
    expect(map).toEqual(['map', '{"0":["variables.file"],"1":["variables.list.0","variables.list.1"]}']);
    const shown = files.map(async ([name, file]) => (typeof file === 'string' ? file : [name, file.name, file.type, await file.text()]));
    expect(await Promise.all(shown)).toEqual([
      ['1', 'second.txt', 'text/plain', 'two\r\n--b'],
      ['0', 'ünï.bin', 'application/octet-stream', ''],
    ]);
  });

  it.each(['"; name="map', 'a\r\nx: y', '\\"', 'a\\'])('is not what a file is called: %j', async (fileName) => {
    const entries = await read([[0, fileName, 'text/plain', 'x']]);
    expect(entries.map(([name]) => name)).toEqual(['operations', 'map', '0']);
  });
});
