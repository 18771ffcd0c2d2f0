/**
 * CPU per operation of executing a plan and writing the answer, without HTTP: Apollo's executor and ours, and as the limit a join by hand.
 * All get the subgraphs' answers as text, from memory. `tsx bench/gateway/executor.ts`
 */
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import type { FetchRequest } from '../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../gateway/datasources/wire.js';
import { createApolloExecutor } from '../../gateway/execution/apollo-executor.js';
import { createGeneration } from '../../gateway/supergraph/generation.js';
import { defaultOperationLimits } from '../../gateway/policy/operation-limits.js';
import { answeringSource } from '../../tests/testkit/gateway/answering-source.js';
import { queries, type BenchQuery } from './queries.js';
import { composeSupergraph, resolvers, subgraphNames, typeDefs } from './subgraphs.js';

const seconds = Number(process.env.SECONDS ?? 2);
const sdl = composeSupergraph({ users: 'http://users.test', presence: 'http://presence.test', sessions: 'http://sessions.test' });
const answers = new Map<string, string>();
const schemas = new Map(
  subgraphNames.map((name) => [
    name as string,
    buildSubgraphSchema({ typeDefs: parse(typeDefs[name]), resolvers: { ...resolvers[name] } }),
  ]),
);

async function answer(name: string, request: FetchRequest): Promise<WireResult> {
  const key = name + request.query;
  let text = answers.get(key);
  if (text === undefined) {
    const schema = schemas.get(name);
    if (schema === undefined) throw new Error(`no subgraph ${name}`);
    text = JSON.stringify(await graphql({ schema, source: request.query, variableValues: request.variables }));
    answers.set(key, text);
  }
  return JSON.parse(text) as WireResult;
}

const generation = createGeneration(sdl, ({ name }) => answeringSource((request) => answer(name, request)));
const apollo = createApolloExecutor(generation);
const caller = { subgraphHeaders: {}, signal: new AbortController().signal };

function contenders({ query, users, entities }: BenchQuery): Readonly<Record<string, () => Promise<string>>> {
  const variables = { from: 3 };
  const parsed = generation.operations.parse(query, undefined, defaultOperationLimits);
  if (parsed.kind === 'refused') throw new Error('refused');
  const { operation } = parsed;
  const plan = operation.runnable().planned;
  return {
    async 'by hand'() {
      const { data } = (await answer('users', { query: users, operationName: undefined, variables })) as {
        data: { users: { id: string }[] };
      };
      const representations = data.users.map(({ id }) => ({ __typename: 'User', id }));
      const found = await Promise.all(
        entities.map((each) => answer(each.subgraph, { query: each.query, operationName: undefined, variables: { representations } })),
      );
      for (const { data: below } of found) data.users.forEach((user, index) => Object.assign(user, (below?._entities as object[])[index]));
      return JSON.stringify(data);
    },
    async ours() {
      return (await generation.execute(operation, { variables, caller })).data ?? '';
    },
    async "Apollo's"() {
      return (await apollo.execute(plan, undefined, { variables, caller })).data ?? '';
    },
  };
}

async function microseconds(run: () => Promise<string>): Promise<number> {
  for (let n = 0; n < 300; n += 1) await run();
  const end = performance.now() + seconds * 1_000;
  const before = process.cpuUsage();
  let runs = 0;
  for (; performance.now() < end; runs += 1) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
}

for (const query of queries) {
  if (process.env.QUERY !== undefined && process.env.QUERY !== query.name) continue;
  const runs = contenders(query);
  const texts = new Set<string>();
  const row: Record<string, string> = {};
  for (const [name, run] of Object.entries(runs)) {
    if (process.env.ONLY !== undefined && process.env.ONLY !== name) continue;
    texts.add(JSON.stringify(Object.values(JSON.parse(await run()) as object)[0]).length.toString());
    row[name] = `${(await microseconds(run)).toFixed(0)} µs`;
  }
  console.log(query.name, row, [...texts]);
}
