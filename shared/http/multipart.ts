/** One part of a form. Its body must be read before the next part is asked for; what is left of it is skipped. */
export interface FormPart {
  /** Of the field; never a path of anything. */
  readonly name: string;
  readonly isFile: boolean;
  /** As the client calls it, of any letters: never a path of anything. Empty for what is no file. */
  readonly fileName: string;
  /** As the client says, without parameters and in lower case; null when it does not say. */
  readonly contentType: string | null;
  readonly body: AsyncIterable<Buffer>;
}

/** The body is no form, or breaks off in the middle of one. The message is safe to show. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

/** No form that people send comes near these. Headers in bytes, of one part. */
const limits = { parts: 20, headerBytes: 8 * 1024, preambleBytes: 1024 };

export interface MultipartOptions {
  /** More are refused. */
  readonly maxParts?: number;
}

/** The boundary of a `multipart/form-data` body from its Content-Type; null when it has none that RFC 2046, 5.1.1 allows. */
export function multipartBoundary(contentType: string | undefined): string | null {
  const [, parameters] = /^multipart\/form-data\s*(;.*)$/is.exec(contentType ?? '') ?? [];
  const boundary = parameters === undefined ? undefined : parseParameters(parameters)?.get('boundary');
  return boundary !== undefined && /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary) ? boundary : null;
}

/**
 * Reads a form (RFC 7578) as it comes, holding no more of it in memory than a chunk and the headers of a part. Strict where parsers are
 * known to disagree, because whatever checks forms on the way must not see another one. Throws `MultipartError`.
 */
export async function* readMultipart(
  source: AsyncIterable<Buffer>,
  boundary: string,
  { maxParts = limits.parts }: MultipartOptions = {},
): AsyncGenerator<FormPart, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  // The first delimiter has no line before it.
  let buffered: Buffer = Buffer.from('\r\n');
  let delimiters = 0;

  async function readMore(): Promise<void> {
    const next = await chunks.next();
    if (next.done === true) throw new MultipartError('The form breaks off: its last boundary is missing.');
    buffered = Buffer.concat([buffered, next.value]);
  }

  async function* readToDelimiter(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const at = buffered.indexOf(delimiter);
      // Without a delimiter, all but what may be the beginning of one.
      const length = at === -1 ? Math.max(0, buffered.length - delimiter.length + 1) : at;
      const found = buffered.subarray(0, length);
      buffered = buffered.subarray(at === -1 ? length : at + delimiter.length);
      if (at !== -1) delimiters += 1;
      if (found.length > 0) yield found;
      if (at !== -1) return;
      await readMore();
    }
  }

  /** From behind a delimiter; null at the end of the form. */
  async function readHeaders(): Promise<ReadonlyMap<string, string> | null> {
    while (buffered.length < 2) await readMore();
    const first = buffered.toString('latin1', 0, 2);
    if (first === '--') return null;
    if (first !== '\r\n') throw new MultipartError('A boundary of the form is not alone on its line.');
    const furthest = 2 + limits.headerBytes;
    let end = buffered.indexOf('\r\n\r\n');
    while (end === -1 && buffered.length < furthest + 4) {
      await readMore();
      end = buffered.indexOf('\r\n\r\n');
    }
    if (end === -1 || end > furthest) {
      throw new MultipartError(`The headers of a part of the form have more than ${limits.headerBytes} bytes.`);
    }
    const text = buffered.toString('utf8', 2, Math.max(2, end));
    buffered = buffered.subarray(end + 4);
    return parseHeaders(text);
  }

  try {
    let preambleBytes = 0;
    for await (const chunk of readToDelimiter()) {
      preambleBytes += chunk.length;
      if (preambleBytes > limits.preambleBytes)
        throw new MultipartError('The form does not begin with the boundary that Content-Type names.');
    }
    for (let count = 1; ; count += 1) {
      const headers = await readHeaders();
      if (headers === null) return;
      if (count > maxParts) throw new MultipartError(`The form has more than ${maxParts} parts.`);
      const before = delimiters;
      yield { ...describePart(headers), body: readToDelimiter() };
      // Whoever has stopped in the middle of the body cannot have it go on.
      if (delimiters === before) for await (const _ of readToDelimiter());
    }
  } finally {
    await chunks.return?.();
  }
}

function parseHeaders(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of text === '' ? [] : text.split('\r\n')) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\0\r\n]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new MultipartError('A part of the form has a header that is none.');
    if (headers.has(name.toLowerCase())) throw new MultipartError('A part of the form has a header twice.');
    headers.set(name.toLowerCase(), value.trim());
  }
  return headers;
}

function describePart(headers: ReadonlyMap<string, string>): Omit<FormPart, 'body'> {
  const [, parameters] = /^form-data\s*(;.*)$/is.exec(headers.get('content-disposition') ?? '') ?? [];
  const disposition = parameters === undefined ? null : parseParameters(parameters);
  const name = disposition?.get('name');
  if (disposition === null || name === undefined) throw new MultipartError('A part of the form has no name.');
  // RFC 7578, 4.7: senders must not use it, and what does not know it would take the encoded text for the file.
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary';
  if (!['7bit', '8bit', 'binary'].includes(encoding))
    throw new MultipartError('Send the parts of the form as they are, without an encoding.');
  const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return {
    name,
    isFile: disposition.has('filename') || disposition.has('filename*'),
    fileName: disposition.get('filename') ?? '',
    contentType: contentType === '' ? null : contentType,
  };
}

/** `; name="value"; other=value`; null when it is anything else, or one is there twice. */
function parseParameters(text: string): ReadonlyMap<string, string> | null {
  const parameter = /\s*;\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*/y;
  const found = new Map<string, string>();
  while (parameter.lastIndex < text.length) {
    const [, name, quoted, plain] = parameter.exec(text) ?? [];
    if (name === undefined || found.has(name.toLowerCase())) return null;
    found.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return found;
}
