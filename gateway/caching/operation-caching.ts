import { OperationTypeNode, type GraphQLSchema } from 'graphql';
import { strictest, type Lifetime } from '../datasources/answer-lifetime.js';
import type { Caller } from '../datasources/subgraph-data-source.js';
import type { OperationResult } from '../execution/operation-result.js';
import { createIdentify, type CallerIdentity } from './caller-identity.js';

/** What caches need to know of a query or mutation, and what they find out about its answer. */
export interface OperationCaching {
  /** Whether anything is taken from the cache or left there: only for a query. */
  readonly isQuery: boolean;
  /** Undefined for whoever has no verified token. */
  readonly identity: CallerIdentity | undefined;
  /** SHA-256 of the supergraph. */
  readonly schemaId: string;
  /** Of the supergraph. */
  readonly schema: GraphQLSchema;
  /** How long the answer of a subgraph, which becomes part of it, holds from now on; undefined when it must not be kept. */
  note(lifetime: Lifetime | undefined): void;
  /** Of all that has become part of the answer; undefined when it must not be kept, or nothing has. */
  lifetime(): Lifetime | undefined;
}

/** Of the whole answer. What not everyone may see is nobody else's, even where subgraphs say that it is public: they do not know of that. */
export function lifetimeOf(
  caching: OperationCaching,
  { errors }: Pick<OperationResult, 'errors'>,
  isProtected = false,
): Lifetime | undefined {
  const lifetime = caching.isQuery && errors.length === 0 ? caching.lifetime() : undefined;
  return lifetime && { ...lifetime, isPrivate: lifetime.isPrivate || isProtected };
}

/** Of what is kept, until `expiresAt`. */
export function lifetimeLeft(expiresAt: number, now: number, isPrivate: boolean): Lifetime | undefined {
  const seconds = (expiresAt - now) / 1_000;
  return seconds > 0 ? { seconds, isPrivate } : undefined;
}

export interface BeginCaching {
  readonly operation: OperationTypeNode;
  readonly caller: Pick<Caller, 'viewer' | 'subgraphHeaders'>;
  readonly schemaId: string;
  readonly schema: GraphQLSchema;
}

export type CreateOperationCaching = (begin: BeginCaching) => OperationCaching;

export function createOperationCachings(identify = createIdentify()): CreateOperationCaching {
  return ({ operation, caller, schemaId, schema }) => {
    let lifetime: Lifetime | 'none' | undefined;
    return {
      isQuery: operation === OperationTypeNode.QUERY,
      identity: identify(caller.viewer, caller.subgraphHeaders.authorization),
      schemaId,
      schema,
      note(next) {
        if (next === undefined || lifetime === 'none') lifetime = 'none';
        else lifetime = lifetime === undefined ? next : strictest(lifetime, next);
      },
      lifetime: () => (lifetime === 'none' ? undefined : lifetime),
    };
  };
}
