import { z } from 'zod';
import { commaSeparated } from '../../../shared/config/environment.js';

/** How long is waited for what, in ms. */
export interface Timeouts {
  /** For a whole operation, over all subgraphs; for each event of a subscription anew. */
  readonly operationMs: number;
  /** For one request to a subgraph that `ofSubgraphMs` does not name. */
  readonly subgraphMs: number;
  readonly ofSubgraphMs: ReadonlyMap<string, number>;
}

/** An hour. */
export const longestTimeoutMs = 3_600_000;

const ms = z
  .string()
  .regex(/^\d{1,7}$/, 'must be a number of milliseconds from 1 to 3600000')
  .transform(Number)
  .refine((value) => value >= 1 && value <= longestTimeoutMs, 'must be a number of milliseconds from 1 to 3600000');

/** To be spread into the schema of an entry's environment. */
export const timeoutVariables = {
  OPERATION_TIMEOUT_MS: ms.default(30_000),
  SUBGRAPH_TIMEOUT_MS: ms.default(10_000),
  SUBGRAPH_TIMEOUTS_MS: commaSeparated
    .transform((entries, context) => {
      const timeouts = new Map<string, number>();
      for (const entry of entries) {
        const [name = '', value = '', ...rest] = entry.split('=').map((part) => part.trim());
        const read = ms.safeParse(value);
        if (name === '' || rest.length > 0 || !read.success || timeouts.has(name)) {
          context.addIssue({ code: 'custom', message: 'must be names of subgraphs with milliseconds, such as reviews=2000,search=500' });
          return z.NEVER;
        }
        timeouts.set(name, read.data);
      }
      return timeouts;
    })
    .default(new Map()),
};

export function toTimeouts(values: z.output<z.ZodObject<typeof timeoutVariables>>): Timeouts {
  return {
    operationMs: values.OPERATION_TIMEOUT_MS,
    subgraphMs: values.SUBGRAPH_TIMEOUT_MS,
    ofSubgraphMs: values.SUBGRAPH_TIMEOUTS_MS,
  };
}

export function timeoutOf({ subgraphMs, ofSubgraphMs }: Timeouts, name: string): number {
  return ofSubgraphMs.get(name) ?? subgraphMs;
}
