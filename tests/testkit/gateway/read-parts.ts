/** A part of an answer, as its client reads it. */
export interface ReadPart {
  readonly data?: unknown;
  readonly errors?: readonly ReadError[];
  readonly incremental?: readonly {
    readonly label?: string;
    readonly path: readonly (string | number)[];
    readonly data: unknown;
    readonly errors?: readonly ReadError[];
  }[];
  readonly hasNext: boolean;
}

interface ReadError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Reads `multipart/mixed` as Apollo Client does: a part is there as soon as the boundary behind it is. */
export async function* readParts(response: Response): AsyncGenerator<ReadPart, undefined> {
  const boundary = /boundary="([^"]+)"/.exec(response.headers.get('content-type') ?? '')?.[1];
  if (boundary === undefined || response.body === null) throw new Error(`no parts: ${await response.text()}`);
  const delimiter = `\r\n--${boundary}`;
  let text = '';
  for await (const bytes of response.body) {
    text += Buffer.from(bytes as Uint8Array).toString('utf8');
    for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter)) {
      const part = text.slice(0, at);
      text = text.slice(at + delimiter.length);
      const bodyAt = part.indexOf('\r\n\r\n');
      if (bodyAt !== -1) yield JSON.parse(part.slice(bodyAt)) as ReadPart;
    }
  }
  if (text !== '--\r\n') throw new Error(`the answer ends with ${JSON.stringify(text)}`);
  return undefined;
}
