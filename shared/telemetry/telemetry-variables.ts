import { z } from 'zod';

/** How a process tells Prometheus about itself. */
export interface MetricsConfig {
  /** What who reads must send as bearer token; undefined lets everybody read who reaches the port. */
  readonly token: string | undefined;
}

/** To be spread into the schema of an entry's environment. */
export const telemetryVariables = {
  METRICS: z.enum(['on', 'off']).default('on'),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 characters or more, without blanks')
    .optional(),
};

/** Undefined when it does not. */
export function toMetricsConfig(values: z.output<z.ZodObject<typeof telemetryVariables>>): MetricsConfig | undefined {
  return values.METRICS === 'off' ? undefined : { token: values.METRICS_TOKEN };
}
