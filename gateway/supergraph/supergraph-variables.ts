import { z } from 'zod';
import { commaSeparated } from '../../shared/config/environment.js';
import { executorNames, type ExecutorName } from './executor-name.js';

/** How the supergraph is served, from the environment. */
export interface SupergraphSettings {
  readonly executor: ExecutorName;
  /** Labels of `@override`s that count, beside `percent(…)`. */
  readonly activeLabels: ReadonlySet<string>;
}

/** As composition wants them. */
const label = z
  .string()
  .regex(
    /^[A-Za-z][\w.:/-]*$/,
    'must be labels of @override, which begin with a letter and have letters, digits and _-:./; percent(…) counts by itself',
  );

/** To be spread into the schema of an entry's environment. */
export const supergraphVariables = {
  EXECUTOR: z.enum(executorNames).default('galaxia'),
  OVERRIDE_LABELS: commaSeparated.pipe(z.array(label)).default([]),
};

export function toSupergraphSettings({ EXECUTOR, OVERRIDE_LABELS }: z.output<z.ZodObject<typeof supergraphVariables>>): SupergraphSettings {
  return { executor: EXECUTOR, activeLabels: new Set(OVERRIDE_LABELS) };
}
