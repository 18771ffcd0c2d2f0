import {
  executeSync,
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { JsonObject } from '../../../shared/json/json-object.js';

export type Introspect = (nodes: readonly FieldNode[], variables: Readonly<Record<string, unknown>>) => string;

/** Answers to introspection, which are large, the same for everyone, and asked for by few documents. By what is asked, the latest last. */
export type IntrospectionTexts = Map<readonly FieldNode[], string>;

const keptTexts = 20;
const keptCharacters = 1_000_000;

/** Answers `__schema` and `__type` of one operation as graphql-js does, from the schema that clients see. */
export function createIntrospect(
  schema: GraphQLSchema,
  texts: IntrospectionTexts,
  { document, operation }: { readonly document: DocumentNode; readonly operation: OperationDefinitionNode },
): Introspect {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);

  function run(nodes: readonly FieldNode[], variables: Readonly<Record<string, unknown>>): string {
    const { data, errors } = executeSync({
      schema,
      document: {
        kind: Kind.DOCUMENT,
        definitions: [
          {
            kind: Kind.OPERATION_DEFINITION,
            operation: OperationTypeNode.QUERY,
            variableDefinitions: operation.variableDefinitions ?? [],
            selectionSet: { kind: Kind.SELECTION_SET, selections: nodes },
          },
          ...fragments,
        ],
      },
      variableValues: variables,
    });
    if (errors !== undefined || data === null || data === undefined) throw errors?.[0] ?? new Error('Introspection gave nothing');
    return JSON.stringify(Object.values(data as JsonObject)[0]);
  }

  return (nodes, variables) => {
    const known = texts.get(nodes);
    if (known !== undefined) return known;
    const text = run(nodes, variables);
    if (text.length <= keptCharacters && !usesVariables([...nodes, ...fragments])) {
      if (texts.size >= keptTexts)
        for (const oldest of texts.keys()) {
          texts.delete(oldest);
          break;
        }
      texts.set(nodes, text);
    }
    return text;
  };
}

function usesVariables(nodes: readonly (FieldNode | DocumentNode['definitions'][number])[]): boolean {
  let uses = false;
  for (const node of nodes) {
    visit(node, {
      Variable() {
        uses = true;
      },
    });
  }
  return uses;
}
