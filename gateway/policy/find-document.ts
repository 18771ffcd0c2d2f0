import { GraphQLError } from 'graphql';
import { hashOf, withoutPrefix } from './document-hash.js';
import type { PersistedQueries } from './persisted-queries.js';
import type { TrustedDocuments } from './trusted-documents.js';

/** `prefer` knows them by their ids and runs others too; `only` runs no other. */
export type TrustedDocumentsMode = 'prefer' | 'only';

/** How a client says which document it means. */
export interface DocumentRequest {
  /** Beside another way to say it, an empty one counts as none: the protocol of the WebSocket wants one. */
  readonly query?: string | undefined;
  /** Of a trusted document, by the persisted documents of GraphQL over HTTP. */
  readonly documentId?: string | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

export type FoundDocument =
  | {
      readonly kind: 'found';
      readonly text: string;
      /** Hash under which the client wants to ask for it from now on; kept only once it has proved to be good. */
      readonly register?: string;
    }
  | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

export interface FindDocumentOptions {
  /** Undefined when there is no manifest. */
  readonly trusted: { readonly mode: TrustedDocumentsMode; readonly documents: { current(): TrustedDocuments } } | undefined;
  /** Undefined when clients cannot leave any. */
  readonly persisted: PersistedQueries | undefined;
}

/** Finds the text of what a client asks for. Answers at once, but when it has to ask others for a hash that it does not know. */
export function findDocument(request: DocumentRequest, options: FindDocumentOptions): FoundDocument | Promise<FoundDocument> {
  const { trusted } = options;
  const text = request.query === '' ? undefined : request.query;
  const extension = request.extensions?.persistedQuery;
  if (text !== undefined && extension === undefined && trusted?.mode !== 'only') return { kind: 'found', text };

  const persistedQuery = extension === undefined || extension === null ? undefined : readPersistedQuery(extension);
  if (persistedQuery instanceof GraphQLError) return refused(persistedQuery);
  const id = request.documentId === undefined ? persistedQuery : withoutPrefix(request.documentId);
  if (trusted !== undefined) {
    const known = trustedText(trusted.documents.current(), id, text);
    if (known !== undefined) return { kind: 'found', text: known };
    if (trusted.mode === 'only') return refused(notTrusted());
  }
  if (request.documentId !== undefined) return refused(problem('NOT_FOUND', 'There is no document with this id.'));
  if (persistedQuery !== undefined) return findPersisted(persistedQuery, text, options.persisted);
  return request.query === undefined
    ? refused(problem('BAD_USER_INPUT', 'There is no "query" to run.'))
    : { kind: 'found', text: request.query };
}

function trustedText(documents: TrustedDocuments, id: string | undefined, text: string | undefined): string | undefined {
  if (text !== undefined) return documents.has(text) ? text : undefined;
  return id === undefined ? undefined : documents.byId(id);
}

/** As Apollo's clients speak it; messages and codes are theirs. */
function findPersisted(
  hash: string,
  text: string | undefined,
  persisted: PersistedQueries | undefined,
): FoundDocument | Promise<FoundDocument> {
  if (persisted === undefined) return refused(problem('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported'));
  if (text !== undefined) {
    return hashOf(text) === hash
      ? { kind: 'found', text, register: hash }
      : refused(problem('BAD_USER_INPUT', 'The SHA-256 of "query" is another one than the one in "persistedQuery".'));
  }
  const known = persisted.get(hash);
  return known instanceof Promise ? known.then(foundPersisted) : foundPersisted(known);
}

function foundPersisted(text: string | undefined): FoundDocument {
  return text === undefined ? refused(problem('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')) : { kind: 'found', text };
}

/** The hash in `extensions.persistedQuery`. */
function readPersistedQuery(value: unknown): string | GraphQLError {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('sha256Hash' in value)) {
    return problem('BAD_USER_INPUT', '"persistedQuery" must have "version" and "sha256Hash".');
  }
  if (value.version !== 1) return problem('BAD_USER_INPUT', 'Of "persistedQuery" only version 1 is known.');
  if (typeof value.sha256Hash !== 'string' || !/^[0-9a-f]{64}$/.test(value.sha256Hash)) {
    return problem('BAD_USER_INPUT', '"sha256Hash" must be a SHA-256, as 64 small hexadecimal digits.');
  }
  return value.sha256Hash;
}

function notTrusted(): GraphQLError {
  return problem(
    'FORBIDDEN',
    'Only trusted documents run here, and this is none of them. Ask for one by its id, or add yours to the manifest (TRUSTED_DOCUMENTS).',
  );
}

function problem(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function refused(error: GraphQLError): FoundDocument {
  return { kind: 'refused', errors: [error] };
}
