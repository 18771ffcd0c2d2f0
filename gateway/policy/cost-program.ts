/** A number that is known now, or a step of the program that finds it out for each request's variables. */
export type Expression = number | { readonly step: number };

type Step =
  | { readonly kind: 'sum' | 'most' | 'product'; readonly of: readonly Expression[] }
  | { readonly kind: 'page'; readonly variable: string; readonly otherwise: number };

export interface CostProgramBuilder {
  sum(of: readonly Expression[]): Expression;
  most(of: readonly Expression[]): Expression;
  product(size: Expression, cost: Expression): Expression;
  /** The number in a variable, `otherwise` when it has none. */
  page(variable: string, otherwise: number): Expression;
  /** Evaluates `result`. May answer infinity. */
  evaluator(result: Expression): (variables: Readonly<Record<string, unknown>>) => number;
}

/**
 * Arithmetic that is written down once per document and done once per request. A fragment is one step however often it is spread, so the
 * work is never more than the document is long, whatever number comes out.
 */
export function createCostProgram(): CostProgramBuilder {
  const steps: Step[] = [];
  const add = (step: Step): Expression => ({ step: steps.push(step) - 1 });
  const combine = (kind: 'sum' | 'most' | 'product', of: readonly Expression[]): Expression => {
    const known = of.filter((each) => typeof each === 'number');
    return known.length === of.length ? calculate(kind, known) : add({ kind, of });
  };

  return {
    sum: (of) => combine('sum', of),
    most: (of) => combine('most', of),
    product: (size, cost) => (size === 0 || cost === 0 ? 0 : combine('product', [size, cost])),
    page: (variable, otherwise) => add({ kind: 'page', variable, otherwise }),
    evaluator(result) {
      if (typeof result === 'number') return () => result;
      return (variables) => {
        const results: number[] = [];
        const valueOf = (expression: Expression): number => (typeof expression === 'number' ? expression : (results[expression.step] ?? 0));
        for (const step of steps) {
          results.push(
            step.kind === 'page' ? pageSize(variables[step.variable], step.otherwise) : calculate(step.kind, step.of.map(valueOf)),
          );
        }
        return valueOf(result);
      };
    },
  };
}

function pageSize(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 0 ? value : otherwise;
}

function calculate(kind: 'sum' | 'most' | 'product', values: readonly number[]): number {
  if (kind === 'sum') return values.reduce((sum, value) => sum + value, 0);
  if (kind === 'most') return values.reduce((most, value) => Math.max(most, value), 0);
  // Nothing times infinity is nothing here.
  return values.includes(0) ? 0 : values.reduce((product, value) => product * value, 1);
}
