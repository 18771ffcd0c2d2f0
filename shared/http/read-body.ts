import type { IncomingMessage } from 'node:http';

export type ReadBody =
  | { readonly kind: 'body'; readonly body: Buffer }
  /** More than the limit; the rest is still to come. */
  | { readonly kind: 'too large' }
  /** The client left before it had said everything. */
  | { readonly kind: 'gone' };

const nothing = Buffer.alloc(0);

/** The whole body of a request. Never rejects. */
export function readBody(request: IncomingMessage, maximumBytes: number): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > maximumBytes) return Promise.resolve({ kind: 'too large' });
  return new Promise((resolve) => {
    let first: Buffer = nothing;
    // Mostly there is one chunk.
    let more: Buffer[] | undefined;
    let bytes = 0;
    const end = (result: ReadBody) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maximumBytes) end({ kind: 'too large' });
      else if (first === nothing) first = chunk;
      else (more ??= [first]).push(chunk);
    };
    const onEnd = () => end({ kind: 'body', body: more === undefined ? first : Buffer.concat(more, bytes) });
    const onClose = () => end({ kind: 'gone' });
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
