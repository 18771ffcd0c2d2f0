import { isDeepStrictEqual } from 'node:util';

export interface ChaosAnswer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: Record<string, unknown>;
  }[];
}

/** What is wrong with an answer: empty when each part of it is right, or null with an error that says so at its place. */
export function judge(answer: ChaosAnswer, expected: unknown): readonly string[] {
  const { data = null, errors = [] } = answer;
  const problems: string[] = [];
  for (const { message, path, extensions = {} } of errors) {
    if (extensions.code !== 'UNAVAILABLE') problems.push(`an error of code ${String(extensions.code)}: ${message}`);
    if (typeof extensions.requestId !== 'string') problems.push('an error without a request id');
    if (/127\.0\.0\.1|html|stack|ECONN|\bat \//.test(JSON.stringify({ message, extensions })))
      problems.push(`an error tells too much: ${message}`);
    if (path === undefined) problems.push('an error without a path');
    else if (!endsInNull(data, path)) problems.push(`an error at ${path.join('.')}, where there is no null`);
  }
  compare(data, expected, []);
  return problems;

  function compare(got: unknown, right: unknown, path: readonly (string | number)[]): void {
    if (got === null && right !== null) {
      if (!errors.some((error) => error.path !== undefined && tellsOf(error.path, path)))
        problems.push(`no error for the null at ${path.join('.')}`);
    } else if (typeof right === 'object' && right !== null && typeof got === 'object' && got !== null) {
      const keys = new Set([...Object.keys(got), ...Object.keys(right)]);
      for (const key of keys) {
        const step = Array.isArray(right) ? Number(key) : key;
        compare((got as Record<string, unknown>)[key], (right as Record<string, unknown>)[key], [...path, step]);
      }
    } else if (!isDeepStrictEqual(got, right))
      problems.push(`${path.join('.')} is ${JSON.stringify(got)}, and not ${JSON.stringify(right)}`);
  }
}

/** Below a null there is nothing left to point at. */
function endsInNull(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data;
  for (const step of path) {
    if (value === null) return true;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value === null;
}

/** An error at a place, above it, or below it: what it should have held. */
function tellsOf(errorPath: readonly (string | number)[], path: readonly (string | number)[]): boolean {
  return path.slice(0, errorPath.length).every((step, index) => errorPath[index] === step);
}
