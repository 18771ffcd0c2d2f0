import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeOf, doorNames, openDoors, type Doors } from '../../tests/testkit/gateway/doors.js';
import { defaultOperationLimits, limitVariableNames, type OperationLimits } from './operation-limits.js';

interface Payload {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const repeat = (times: number, make: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => make(index)).join(' ');
const nest = (depth: number, inside: string): string => `${'{ bestFriend '.repeat(depth)}{ ${inside} }${' }'.repeat(depth)}`;
const list = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

/** An operation with so much of what the limit counts. */
const cases: readonly [limit: keyof OperationLimits, name: string, make: (amount: number) => Payload][] = [
  // Nine tokens and one for each number.
  ['maxTokens', 'words and signs', (amount) => ({ query: `{ anything(value: [${'1 '.repeat(amount - 9)}]) }` })],
  ['maxDepth', 'fields within fields', (amount) => ({ query: `{ user(id: "1") ${nest(amount - 2, 'id')} }` })],
  [
    'maxDepth',
    'fields within fragments within fragments',
    (amount) => ({
      query: `{ user(id: "1") { ...F1 } } ${repeat(amount - 2, (index) => `fragment F${index + 1} on User { bestFriend { ...F${index + 2} } }`)}
        fragment F${amount - 1} on User { id }`,
    }),
  ],
  [
    'maxIntrospectionDepth',
    'types within types',
    (amount) => ({ query: `{ __type(name: "User") ${'{ ofType '.repeat(amount - 2)}{ name }${' }'.repeat(amount - 2)} }` }),
  ],
  ['maxAliases', 'aliases', (amount) => ({ query: `{ user(id: "1") { ${repeat(amount, (index) => `a${index}: id`)} } }` })],
  [
    'maxAliases',
    'aliases in a fragment that is spread twice',
    (amount) => ({
      query: `{ a: user(id: "1") { ...F } ${amount % 2 === 0 ? 'b: instant' : ''} user(id: "1") { ...F } }
        fragment F on User { ${repeat(Math.floor((amount - 1) / 2), (index) => `a${index}: id`)} }`,
    }),
  ],
  ['maxRootFields', 'root fields', (amount) => ({ query: `{ ${repeat(amount, () => 'instant')} }` })],
  [
    'maxSelections',
    'fields',
    // 1 + 19 (1 + 99) + the rest, since validation compares fields of one name in one place with each other.
    (amount) => ({
      query: `{ user(id: "1") { ${repeat(19, () => '...F')} ${repeat(amount - 1 - 19 * 100, () => 'id')} } }
        fragment F on User { bestFriend { ${repeat(99, () => 'id')} } }`,
    }),
  ],
  [
    'maxFragments',
    'fragments',
    (amount) => ({
      query: `{ user(id: "1") { ${repeat(amount, (index) => `...F${index}`)} } } ${repeat(amount, (index) => `fragment F${index} on User { id }`)}`,
    }),
  ],
  // 100 (1 + 199) = 20,000, and a user for one more.
  [
    'maxCost',
    'points',
    (amount) => ({
      query: `{ page(first: 100) { followers(first: 199) { id } } ${repeat(amount - 20_000, () => 'user(id: "1") { id }')} }`,
    }),
  ],
  [
    'maxCost',
    'points, by variables',
    (amount) => ({
      query: `query ($pages: Int, $size: Int = 199) { page(first: $pages) { followers(first: $size) { id } } ${repeat(amount - 20_000, () => 'user(id: "1") { id }')} }`,
      variables: { pages: 100 },
    }),
  ],
  ['maxPageSize', 'entries on a page', (amount) => ({ query: `{ page(first: ${amount}) { id } }` })],
  [
    'maxPageSize',
    'entries on a page, by a variable',
    (amount) => ({ query: 'query ($size: Int) { page(last: $size) { id } }', variables: { size: amount } }),
  ],
  [
    'maxPageSize',
    'entries on a page, by the default of a variable',
    (amount) => ({ query: `query ($size: Int = ${amount}) { page(first: $size) { id } }` }),
  ],
  [
    'maxDeferred',
    'deferred fragments, spread or not',
    (amount) => ({
      query: `{ user(id: "1") { id ${repeat(amount - 4, () => '... @defer { id }')} ...A ...A } }
        fragment A on User { ...B @defer ... @defer { id } } fragment B on User { id }`,
    }),
  ],
  ['maxLiteralLists', 'lists within lists', (amount) => ({ query: `{ anything(value: ${list(amount)}) }` })],
  [
    'maxInputDepth',
    'objects within objects',
    (amount) => ({ query: `{ anything(value: ${'{ a: '.repeat(amount)}1${' }'.repeat(amount)}) }` }),
  ],
  [
    'maxInputDepth',
    'objects within objects in a variable',
    (amount) => ({
      query: 'query ($value: Anything) { anything(value: $value) }',
      variables: { value: JSON.parse(`${'{"a":'.repeat(amount)}1${'}'.repeat(amount)}`) as unknown },
    }),
  ],
];

describe.each(doorNames)('SECURITY 35, 38: over %s, an operation', (door) => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await openDoors();
  });
  afterAll(() => doors.close());

  it.each(cases)('is refused above %s: %s', async (limit, _name, make) => {
    const most = defaultOperationLimits[limit];
    const refused = await doors.ask(door, make(most + 1));
    expect(codeOf(refused)).toBe('OPERATION_TOO_COMPLEX');
    expect(refused.errors?.[0]?.message).toContain(`at most ${most} (${limitVariableNames[limit]})`);
    if (door === 'HTTP') expect(refused.status).toBe(400);
    expect(await doors.ask(door, make(most))).toMatchObject({ data: expect.anything() });
  });

  it.each([
    ['fields', 'maxDepth', `{ ${'user { '.repeat(4_900)}id${' }'.repeat(4_901)}`],
    ['lists', 'maxInputDepth', `{ anything(value: ${'['.repeat(7_000)}1${']'.repeat(7_000)}) }`],
    ['objects', 'maxInputDepth', `{ anything(value: ${'{a:'.repeat(3_600)}1${'}'.repeat(3_600)}) }`],
  ] as const)('is refused for %s too deep for the stack, in the words of %s', async (_name, limit, query) => {
    const refused = await doors.ask(door, { query });
    expect(codeOf(refused)).toBe('OPERATION_TOO_COMPLEX');
    const most = defaultOperationLimits;
    expect(refused.errors?.[0]?.message).toContain(`at most ${most[limit]} (${limitVariableNames[limit]})`);
  });

  it('is refused with a message that says what was found and what to do', async () => {
    const { errors } = await doors.ask(door, { query: `{ ${repeat(21, () => 'instant')} }` });
    expect(errors?.[0]?.message).toBe(
      'The operation has too many root fields: at most 20 (MAX_ROOT_FIELDS), and it has 21. Split the operation.',
    );
  });

  it('is refused for root fields in fragments', async () => {
    const query = (amount: number) => `{ instant ...F ... { ...F } } fragment F on Query { ${repeat(amount, () => 'instant')} }`;
    expect(codeOf(await doors.ask(door, { query: query(10) }))).toBe('OPERATION_TOO_COMPLEX');
    expect(await doors.ask(door, { query: query(9) })).toMatchObject({ data: { instant: expect.any(String) } });
  });

  it('is refused above MAX_DIRECTIVES before anybody asks what they mean', async () => {
    const query = (amount: number) => `{ instant ${repeat(amount, () => '@include(if: true)')} }`;
    expect(codeOf(await doors.ask(door, { query: query(6) }))).toBe('OPERATION_TOO_COMPLEX');
    expect(codeOf(await doors.ask(door, { query: query(5) }))).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await doors.ask(door, { query: query(1) })).toMatchObject({ data: { instant: expect.any(String) } });
  });

  it('SECURITY 43: of 2^23 fields by 23 fragments is refused at once', async () => {
    const levels = repeat(23, (level) => `fragment F${level} on User { ...F${level + 1} ...F${level + 1} }`);
    const started = process.cpuUsage();
    const { errors } = await doors.ask(door, { query: `{ user(id: "1") { ...F0 } } ${levels} fragment F23 on User { id }` });
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('it has 8388609'),
      extensions: { code: 'OPERATION_TOO_COMPLEX' },
    });
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  it('SECURITY 43: of 2^99 pages by 99 fragments, with a variable in the middle, is refused at once', async () => {
    const levels = repeat(98, (level) => `fragment F${level} on User { ...F${level + 1} ...F${level + 1} }`);
    const query = `query ($n: Int) { user(id: "1") { ...F0 } } ${levels} fragment F98 on User { followers(first: $n) { id } }`;
    expect(codeOf(await doors.ask(door, { query, variables: { n: 1 } }))).toBe('OPERATION_TOO_COMPLEX');
  });

  it.each([
    [
      'fragments that spread each other',
      '{ user(id: "1") { ...A } } fragment A on User { ...B } fragment B on User { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a fragment that is not there', '{ user(id: "1") { ...A } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['fields that nobody has', '{ a { b(first: 3) { c } } ... on D { e } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['five thousand lists within each other', `{ anything(value: ${'['.repeat(5_000)}`, 'OPERATION_TOO_COMPLEX'],
    ['seven thousand lists within each other', `{ anything(value: ${list(7_000)}) }`, 'OPERATION_TOO_COMPLEX'],
    ['four thousand fragments within each other', `${'{ ... '.repeat(4_000)}{ instant }${' }'.repeat(4_000)}`, 'OPERATION_TOO_COMPLEX'],
    ['four thousand fields within each other', `${'{ a '.repeat(4_000)}${' }'.repeat(4_000)}`, 'OPERATION_TOO_COMPLEX'],
  ])('SECURITY 43: of %s is a 400, and no fault of ours', async (_name, query, code) => {
    const refused = await doors.ask(door, { query });
    expect(codeOf(refused)).toBe(code);
    if (door === 'HTTP') expect(refused.status).toBe(400);
  });

  it('is counted with the variables of each request, though its text is looked at once', async () => {
    const query = 'query ($first: Int, $size: Int) { page(first: $first) { followers(first: $size) { id } } }';
    for (const [first, size, code] of [
      [100, 199, undefined],
      [100, 200, 'OPERATION_TOO_COMPLEX'],
      [101, 199, 'OPERATION_TOO_COMPLEX'],
      [1, 1, undefined],
      // No value: a page is as long as a list is taken to be.
      [500, undefined, undefined],
      [-1, -1, undefined],
    ] as const) {
      expect([first, size, codeOf(await doors.ask(door, { query, variables: { first, size } }))]).toEqual([first, size, code]);
    }
  });
});
