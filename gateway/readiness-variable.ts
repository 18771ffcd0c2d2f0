import { commaSeparated } from '../shared/config/environment.js';

/** Which subgraphs must answer for the gateway to be ready. */
export type ReadyRequires = 'all' | ReadonlySet<string>;

/** To be spread into the schema of an entry's environment. */
export const readinessVariable = {
  READY_REQUIRES: commaSeparated
    .transform((names, context): ReadyRequires => {
      if (names.length === 1 && names[0] === 'all') return 'all';
      if (names.length === 1 && names[0] === 'none') return new Set();
      if (names.length > 0 && !names.includes('all') && !names.includes('none')) return new Set(names);
      context.addIssue({ code: 'custom', message: 'must be names of subgraphs with commas, or all, or none, alone' });
      return 'all';
    })
    .default('all'),
};
