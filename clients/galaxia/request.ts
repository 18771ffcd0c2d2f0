import type { TypedDocumentString } from '../__generated__/graphql.js';

/** An operation that the server refused, with the stable code of its first error, such as `UNAUTHENTICATED` or `RATE_LIMITED`. */
class RequestRefused extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.name = 'RequestRefused';
    this.code = code;
  }
}

export interface RequestOptions<Result, Variables> {
  /** Origin of the server, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly document: TypedDocumentString<Result, Variables>;
  readonly variables: Variables;
  readonly accessToken?: string | null;
  /** Sends the document's id instead of its text, for a server that knows it (TRUSTED_DOCUMENTS). */
  readonly byId?: boolean;
}

/**
 * Sends one query or mutation. Answers its data, which may have nulls where a part of the server was out of reach; rejects with
 * `RequestRefused` when there is none, and with a `TypeError` of `fetch` when the server cannot be reached.
 */
export async function request<Result, Variables>({
  url,
  document,
  variables,
  accessToken,
  byId = false,
}: RequestOptions<Result, Variables>): Promise<Result> {
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}) },
    body: JSON.stringify({ ...(byId ? { documentId: idOf(document) } : { query: document.toString() }), variables }),
  });
  const answer = (await response.json().catch(() => ({}))) as GraphQLAnswer<Result>;
  if (answer.data !== undefined && answer.data !== null) return answer.data;
  const error = answer.errors?.[0];
  throw new RequestRefused(error?.message ?? `The server answered ${response.status}`, error?.extensions?.code ?? 'UNAVAILABLE');
}

/** What codegen wrote into the document and into its manifest, `persisted-documents.json`. */
function idOf({ __meta__: meta }: Pick<TypedDocumentString<unknown, unknown>, '__meta__'>): unknown {
  return meta?.hash;
}

interface GraphQLAnswer<Result> {
  data?: Result | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}
