import type { StreamType } from '../../shared/http/media-types.js';

/** How results are written that follow each other in one answer. */
export interface StreamFormat {
  readonly contentType: string;
  /** At once, so that everybody on the way sees that the answer has begun. */
  readonly start: Buffer;
  /** When there was nothing for a while. */
  readonly heartbeat: Buffer;
  /** A result: `{"data": …}` or with errors, as JSON of one line. */
  next(payload: Buffer): Buffer;
  /** The last words; `errors` (JSON of a list) are why it ends before its time. */
  end(errors?: string): Buffer;
}

/** The "distinct connections mode" of GraphQL over SSE. */
const sse: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  // Comments. Browsers and proxies are content with them.
  start: Buffer.from(':\n\n'),
  heartbeat: Buffer.from(':\n\n'),
  // JSON has line breaks only outside of its strings, and ours has none.
  next: (payload) => Buffer.concat([sseNext, payload, emptyLine]),
  end(errors) {
    // With data, or browsers tell nobody of it.
    const complete = Buffer.from('event: complete\ndata: \n\n');
    return errors === undefined ? complete : Buffer.concat([sse.next(Buffer.from(`{"errors":${errors}}`)), complete]);
  },
};
const sseNext = Buffer.from('event: next\ndata: ');
const emptyLine = Buffer.from('\n\n');

/**
 * Apollo's protocol for subscriptions over multipart HTTP. A part counts for its readers when the boundary behind it is there, so that it is
 * written with the part and not with the next one; and a boundary counts only behind a line break, also the first one.
 */
const multipart: StreamFormat = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  start: Buffer.from('\r\n--graphql'),
  heartbeat: partOf(Buffer.from('{}')),
  next: (payload) => partOf(payloadStart, payload, payloadEnd),
  end(errors) {
    const last = Buffer.from('--\r\n');
    // Beside the payload, where clients look for what ended the stream.
    return errors === undefined ? last : Buffer.concat([partOf(Buffer.from(`{"payload":null,"errors":${errors}}`)), last]);
  },
};

const payloadStart = Buffer.from('{"payload":');
const payloadEnd = Buffer.from('}');

function partOf(...body: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('\r\nContent-Type: application/json\r\n\r\n'), ...body, Buffer.from('\r\n--graphql')]);
}

export const streamFormats: Readonly<Record<StreamType, StreamFormat>> = { 'text/event-stream': sse, 'multipart/mixed': multipart };
