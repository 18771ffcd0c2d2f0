import {
  getNamedType,
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLOutputType,
} from 'graphql';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';
import { errorsOf, list, text, type GraphQLAnswer, type Json } from '../testkit/product/graphql-client.js';
import type { Outcome } from './actors.js';
import { fieldsOf, type RootType } from './coordinates.js';
import type { Cell } from './stage.js';
import { payloads } from './tables/payloads.js';
import type { RootEntry, Way } from './table.js';

/** Everything that is true of what was seen: on oneself `the owner` and `the caller` both are. */
export type Seen = readonly Outcome[];

type Errors = GraphQLAnswer['errors'];

/** What each field of the owner's object shows on this way. */
export async function askObject(cell: Cell, type: string, way: Way): Promise<Readonly<Record<string, Seen>>> {
  const fields = fieldsOf(type);
  const selection = fields.map((field) => `${field.name}${subselection(field.type)}`).join(' ');
  const { data, errors } = await send(cell, `${way.query} fragment Asked on ${type} { ${selection} }`, way.variables?.(cell));
  const object = follow(data, way, cell);
  const wayRefused = errors.find(({ path }) => path === undefined || path.length === 1);
  return Object.fromEntries(
    fields.map(({ name, type: fieldType }) => {
      if (object === undefined) return [name, [wayRefused?.extensions.code ?? 'nobody']];
      const refused = errors.find(({ path }) => path?.at(-1) === name);
      return [name, refused === undefined ? see(cell, fieldType, object[name]) : [refused.extensions.code]];
    }),
  );
}

function follow(data: Json, { path }: Way, cell: Cell): Json | undefined {
  let here: Json | undefined = data;
  for (const step of path) {
    if (isNothing(here)) return undefined;
    here = typeof step === 'string' ? here[step] : list(here).find((item) => step(item, cell));
  }
  return here ?? undefined;
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export interface RootAnswer {
  readonly seen: Seen;
  /** By coordinate: what the fields of a mutation's payload show. */
  readonly payload: Readonly<Record<string, Seen>>;
}

/** What a root field answers to the arguments. */
export async function askRoot(
  cell: Cell,
  root: RootType,
  field: GraphQLField<unknown, unknown>,
  entry: RootEntry,
  given: object,
): Promise<RootAnswer> {
  const used = field.args.filter(({ name }) => name in given);
  const declared = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = used.map(({ name }) => `${name}: $${name}`).join(', ');
  const select = entry.select ?? `{ __typename ${payloadSelection(field.type)} }`;
  const { data, errors } = await send(
    cell,
    `${root.toLowerCase()} ${declared === '' ? '' : `(${declared})`} { ${field.name}${passed === '' ? '' : `(${passed})`}${select} }`,
    given,
  );
  const [refused] = errors;
  if (refused !== undefined) return { seen: [refused.extensions.code], payload: {} };
  const value = data[field.name];
  if (entry.shows !== undefined) return { seen: [JSON.stringify(value).includes(entry.shows(cell)) ? 'shown' : 'not shown'], payload: {} };
  if (root !== 'Mutation' || value === undefined) return { seen: see(cell, field.type, value), payload: {} };
  const typename = text(value.__typename);
  const shown = Object.keys(payloads[typename] ?? {}).map((name): [string, Seen] => {
    const payloadField = fieldsOf(typename).find((each) => each.name === name);
    return [`${typename}.${name}`, payloadField === undefined ? ['no such field'] : see(cell, payloadField.type, value[name])];
  });
  return { seen: [typename], payload: Object.fromEntries(shown) };
}

function payloadSelection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  const members = isUnionType(named) ? named.getTypes() : isObjectType(named) ? [named] : [];
  return members
    .filter(({ name }) => Object.keys(payloads[name] ?? {}).length > 0)
    .map(({ name }) => {
      const known = Object.keys(payloads[name] ?? {});
      const selected = fieldsOf(name).filter((field) => known.includes(field.name));
      return `... on ${name} { ${selected.map((field) => `${field.name}${subselection(field.type)}`).join(' ')} }`;
    })
    .join(' ');
}

/** Just enough of an object to say whose it is. */
function subselection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (named.name === 'User') return ' { id }';
  const pointer = ownerFields.find((name) => isObjectType(named) && name in named.getFields());
  return pointer === undefined ? ' { __typename }' : ` { ${pointer} { id } }`;
}
const ownerFields = ['user', 'owner'] as const;

function see(cell: Cell, type: GraphQLOutputType, value: unknown): Seen {
  if (isNothing(value)) return ['null'];
  const nullable = getNullableType(type);
  if (isListType(nullable)) return ['value'];
  const named = getNamedType(nullable);
  if (named.name === 'Boolean' || isEnumType(named)) return ['value', JSON.stringify(value).replaceAll('"', '')];
  const people = [
    ['the owner', cell.owner.id],
    ['the caller', cell.caller?.id],
  ] as const;
  const shown = JSON.stringify(value);
  return [
    'value',
    ...(typeof value === 'number' ? [String(value)] : []),
    ...people.filter(([, id]) => id !== undefined && shown.includes(id)).map(([name]) => name),
  ];
}

/** Over HTTP, or, for a subscription, the first message on a socket. */
async function send(cell: Cell, query: string, variables: object = {}): Promise<{ data: Json; errors: Errors }> {
  if (!query.startsWith('subscription')) return cell.ask(query, variables);
  const socket = await openInitialisedSocket(cell.stage.url, cell.caller?.accessToken);
  try {
    socket.send({ type: 'subscribe', id: '1', payload: { query, variables } });
    const { type, payload } = await socket.next();
    if (type === 'error') return { data: {}, errors: errorsOf(payload) };
    return { data: payload?.data ?? {}, errors: errorsOf(payload?.errors) };
  } finally {
    socket.ws.close(1000);
  }
}
