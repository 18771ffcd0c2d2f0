/** What a test reads of an answer to `POST /images`. */
export interface PostedImage {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[] };
}

export interface PostOptions {
  /** Value of the `authorization` header; null for none. */
  readonly person: string | null;
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

export async function postImage(
  origin: string,
  body: FormData | string,
  { person, query = '', headers = {} }: PostOptions,
): Promise<PostedImage> {
  const response = await fetch(`${origin}/images${query}`, {
    method: 'POST',
    body,
    headers: { ...(person === null ? {} : { authorization: person }), ...headers },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as PostedImage['body'] };
}

/** A form of texts and files, in this order. */
export function formOf(fields: readonly (readonly [name: string, value: string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, 'cat.png');
  }
  return form;
}

export function fileOf(bytes: Uint8Array, type = 'image/png'): Blob {
  return new Blob([new Uint8Array(bytes)], { type });
}
