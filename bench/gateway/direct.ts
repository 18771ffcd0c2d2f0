import { createTarget, type Target } from './load.js';
import { bodiesOf, type BenchQuery } from './queries.js';
import { idsFrom, starts, type SubgraphName } from './subgraphs.js';

/** A client that knows the subgraphs and asks them itself: the users first, then everybody else at the same time. Nothing is parsed or joined. */
export function createDirectTarget(query: BenchQuery, urls: Readonly<Record<SubgraphName, string>>): Target {
  const users = createTarget(urls.users, bodiesOf(query.users));
  const others = query.entities.map(({ subgraph, query: text }) => {
    const bodies = Array.from({ length: starts }, (_, from) => {
      const representations = idsFrom(from).map((id) => ({ __typename: 'User', id }));
      return JSON.stringify({ query: text, variables: { representations } });
    });
    return createTarget(urls[subgraph], bodies);
  });
  return {
    async ask(n) {
      await users.ask(n);
      await Promise.all(others.map((other) => other.ask(n)));
    },
    answer: (n) => users.answer(n),
    async close() {
      await Promise.all([users, ...others].map((target) => target.close()));
    },
  };
}
