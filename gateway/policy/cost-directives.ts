import { getDirectiveValues, type ConstDirectiveNode, type GraphQLDirective, type GraphQLSchema, valueFromASTUntyped } from 'graphql';

/** `@listSize` of a field. */
export interface ListSize {
  /** Entries, when no slicing argument says so. */
  readonly assumedSize: number | undefined;
  /** Arguments that say how many entries are asked for. */
  readonly slicingArguments: readonly string[];
}

/** What the authors of the subgraphs said about the cost of things; undefined where they said nothing. */
export interface CostDirectives {
  typeWeight(type: string): number | undefined;
  fieldWeight(type: string, field: string): number | undefined;
  argumentWeight(type: string, field: string, argument: string): number | undefined;
  listSize(type: string, field: string): ListSize | undefined;
}

/** Anything that may carry directives in a schema. */
interface Described {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined;
}

/** Reads `@cost` and `@listSize` of a supergraph, under the names by which it imports them. */
export function readCostDirectives(supergraphSchema: GraphQLSchema): CostDirectives {
  const names = importedNames(supergraphSchema);
  const cost = directiveOf(supergraphSchema, names?.cost);
  const listSize = directiveOf(supergraphSchema, names?.listSize);

  function field(type: string, name: string) {
    const definition = supergraphSchema.getType(type);
    return definition !== undefined && 'getFields' in definition ? definition.getFields()[name] : undefined;
  }
  function weight(described: Described | undefined): number | undefined {
    const value = valuesOf(cost, described)?.weight;
    return typeof value === 'number' ? value : undefined;
  }

  return {
    typeWeight: (type) => weight(supergraphSchema.getType(type)),
    fieldWeight: (type, name) => weight(field(type, name)),
    argumentWeight(type, name, argument) {
      const definition = field(type, name);
      return definition !== undefined && 'args' in definition ? weight(definition.args.find((each) => each.name === argument)) : undefined;
    },
    listSize(type, name) {
      const values = valuesOf(listSize, field(type, name));
      if (values === undefined) return undefined;
      const { assumedSize, slicingArguments } = values;
      return {
        assumedSize: typeof assumedSize === 'number' ? assumedSize : undefined,
        slicingArguments: Array.isArray(slicingArguments) ? slicingArguments.map(String) : [],
      };
    },
  };
}

function directiveOf(schema: GraphQLSchema, name: string | undefined): GraphQLDirective | undefined {
  return name === undefined ? undefined : (schema.getDirective(name) ?? undefined);
}

function valuesOf(directive: GraphQLDirective | undefined, described: Described | undefined): Record<string, unknown> | undefined {
  if (directive === undefined || !described?.astNode?.directives?.length) return undefined;
  return getDirectiveValues(directive, { directives: described.astNode.directives });
}

/** `@link(url: "https://specs.apollo.dev/cost/v0.1", as: …, import: [{ name: "@cost", as: "@price" }, "@listSize"])`. */
function importedNames(schema: GraphQLSchema): { cost: string; listSize: string } | undefined {
  for (const { name, arguments: list = [] } of schema.astNode?.directives ?? []) {
    if (name.value !== 'link') continue;
    const values = new Map(list.map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)]));
    if (!String(values.get('url')).startsWith('https://specs.apollo.dev/cost/')) continue;
    const prefix = typeof values.get('as') === 'string' ? String(values.get('as')) : 'cost';
    const imports: unknown = values.get('import');
    const imported = (directive: string, otherwise: string): string => {
      for (const each of Array.isArray(imports) ? (imports as unknown[]) : []) {
        if (each === directive) return directive.slice(1);
        if (isRenamed(each) && each.name === directive) return (each.as ?? directive).slice(1);
      }
      return otherwise;
    };
    return { cost: imported('@cost', prefix), listSize: imported('@listSize', `${prefix}__listSize`) };
  }
  return undefined;
}

function isRenamed(value: unknown): value is { name: string; as?: string } {
  return typeof value === 'object' && value !== null && 'name' in value;
}
