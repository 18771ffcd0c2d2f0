import type { FetchRequest, SubgraphDataSource } from '../../datasources/subgraph-data-source.js';
import type { WireResult } from '../../datasources/wire.js';
import { askDirectly, beginExecution, type Ask, type ExecutionRequest, type ExecutionState } from '../execution-state.js';
import type { Step } from '../fetch-parts.js';

/**
 * The first questions of parts that come later, asked as soon as what they need is there: a part that waited until all before it is through
 * would make the whole answer later than without `@defer`.
 */
export interface EarlyQuestions {
  /** Follows what is fetched into the data of `state`. */
  watch(state: ExecutionState): void;
  /** For the part itself, when it begins: gives what was asked early, if it is the same question. */
  askFor(label: string): Ask;
}

export interface EarlyOptions {
  readonly request: ExecutionRequest;
  /** How many fetches there are of each id. */
  readonly fetches: ReadonlyMap<string, number>;
  readonly steps: ReadonlyMap<string, { readonly step: Step; readonly dependsOn: readonly string[] }>;
}

/** By source, and then by what was asked. */
type Answers = Map<SubgraphDataSource, Map<string, Promise<WireResult>>>;

export function createEarlyQuestions({ request, fetches, steps }: EarlyOptions): EarlyQuestions {
  const { ask = askDirectly } = request;
  const finished = new Map<string, number>();
  const asked = new Map<string, Answers>();

  const isFetched = (id: string): boolean => (finished.get(id) ?? 0) >= (fetches.get(id) ?? 1);

  /** Runs the step on data that it only reads, as far as to its first questions. */
  function askEarly(step: Step, { data }: ExecutionState): Answers {
    const answers: Answers = new Map();
    const record: Ask = (source, question, caller) => {
      const answer = ask(source, question, caller);
      // Nobody may ever look at it.
      answer.catch(() => undefined);
      const ofSource = answers.get(source) ?? new Map<string, Promise<WireResult>>();
      answers.set(source, ofSource.set(keyOf(question), answer));
      // One of its own: whoever waits for it must be garbage.
      return new Promise(() => undefined);
    };
    const state = beginExecution({ ...request, ask: record }, data);
    // What goes wrong goes wrong again when the part begins.
    Promise.resolve()
      .then(() => step(state))
      .catch(() => undefined);
    return answers;
  }

  return {
    watch(state) {
      state.onFetched = (id) => {
        finished.set(id, (finished.get(id) ?? 0) + 1);
        for (const [label, { step, dependsOn }] of steps) {
          if (!asked.has(label) && dependsOn.includes(id) && dependsOn.every(isFetched)) asked.set(label, askEarly(step, state));
        }
      };
    },
    askFor(label) {
      const answers = asked.get(label);
      // From now on it is too late.
      if (answers === undefined) asked.set(label, new Map());
      return (source, question, caller) => {
        const key = keyOf(question);
        const answer = answers?.get(source)?.get(key);
        // Each answer becomes part of one result.
        answers?.get(source)?.delete(key);
        return answer ?? ask(source, question, caller);
      };
    },
  };
}

function keyOf({ query, operationName, variables, variablesText }: FetchRequest): string {
  return JSON.stringify([query, operationName, variablesText ?? JSON.stringify(variables)]);
}
