import { isDeepStrictEqual } from 'node:util';
import type { GeneratedOperation } from '../../testkit/generated/generated-operation.js';
import type { Answer, Federation } from './federation.js';

/** What differs between the answers over subgraphs and of one schema with the same data. */
export interface Difference {
  readonly source: string;
  readonly variables: GeneratedOperation['variables'];
  readonly answer: Answer;
  readonly expected: Answer;
  /** Errors of the one schema that clients of the gateway are not told. */
  readonly untold: Answer['errors'];
}

/** Undefined when there is no difference but those that the specification allows. */
export async function compareAnswers(
  { ask, monolith }: Pick<Federation, 'ask' | 'monolith'>,
  { source, variables }: GeneratedOperation,
): Promise<Difference | undefined> {
  const expected = await monolith(source, { ...variables });
  const answer = await ask(source, { ...variables });
  // A limit of the gateway, not an answer.
  if (answer.errors[0]?.code === 'OPERATION_TOO_COMPLEX') return undefined;
  const told = new Set(answer.errors.map(({ path }) => path));
  // A subgraph that nulls an object because of one field keeps the faults of the others to itself.
  const untold = expected.errors.filter(({ path }) => !told.has(path) && isShown(answer.data, path));
  const isSame =
    isDeepStrictEqual(answer.data, JSON.parse(JSON.stringify(expected.data))) &&
    untold.length === 0 &&
    (expected.errors.length > 0 || answer.errors.length === 0);
  return isSame ? undefined : { source, variables, answer, expected, untold };
}

/** Whether what the path is in is there. */
function isShown(data: unknown, path: string): boolean {
  const above = path.split('.').slice(0, -1);
  return above.reduce((value: unknown, key) => (value as Record<string, unknown> | null)?.[key] ?? null, data) !== null;
}
