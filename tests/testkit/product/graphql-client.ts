export interface GraphQLAnswer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read whatever they selected; a wrong path fails the test's own expectation.
  readonly data: Json;
  readonly errors: readonly { message: string; path?: readonly (string | number)[]; extensions: { code: string; requestId?: string } }[];
}

/** Any JSON, read by path without a type for every operation of every test. */
export interface Json {
  readonly [key: string]: Json;
  readonly [index: number]: Json;
}

/** The string at this place of an answer; anything else there fails the test right away. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`Expected a string in the answer, found ${JSON.stringify(value)}`);
  return value;
}

/** The string or null at this place of an answer; anything else there fails the test right away. */
export function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

/** The list at this place of an answer; anything else there fails the test right away. */
export function list(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) throw new Error(`Expected a list in the answer, found ${JSON.stringify(value)}`);
  return value as readonly Json[];
}

/** The list of strings at this place of an answer. */
export function texts(value: unknown): readonly string[] {
  return list(value).map(text);
}

/** The errors of a response, none when it says nothing of any. */
export function errorsOf(value: unknown = []): GraphQLAnswer['errors'] {
  if (!Array.isArray(value)) throw new Error(`Expected a list of errors, found ${JSON.stringify(value)}`);
  return value as GraphQLAnswer['errors'];
}

export interface GraphQLRequest {
  readonly query: string;
  readonly variables?: object;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one GraphQL operation over HTTP, as `curl` would. */
export async function post(origin: string, { query, variables, token, headers }: GraphQLRequest): Promise<GraphQLAnswer> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as { data?: Json; errors?: GraphQLAnswer['errors'] };
  return { status: response.status, headers: response.headers, data: body.data ?? {}, errors: body.errors ?? [] };
}
