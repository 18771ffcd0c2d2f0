import { hash } from 'node:crypto';
import { subgraphHeaderNames } from '../../shared/graphql/subgraph-headers.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import type { FetchRequest } from '../datasources/subgraph-data-source.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { CallerIdentity } from './caller-identity.js';

/**
 * Sent with every request, and not in a key by themselves: who asks is there by the claims of the token, and of the rest an answer says when
 * it varies by it. All others are headers of the client that the operator has forwarded: a subgraph may answer by them without a word, so
 * that they are in every key, also in that of a public answer.
 */
const notForwarded: ReadonlySet<string> = new Set(subgraphHeaderNames);

/** Longer ones are hashed. */
const longestRepresentation = 128;

export interface Keys<Key> {
  /** Of what holds for everyone. */
  readonly shared: Key;
  /** Undefined for whoever has no private answers. */
  readonly own: Key | undefined;
}

export interface Asking {
  readonly schemaId: string;
  readonly headers: SubgraphHeaders;
  readonly identity: CallerIdentity | undefined;
}

export type QuestionKeys = Keys<readonly string[]>;

/** `place`: which subgraph it is, and where: what another one answers under the same name is another answer. */
export function createCacheKeys(place: string): (request: FetchRequest, asking: Asking) => QuestionKeys {
  return ({ query, operationName, variables, variablesText, entities }, { schemaId, headers, identity }) => {
    const given = entities?.othersText ?? variablesText ?? JSON.stringify(variables);
    const kind = entities === undefined ? 'whole' : 'entities';
    const question = digest([place, schemaId, kind, query, operationName ?? null, given, ...forwarded(headers)]);
    const parts = entities === undefined ? [''] : entities.representations.map(keyPart);
    const under = (start: string): string[] => parts.map((part) => start + part);
    return { shared: under(question), own: identity && under(ofOne(question, identity)) };
  };
}

/** Of whole operations, by what the client has sent. */
export function operationKeys(
  { hash: document, operationName }: Pick<ParsedOperation, 'hash' | 'operationName'>,
  variables: Readonly<Record<string, unknown>>,
  { schemaId, headers, identity }: Asking,
): Keys<string> {
  const question = digest(['operation', schemaId, document, operationName ?? null, JSON.stringify(variables), ...forwarded(headers)]);
  return { shared: question, own: identity && ofOne(question, identity) };
}

function ofOne(question: string, { key }: CallerIdentity): string {
  return digest([question, key]);
}

function keyPart(representation: string): string {
  return representation.length <= longestRepresentation ? representation : digest([representation]);
}

function forwarded(headers: SubgraphHeaders): string[] {
  const all: string[] = [];
  let name: keyof SubgraphHeaders;
  for (name in headers) {
    const value = headers[name];
    if (!notForwarded.has(name) && typeof value === 'string') all.push(name, value);
  }
  return all;
}

/** Of a list of texts: no two lists are written alike. */
function digest(texts: readonly (string | null)[]): string {
  return hash('sha256', JSON.stringify(texts), 'base64url');
}
