import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UpstreamMessage } from '../../subgraph-data-source.js';
import { createMultipartReader } from './multipart.js';
import { createServerSentEventsReader } from './server-sent-events.js';
import type { StreamReader, StreamReaderOptions } from './stream-reader.js';

const protocols = {
  sse: (options: StreamReaderOptions) => createServerSentEventsReader(options),
  multipart: (options: StreamReaderOptions) => createMultipartReader('graphql', options),
} as const;
type Protocol = keyof typeof protocols;

function read(protocol: Protocol, chunks: readonly (Buffer | string)[], maxMessageBytes = 10_000): UpstreamMessage[] {
  const messages: UpstreamMessage[] = [];
  const reader: StreamReader = protocols[protocol]({ maxMessageBytes, onMessage: (message) => messages.push(message) });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.finish();
  return messages;
}

function split(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut));
}

const event = (data: Record<string, unknown>): UpstreamMessage => ({ kind: 'event', data, errors: [] });
const complete: UpstreamMessage = { kind: 'complete' };
const sse = (...events: readonly string[]) => events.map((each) => `${each}\n\n`).join('');
const part = (body: string) => `\r\n--graphql\r\nContent-Type: application/json\r\n\r\n${body}`;

describe('Streams of subgraphs', () => {
  it.each([
    ['sse', 'event: next\ndata: nonsense\n\n'],
    ['sse', 'event: next\ndata: {}\n\n'],
    ['sse', 'event: next\ndata: [{"data":{"a":1}}]\n\n'],
    ['sse', 'event: next\ndata: {"data":7}\n\n'],
    ['multipart', part('nonsense')],
    ['multipart', part('[]')],
    ['multipart', part('{"payload":7}\r\n')],
    ['multipart', part('{"payload":{"data":7}}')],
    ['multipart', part('{"payload":{}}')],
    ['multipart', part('{]')],
  ] as const)('SECURITY 43: %s that says %j is a fault', (protocol, text) => {
    expect(() => read(protocol, [text])).toThrow();
  });

  it.each([
    ['a line', 'sse', (size: number) => `data: ${'x'.repeat(size - 6)}`],
    ['a line that begins an event', 'sse', (size: number) => `event: next\ndata: ${'x'.repeat(size - 6 - 11)}\n`],
    ['an event of many lines', 'sse', (size: number) => `${'data: xxxx\n'.repeat(size / 10)}data:\n`.slice(0, -6)],
    ['a part', 'multipart', (size: number) => part(`{"payload":"${'x'.repeat(size - 12)}`)],
  ] as const)('SECURITY 41: %s in %s may be as long as the limit, and no longer', (_what, protocol, write) => {
    expect(read(protocol, [write(1_000)], 1_000)).toEqual([]);
    expect(() => read(protocol, [write(1_010)], 1_000)).toThrow('more than 1000 bytes');
  });

  it('SECURITY 41: what stands between parts is bounded as well', () => {
    const header = `x: ${'y'.repeat(8 * 1024 - 3)}`;
    expect(read('multipart', [`--graphql\r\n${header}\r\n`])).toEqual([]);
    expect(() => read('multipart', [`--graphql\r\n${header}y`])).toThrow('more than 8192 bytes');
    expect(read('multipart', [`--graphql\r\n${'a: b\r\n'.repeat(20)}`])).toEqual([]);
    expect(() => read('multipart', [`--graphql\r\n${'a: b\r\n'.repeat(21)}`])).toThrow('more than 20 headers');
    expect(() => read('multipart', ['y'.repeat(8 * 1024 + 1)])).toThrow('more than 8192 bytes');
  });

  it('SECURITY 42: keys that objects inherit stay ordinary keys', () => {
    const text = '{"data":{"__proto__":{"polluted":true},"constructor":1}}';
    for (const [message] of [read('sse', [sse(`data: ${text}`)]), read('multipart', [part(`{"payload":${text}}`)])]) {
      expect(JSON.stringify(message)).toContain('{"__proto__":{"polluted":true},"constructor":1}');
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('sse: reads names, lines and ends of lines as browsers do, and a complete without data', () => {
    const text = [
      '\ufeffevent: next\r\ndata: {"data":\r\ndata:{"n":1}}\r\nid: 7\r\nretry: 10\r\n\r\n',
      ': a heartbeat\n\n:\n\n',
      'data: {"data":{"n":2}}\r\r',
      'event: ping\ndata: {}\n\n',
      'event: next\n\nevent\ndata: {"data":{"n":3}}\n\n',
      'unknown: field\nevent: complete\n\n',
      'data: {"data":{"n":4}}\n\n',
    ];
    expect(read('sse', text)).toEqual([event({ n: 1 }), event({ n: 2 }), event({ n: 3 }), complete]);
    expect(read('sse', ['event: complete\ndata: \n\n'])).toEqual([complete]);
    // The stream broke off: only what is followed by an empty line counts.
    expect(read('sse', ['event: complete\n'])).toEqual([]);
  });

  it('multipart: reads heartbeats, results, errors of the transport and either end', () => {
    expect(read('multipart', [part('{}'), part('{"payload":{"data":{"n":1}}}'), '\r\n--graphql--\r\n', part('{"payload":null}')])).toEqual([
      event({ n: 1 }),
      complete,
    ]);
    expect(read('multipart', [part('{"payload":null}')])).toEqual([complete]);
    expect(read('multipart', [part('{"payload":null,"errors":[{"message":"Gone","extensions":{"code":"X"}}]}')])).toEqual([
      { kind: 'error', errors: [{ message: 'Gone', extensions: { code: 'X' } }] },
    ]);
    expect(read('multipart', [part('{"payload":{"data":{"n":1}},"errors":[{"message":"Gone"}]}')])).toMatchObject([
      event({ n: 1 }),
      { kind: 'error', errors: [{ message: 'Gone' }] },
    ]);
    // Without an end of line at its end, and with space behind boundaries.
    expect(read('multipart', ['preamble\n--graphql  \r\n\r\n{"payload":{"data":{"n":1}}}\n--graphql--'])).toEqual([
      event({ n: 1 }),
      complete,
    ]);
    expect(read('multipart', [part('{"data":{"n":1}}')])).toEqual([event({ n: 1 })]);
  });

  it('multipart: a part is there with its last bracket, whatever its strings say, also when the boundary comes with the next one', () => {
    const text = part(`{"payload":{"data":{"text":"\\"}]\\\\ --graphql","list":[{}]}}}`);
    const messages: UpstreamMessage[] = [];
    const reader = protocols.multipart({ maxMessageBytes: 1_000, onMessage: (message) => messages.push(message) });
    reader.push(Buffer.from(text));
    expect(messages).toEqual([event({ text: '"}]\\ --graphql', list: [{}] })]);
  });

  const value = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    list: fc.array(fc.constantFrom('}', '"', '\\', '--graphql', 'é', '\u2028')),
  });

  it.each(['sse', 'multipart'] as const)('%s: means the same wherever it is cut', (protocol) => {
    const ending = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(value), fc.array(fc.nat()), ending, fc.boolean(), (values, places, eol, isPretty) => {
        const bodies = values.map((data) => JSON.stringify({ data }, null, isPretty ? 2 : undefined));
        const text =
          protocol === 'sse'
            ? [
                ...bodies.map(
                  (body) =>
                    `event: next${eol}${body
                      .split('\n')
                      .map((line) => `data: ${line}${eol}`)
                      .join('')}${eol}:${eol}${eol}`,
                ),
                `event: complete${eol}${eol}`,
              ].join('')
            : [
                ...bodies.map((body) => `--graphql${eol}Content-Type: application/json${eol}${eol}{"payload":${body}}${eol}`),
                `--graphql${eol}${eol}{}${eol}--graphql--`,
              ].join('');
        expect(read(protocol, split(Buffer.from(text), places))).toEqual([...values.map((data) => event(data)), complete]);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['sse', 'multipart'] as const)('SECURITY 43: %s: garbage is a fault or nothing, and nothing else', (protocol) => {
    const piece = fc.constantFrom(
      ...[
        '--graphql',
        '--',
        '\r',
        '\n',
        '\r\n\r\n',
        '{',
        '}',
        '"',
        '{"payload":',
        'null',
        'data:',
        'event: next',
        'event: complete',
        ':',
        '{"data":{}}',
      ],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), fc.array(fc.nat()), (pieces, places) => {
        const bytes = Buffer.from(pieces.join(''));
        const outcome = (chunks: readonly Buffer[]) => {
          try {
            return read(protocol, chunks, 200);
          } catch {
            return 'fault';
          }
        };
        // Of a fault the events before it count.
        expect(outcome(split(bytes, places))).toEqual(outcome([bytes]));
      }),
      { numRuns: 300 },
    );
  });
});
