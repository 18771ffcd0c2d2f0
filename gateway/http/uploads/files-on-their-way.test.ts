import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../../tests/testkit/until.js';
import {
  mapped,
  operations,
  postForm,
  preflight,
  sendForm,
  startUploadGateway,
  textFile,
  type FormEntry,
  type UploadAnswer,
  type UploadGateway,
} from '../../../tests/testkit/gateway/upload-gateway.js';

const limits = { maxFiles: 3, maxFileBytes: 2_000_000, maxBytes: 4_000_000, stallMs: 150, minBytesPerSecond: 1, maxPerClient: 16 };
const keep = operations('mutation ($file: Upload) { keep(file: $file) }', { file: null });
const keepMap = mapped({ 0: ['variables.file'] });
const outcomes: string[] = [];

let gateway: UploadGateway;
beforeAll(async () => {
  gateway = await startUploadGateway({ limits, timeoutMs: 400, onFetch: ({ outcome }) => outcomes.push(outcome) });
});
afterEach(() => {
  gateway.behaviour.refuse = undefined;
  gateway.behaviour.beforeReading = undefined;
  outcomes.length = 0;
});
afterAll(() => gateway.close());

const send = (...entries: readonly FormEntry[]): Promise<UploadAnswer> => sendForm(gateway.url, entries);
const bytesRead = (): number => gateway.subgraphs.reduce((sum, each) => sum + each.bytes(), 0);
const brokenOff = (): number => gateway.subgraphs.reduce((sum, each) => sum + each.brokenOff(), 0);

const boundary = 'of-a-client';
const part = (disposition: string, content = ''): string =>
  `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}`;
const beginning = `${part('name="operations"', keep[1] as string)}\r\n${part('name="map"', keepMap[1] as string)}\r\n${part('name="0"; filename="a"')}`;

/** A client that sends as it likes. */
function open(): ClientRequest {
  const headers = { ...preflight, 'content-type': `multipart/form-data; boundary=${boundary}` };
  return request(gateway.url, { method: 'POST', headers }).on('error', () => undefined);
}

async function answerTo(client: ClientRequest): Promise<UploadAnswer> {
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { ...(JSON.parse(Buffer.concat(chunks).toString()) as Omit<UploadAnswer, 'status'>), status: response.statusCode ?? 0 };
}

describe('The answer to a form', () => {
  const answer = (accept: string) => postForm(gateway.url, [keep, keepMap, textFile('0', 'A')], { ...preflight, accept });
  const kept = '{"data":{"keep":"0.txt text/plain A"}}';

  it('is refused to a client that reads nothing in which there is one', async () => {
    for (const accept of ['text/html', 'multipart/mixed;deferSpec=20230621', 'multipart/mixed;subscriptionSpec=2.0'])
      expect((await answer(accept)).status).toBe(406);
  });

  it('is no stream that has not ended, for a subscription by any name', async () => {
    const watch = operations('subscription ($file: Upload) { watch(file: $file) }', { file: null });
    const response = await postForm(gateway.url, [watch, keepMap, textFile('0', 'A')], { ...preflight, accept: 'text/event-stream' });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('Files go with queries and mutations.')]);
  });

  const parts = (boundary: string, payload: string) =>
    `\r\n--${boundary}\r\nContent-Type: application/json${boundary === '-' ? '; charset=utf-8' : ''}\r\n\r\n${payload}\r\n--${boundary}--\r\n`;
  const only = parts('-', `${kept.slice(0, -1)},"hasNext":false}`);
  it.each([
    ['application/json, multipart/mixed', 'application/json', kept],
    ['multipart/mixed', 'multipart/mixed', only],
    ['multipart/mixed;deferSpec=20220824', 'multipart/mixed', only],
    ['multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed', parts('graphql', `{"payload":${kept}}`)],
    ['text/event-stream', 'text/event-stream', `:\n\nevent: next\ndata: ${kept}\n\nevent: complete\ndata: \n\n`],
  ])('is the only part of what a client with accept %s reads', async (accept, type, body) => {
    const response = await answer(accept);
    expect([response.status, response.headers.get('content-type')?.split(';')[0], await response.text()]).toEqual([200, type, body]);
  });
});

describe('A file', () => {
  it('reaches its subgraph with its name and type, by a form that foreign pages could not send', async () => {
    expect(await send(keep, keepMap, textFile('0', 'the content', 'with "quotes".txt'))).toEqual({
      status: 200,
      data: { keep: 'with %22quotes%22.txt text/plain the content' },
    });
    expect(gateway.subgraphs[0]?.requests.at(-1)?.headers).toMatchObject({
      'apollo-require-preflight': 'true',
      'transfer-encoding': 'chunked',
      'x-request-id': expect.any(String),
    });
  });

  it.each([
    ['', 'application/octet-stream'],
    ['\r\ncontent-type: application/octet-stream', 'application/octet-stream'],
    ['\r\ncontent-type: text/plain', 'text/plain'],
  ])('is what the map names, although the client has no name for it: %j', async (headers, type) => {
    const body = `${beginning.replace('; filename="a"', headers)}the content\r\n--${boundary}--\r\n`;
    const client = open();
    client.end(body);
    expect(await answerTo(client)).toEqual({ status: 200, data: { keep: `0 ${type} the content` } });
  });

  it.each<[string, FormEntry, object, object]>([
    [
      'in a list',
      operations('mutation ($files: [Upload!]!) { keepAll(files: $files) }', { files: [null, null] }),
      { a: ['variables.files.0'], b: ['variables.files.1'] },
      { keepAll: ['a.txt text/plain A', 'b.txt text/plain B'] },
    ],
    [
      'in a list that stands without its brackets',
      operations('mutation ($files: [Upload!]!) { keepAll(files: $files) }', { files: null }),
      { a: ['variables.files'] },
      { keepAll: ['a.txt text/plain A'] },
    ],
    [
      'in an input, and in two places of it',
      operations('mutation ($document: Document!) { keepDocument(document: $document) }', {
        document: { title: 'T', file: null, pages: [null, null] },
      }),
      { a: ['variables.document.file', 'variables.document.pages.1'], b: ['variables.document.pages.0'] },
      { keepDocument: 'T; a.txt text/plain A; b.txt text/plain B; a.txt text/plain A' },
    ],
    ['of a query', operations('query ($file: Upload!) { sizeOf(file: $file) }', { file: null }), { a: ['variables.file'] }, { sizeOf: 1 }],
    [
      'of a field that another subgraph adds to an entity',
      operations('query ($file: Upload!) { folder { contains(file: $file) } }', { file: null }),
      { a: ['variables.file'] },
      { folder: { contains: 'a.txt text/plain A' } },
    ],
    [
      'for each of two subgraphs, one after the other',
      operations('mutation ($one: Upload, $two: Upload!) { keep(file: $one) scan(file: $two) }', { one: null, two: null }),
      { a: ['variables.one'], b: ['variables.two'] },
      { keep: 'a.txt text/plain A', scan: 'b.txt text/plain B' },
    ],
    [
      'beside what takes none',
      operations('mutation ($file: Upload) { plain(text: "x") keep(file: $file) }', { file: null }),
      { a: ['variables.file'] },
      { plain: 'x', keep: 'a.txt text/plain A' },
    ],
    [
      'under a variable with the name of a variable of ours',
      operations('mutation ($representations: Upload) { keep(file: $representations) }', { representations: null }),
      { a: ['variables.representations'] },
      { keep: 'a.txt text/plain A' },
    ],
  ])('is taken %s', async (_name, operation, map, data) => {
    const names = Object.keys(map);
    expect(await send(operation, mapped(map), ...names.map((name) => textFile(name, name.toUpperCase())))).toEqual({ status: 200, data });
  });

  it('is taken whatever the order, where one subgraph gets them all', async () => {
    const operation = operations('mutation ($files: [Upload!]!) { keepAll(files: $files) }', { files: [null, null] });
    const map = mapped({ a: ['variables.files.0'], b: ['variables.files.1'] });
    expect((await send(operation, map, textFile('b', 'B'), textFile('a', 'A'))).data).toEqual({
      keepAll: ['a.txt text/plain A', 'b.txt text/plain B'],
    });
  });

  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('is taken whatever the order, where two subgraphs wait beside each other: %s, %s', async (...names) => {
    const operation = operations('query ($one: Upload!, $two: Upload!) { sizeOf(file: $one) peek(file: $two) }', { one: null, two: null });
    const map = mapped({ a: ['variables.one'], b: ['variables.two'] });
    expect(await send(operation, map, ...names.map((name) => textFile(name, name)))).toEqual({
      status: 200,
      data: { sizeOf: 1, peek: 'b.txt text/plain b' },
    });
  });

  it.each([
    [true, { keep: 'a.txt text/plain a', scan: 'b.txt text/plain b' }],
    [false, { scan: 'b.txt text/plain b' }],
  ])('is skipped when what it is for is skipped, and nobody waits: %s', async (with_, data) => {
    const operation = operations(
      'mutation ($one: Upload, $two: Upload!, $with: Boolean! = true) { keep(file: $one) @include(if: $with) scan(file: $two) }',
      { one: null, two: null, ...(with_ ? {} : { with: false }) },
    );
    const map = mapped({ a: ['variables.one'], b: ['variables.two'] });
    expect(await send(operation, map, textFile('a', 'a'), textFile('b', 'b'))).toEqual({ status: 200, data });
  });

  it('that comes before one that is needed first is refused, and nobody waits', async () => {
    const operation = operations('mutation ($one: Upload, $two: Upload!) { keep(file: $one) scan(file: $two) }', { one: null, two: null });
    const { data, errors } = await send(
      operation,
      mapped({ a: ['variables.one'], b: ['variables.two'] }),
      textFile('b', 'B'),
      textFile('a', 'A'),
    );
    expect(data).toEqual({ keep: null, scan: null });
    expect(errors?.[0]).toMatchObject({
      path: ['keep'],
      message: expect.stringContaining('in that order'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it.each<[string, FormEntry[], string]>([
    ['that the map names and the form does not have', [], 'has no file "0"'],
    ['that has another name than in the map', [textFile('other', 'a')], 'has no file "0"'],
  ])('%s is told of at its field', async (_name, entries, message) => {
    const { status, data, errors } = await send(keep, keepMap, ...entries);
    expect([status, data]).toEqual([200, { keep: null }]);
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['keep'],
        message: expect.stringContaining(message),
        extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }),
      }),
    ]);
    expect(outcomes).toEqual(['refused']);
  });

  it('that nobody has asked for is skipped, and so is one that comes twice', async () => {
    const entries = [textFile('extra', 'x'), textFile('0', 'right'), textFile('0', 'wrong')];
    expect((await send(keep, keepMap, ...entries)).data).toEqual({ keep: '0.txt text/plain right' });
  });

  it('that is left out is null, as without a form', async () => {
    expect((await send(keep, mapped({}))).data).toEqual({ keep: 'no file' });
  });

  it('SECURITY 35: may be as large as the limit says, and not one byte larger', async () => {
    const sizeOf = operations('query ($file: Upload!) { sizeOf(file: $file) }', { file: null });
    expect((await send(sizeOf, keepMap, textFile('0', 'x'.repeat(limits.maxFileBytes)))).data).toEqual({ sizeOf: limits.maxFileBytes });
    const { data, errors } = await send(sizeOf, keepMap, textFile('0', 'x'.repeat(limits.maxFileBytes + 1)));
    expect(data).toEqual({ sizeOf: null });
    expect(errors?.[0]).toMatchObject({ message: `The file "0" has more than ${limits.maxFileBytes} bytes.`, path: ['sizeOf'] });
    await until(() => brokenOff() > 0, 'the subgraph to see that it breaks off');
  });

  it('SECURITY 35: is one of as many as the limit says', async () => {
    const operation = operations('mutation ($files: [Upload!]!) { keepAll(files: $files) }', { files: [null, null, null] });
    const map = mapped({ a: ['variables.files.0'], b: ['variables.files.1'], c: ['variables.files.2'] });
    expect((await send(operation, map, textFile('a', ''), textFile('b', ''), textFile('c', ''))).errors).toBeUndefined();
  });
});

describe('SECURITY 41: A file on its way', () => {
  it('waits for a subgraph that does not read yet', async () => {
    let read: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (read = resolve));
    gateway.behaviour.beforeReading = () => held;
    const before = bytesRead();
    const client = open();
    client.write(beginning);
    client.write('x'.repeat(limits.maxFileBytes));
    const answer = answerTo(client);
    client.end(`\r\n--${boundary}--\r\n`);
    expect(bytesRead()).toBe(before);
    read?.();
    expect((await answer).errors).toBeUndefined();
  });

  it('of a client that sends nothing more is given up, in the subgraph too', async () => {
    const before = brokenOff();
    const client = open();
    client.write(`${beginning}half a file`);
    const { data, errors } = await answerTo(client);
    expect(data).toEqual({ keep: null });
    expect(errors?.[0]).toMatchObject({ path: ['keep'], message: `Nothing more of the form came within ${limits.stallMs} ms.` });
    await until(() => brokenOff() > before, 'the subgraph to see that it breaks off');
    expect(outcomes).toEqual(['refused']);
    client.destroy();
  });

  it('of a client that leaves is given up in the subgraph', async () => {
    const before = [bytesRead(), brokenOff()] as const;
    const client = open();
    client.write(`${beginning}${'x'.repeat(100_000)}`);
    await until(() => bytesRead() > before[0], 'the subgraph to read');
    client.destroy();
    await until(() => brokenOff() > before[1], 'the subgraph to see that it breaks off');
    await until(() => outcomes.length > 0, 'the request to be counted');
    expect(['left', 'refused']).toContain(outcomes[0]);
  });

  it('is given up when its subgraph reads nothing for too long, once and for all', async () => {
    gateway.behaviour.beforeReading = () => new Promise(() => undefined);
    const before = gateway.asked();
    const { data, errors } = await send(keep, keepMap, textFile('0', 'x'.repeat(limits.maxFileBytes)));
    expect(data).toEqual({ keep: null });
    expect(errors?.[0]?.extensions.code).toBe('UNAVAILABLE');
    expect([gateway.asked() - before, outcomes]).toEqual([1, ['timeout']]);
  });

  it('is no longer sent to a subgraph that refuses it before it has read it', async () => {
    gateway.behaviour.refuse = (response) => {
      const body = {
        data: { keep: null },
        errors: [{ message: 'Too many files today.', path: ['keep'], extensions: { code: 'FORBIDDEN' } }],
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      return true;
    };
    const { data, errors } = await send(keep, keepMap, textFile('0', 'x'.repeat(limits.maxFileBytes)));
    expect(data).toEqual({ keep: null });
    expect(errors?.[0]).toMatchObject({ message: 'Too many files today.', extensions: { code: 'FORBIDDEN' } });
  });

  it('is not sent again when its subgraph is not there for the moment', async () => {
    gateway.behaviour.refuse = (response) => {
      response.writeHead(503).end();
      return true;
    };
    const before = gateway.asked();
    const { errors } = await send(
      operations('query ($file: Upload!) { sizeOf(file: $file) }', { file: null }),
      keepMap,
      textFile('0', 'a'),
    );
    expect(errors?.[0]?.extensions.code).toBe('UNAVAILABLE');
    expect(gateway.asked() - before).toBe(1);
  });
});
