import { Kind, parse, print, visit, type DirectiveNode, type GraphQLSchema, type SelectionNode } from 'graphql';
import { createDice } from './dice.js';
import { generateOperation, type GeneratedOperation } from './generated-operation.js';

/** A generated operation in which some of the fragments, and fields here and there, are deferred. */
export function generateDeferred(schema: GraphQLSchema, kind: 'query' | 'mutation', seed: number): GeneratedOperation {
  const { source, variables } = generateOperation(schema, kind, seed);
  const dice = createDice(`defer ${seed}`);
  const flags = Object.keys(variables);
  let labels = 0;

  function defer(): DirectiveNode {
    const condition = dice.oneIn(8)
      ? `if: ${dice.oneIn(2) || flags.length === 0 ? dice.pick(['true', 'false']) : `$${dice.pick(flags)}`}`
      : '';
    const label = dice.oneIn(4) ? '' : `label: "l${labels++}"`;
    const given = [condition, label].filter((each) => each !== '').join(', ');
    const [definition] = parse(`{ ... @defer${given === '' ? '' : `(${given})`} { a } }`, { noLocation: true }).definitions;
    const selection = definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections[0] : undefined;
    const directive = selection?.directives?.[0];
    if (directive === undefined) throw new Error('no directive');
    return directive;
  }

  const depthOf = (ancestors: readonly unknown[]): number =>
    ancestors.filter((each) => typeof each === 'object' && each !== null && 'kind' in each && each.kind === Kind.SELECTION_SET).length;
  const document = visit(parse(source, { noLocation: true }), {
    InlineFragment: { leave: (node) => (dice.oneIn(3) ? { ...node, directives: [...(node.directives ?? []), defer()] } : undefined) },
    FragmentSpread: { leave: (node) => (dice.oneIn(2) ? { ...node, directives: [...(node.directives ?? []), defer()] } : undefined) },
    SelectionSet: {
      leave(node, _key, _parent, _path, ancestors) {
        // Nothing of the root of a mutation can be deferred.
        if ((kind === 'mutation' && depthOf(ancestors) === 0) || !dice.oneIn(3)) return undefined;
        const deferred: SelectionNode[] = [];
        const kept: SelectionNode[] = [];
        for (const each of node.selections) (dice.oneIn(2) ? deferred : kept).push(each);
        if (dice.oneIn(3)) kept.push(...deferred);
        if (deferred.length === 0) return undefined;
        const fragment: SelectionNode = {
          kind: Kind.INLINE_FRAGMENT,
          directives: [defer()],
          selectionSet: { kind: Kind.SELECTION_SET, selections: deferred },
        };
        return { ...node, selections: dice.oneIn(2) ? [...kept, fragment] : [fragment, ...kept] };
      },
    },
  });
  return { source: print(document), variables };
}
