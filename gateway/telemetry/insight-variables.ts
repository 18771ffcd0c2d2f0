import { z } from 'zod';

/** What operators, and those whom they let, see of single operations. */
export interface InsightConfig {
  /** Operations that take as long, in ms, are logged; undefined logs none. */
  readonly slowOperationMs: number | undefined;
  /** Whether clients may see the plan of their query. */
  readonly showsQueryPlans: boolean;
  /** Whether the traces of clients go on here, or new ones begin. */
  readonly trustsTraceparent?: boolean;
}

const message = 'must be a number of milliseconds from 1 to 3600000';

/** To be spread into the schema of an entry's environment. */
export const insightVariables = {
  SLOW_OPERATION_MS: z
    .string()
    .regex(/^\d{1,7}$/, message)
    .transform(Number)
    .refine((value) => value >= 1 && value <= 3_600_000, message)
    .optional(),
  QUERY_PLAN: z.enum(['on', 'off']).default('off'),
  TRUST_TRACEPARENT: z.enum(['on', 'off']).default('on'),
};

export function toInsightConfig(values: z.output<z.ZodObject<typeof insightVariables>>): InsightConfig {
  return {
    slowOperationMs: values.SLOW_OPERATION_MS,
    showsQueryPlans: values.QUERY_PLAN === 'on',
    trustsTraceparent: values.TRUST_TRACEPARENT === 'on',
  };
}
