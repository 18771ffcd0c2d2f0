import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { Kind, OperationTypeNode, type DocumentNode } from 'graphql';

/** Documents of query plans, which are as many as clients' operations. */
const capacity = 1_000;
/** Documents above this many characters are not kept, so that all together stay below 20 MB of text. */
const keptLength = 20_000;

/** Documents that Apollo Server has parsed and validated, by their text. */
export interface KnownOperations<Context extends BaseContext> {
  find(query: string): DocumentNode | undefined;
  /** Learns from the Apollo Server that it belongs to. */
  readonly plugin: ApolloServerPlugin<Context>;
}

/**
 * A gateway sends few documents many times. What Apollo Server has accepted once, with all its rules, may be executed without it from then
 * on (ADR 21); what it refuses never gets here.
 */
export function createKnownOperations<Context extends BaseContext>(): KnownOperations<Context> {
  const documents = new Map<string, DocumentNode>();

  return {
    find: (query) => documents.get(query),
    plugin: {
      requestDidStart: () =>
        Promise.resolve({
          didResolveOperation({ source, document }) {
            if (source.length <= keptLength && runsAtOnce(document)) {
              if (documents.size >= capacity) documents.delete(documents.keys().next().value ?? '');
              documents.set(source, document);
            }
            return Promise.resolve();
          },
        }),
    },
  };
}

/** Whether nothing in it subscribes. */
function runsAtOnce({ definitions }: DocumentNode): boolean {
  return definitions.every(
    (definition) => definition.kind !== Kind.OPERATION_DEFINITION || definition.operation !== OperationTypeNode.SUBSCRIPTION,
  );
}
