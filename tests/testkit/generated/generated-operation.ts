import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  parse,
  validate,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { createDice, type Dice } from './dice.js';

export interface GeneratedOperation {
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const flags = { no: false, yes: true, byDefault: undefined, absent: undefined } as const;

/** A valid operation over `schema` that selects everything that can be selected, somewhere. */
export function generateOperation(schema: GraphQLSchema, kind: 'query' | 'mutation', seed: number): GeneratedOperation {
  for (let attempt = 0; ; attempt += 1) {
    const operation = attemptOperation(schema, kind, createDice(`${seed} ${attempt}`));
    if (validate(schema, parse(operation.source)).length === 0) return operation;
    if (attempt > 200) throw new Error(`no valid operation for the seed ${seed}, such as ${operation.source}`);
  }
}

function attemptOperation(schema: GraphQLSchema, kind: 'query' | 'mutation', dice: Dice): GeneratedOperation {
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  if (root === null || root === undefined) throw new Error(`no ${kind}`);
  const fragments: string[] = [];
  const used = new Set<keyof typeof flags>();
  const body = selection(root, 0);
  const definitions = [...used].map((name) => {
    if (name === 'byDefault') return '$byDefault: Boolean! = true';
    return name === 'absent' ? '$absent: Boolean = false' : `$${name}: Boolean!`;
  });
  const declared = definitions.length === 0 ? '' : `(${definitions.join(', ')})`;
  return {
    source: `${kind} Generated${declared} ${body}\n${fragments.join('\n')}`,
    variables: { ...(used.has('no') ? { no: false } : {}), ...(used.has('yes') ? { yes: true } : {}) },
  };

  function condition(): string {
    if (!dice.oneIn(9)) return '';
    const directive = dice.pick(['include', 'skip']);
    if (dice.oneIn(3)) return ` @${directive}(if: ${dice.pick(['true', 'false'])})`;
    const name = dice.pick(Object.keys(flags) as (keyof typeof flags)[]);
    used.add(name);
    return ` @${directive}(if: $${name})`;
  }

  function selection(type: GraphQLCompositeType, depth: number): string {
    const parts: string[] = [];
    const count = 1 + dice.below(depth === 0 ? 3 : 5);
    for (let index = 0; index < count; index += 1) parts.push(part(type, depth));
    // There has to be something whatever the conditions say.
    parts.push('__typename');
    if (dice.oneIn(2)) parts.reverse();
    return `{ ${parts.join(' ')} }`;
  }

  function part(type: GraphQLCompositeType, depth: number): string {
    if (dice.oneIn(6)) return `${dice.oneIn(2) ? 'kind: ' : ''}__typename${condition()}`;
    if (depth > 0 && depth < 5 && dice.oneIn(isAbstractType(type) ? 2 : 6)) return fragment(type, depth);
    const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
    const open = fields.filter((field) => depth < 4 || !isCompositeType(getNamedType(field.type)));
    if (open.length === 0) return depth < 5 ? fragment(type, depth) : '__typename';
    const field = dice.pick(open);
    const named = getNamedType(field.type);
    const below = isCompositeType(named) ? ` ${selection(named, depth + 1)}` : '';
    const alias = dice.oneIn(5) ? `${dice.pick(['a', 'b', 'constructor', field.name])}: ` : '';
    return `${alias}${field.name}${argumentsOf(field.args)}${condition()}${below}`;
  }

  function fragment(type: GraphQLCompositeType, depth: number): string {
    const possible = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type, ...type.getInterfaces()];
    const above = isAbstractType(type) ? schema.getPossibleTypes(type).flatMap((each) => each.getInterfaces()) : [];
    const target = dice.pick([...possible, ...above]);
    const body = selection(target, depth + 1);
    if (dice.oneIn(2)) return `... ${dice.oneIn(5) && target === type ? '' : `on ${target.name}`}${condition()} ${body}`;
    const name = `F${fragments.length}`;
    // Its place is taken before those of the fragments within.
    fragments.push(`fragment ${name} on ${target.name} ${body}`);
    return `...${name}${condition()}`;
  }

  function argumentsOf(args: readonly GraphQLArgument[]): string {
    const given = args.filter(({ type }) => isNonNullType(type) || dice.oneIn(2)).map(({ name, type }) => `${name}: ${literal(type)}`);
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  function literal(type: GraphQLInputType): string {
    if (isNonNullType(type)) return literal(type.ofType);
    if (isListType(type)) return `[${literal(type.ofType)}]`;
    if (isEnumType(type)) return dice.pick(type.getValues()).name;
    return type.name === 'Boolean' ? 'true' : type.name === 'String' ? '"x"' : String(1 + dice.below(2));
  }
}
