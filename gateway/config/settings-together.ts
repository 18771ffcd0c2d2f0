import type { z } from 'zod';

type Environment = Readonly<Record<string, string | undefined>>;
type Values = Readonly<Record<string, unknown>>;

/** Two settings of which one must not be above the other. */
interface Pair {
  readonly lower: string;
  readonly upper: string;
  /** What would come of it, after "or". */
  readonly otherwise: string;
  /** Where the upper one alone is set, the default of the lower one is bounded by it, as it is meant; not so with these. */
  readonly evenByDefault?: true;
}

const pairs: readonly Pair[] = [
  { lower: 'UPLOAD_MAX_FILE_BYTES', upper: 'UPLOAD_MAX_BYTES', otherwise: 'no file as large as that would ever come in' },
  { lower: 'SUBGRAPH_TIMEOUT_MS', upper: 'OPERATION_TIMEOUT_MS', otherwise: 'the operation ends before it' },
  { lower: 'SLOW_OPERATION_MS', upper: 'OPERATION_TIMEOUT_MS', otherwise: 'no operation would ever be slow' },
  {
    lower: 'CIRCUIT_OPEN_MS',
    upper: 'CIRCUIT_MAX_OPEN_MS',
    otherwise: 'the longest time would be shorter than the first',
    evenByDefault: true,
  },
  {
    lower: 'SOCKET_HIGH_WATER_BYTES',
    upper: 'SOCKET_MAX_UNSENT_BYTES',
    otherwise: 'sockets would be closed before anything is held back for them',
    evenByDefault: true,
  },
  { lower: 'MAX_UNINITIALISED_SOCKETS', upper: 'MAX_SOCKETS', otherwise: 'it would never be reached' },
  { lower: 'MAX_SOCKETS_PER_USER', upper: 'MAX_SOCKETS', otherwise: 'it would never be reached' },
  { lower: 'MAX_OPERATIONS_PER_SOCKET', upper: 'MAX_OPERATIONS', otherwise: 'it would never be reached' },
  { lower: 'MAX_DEPTH', upper: 'MAX_SELECTIONS', otherwise: 'it would never be reached' },
  { lower: 'MAX_ALIASES', upper: 'MAX_SELECTIONS', otherwise: 'it would never be reached' },
  { lower: 'MAX_ROOT_FIELDS', upper: 'MAX_SELECTIONS', otherwise: 'it would never be reached' },
  { lower: 'MAX_LITERAL_LISTS', upper: 'MAX_INPUT_DEPTH', otherwise: 'it would never be reached' },
];

/**
 * For `superRefine` of the schema of a whole environment: refuses settings that are right by themselves and contradict each other, before
 * somebody finds out by what does not happen. `environment` is what was set. Each message names both.
 */
export function checkSettingsTogether(environment: Environment): (values: Values, context: z.RefinementCtx) => void {
  const isSet = (variable: string): boolean => (environment[variable] ?? '') !== '';

  return (values, context) => {
    const refuse = (variable: string, message: string) => context.addIssue({ code: 'custom', path: [variable], message });
    const faulty = new Set(context.issues.map(({ path }) => path?.[0]));
    const numberOf = (variable: string): number => {
      const value = values[variable];
      // What has a problem of its own is compared with nothing.
      return typeof value === 'number' && !faulty.has(variable) ? value : Number.NaN;
    };
    const told = (variable: string): string => `${variable} (${numberOf(variable)}${isSet(variable) ? '' : ', as it is not set'})`;

    for (const { lower, upper, otherwise, evenByDefault = false } of pairs) {
      const [named, other] = isSet(lower) ? [lower, upper] : [upper, lower];
      if (!(numberOf(lower) > numberOf(upper)) || (named === upper && !evenByDefault)) continue;
      const relation = named === lower ? 'more than' : 'less than';
      refuse(named, `${numberOf(named)} is ${relation} ${told(other)}, and ${otherwise}`);
    }
    checkSubgraphTimeouts(values, { isSet, numberOf, told, refuse });
    checkRates(values, { isSet, numberOf, told, refuse });
    checkSwitches(values, { isSet, numberOf, told, refuse });
  };
}

interface Asked {
  readonly isSet: (variable: string) => boolean;
  readonly numberOf: (variable: string) => number;
  /** The variable with its value. */
  readonly told: (variable: string) => string;
  readonly refuse: (variable: string, message: string) => void;
}

function checkSubgraphTimeouts({ SUBGRAPH_TIMEOUTS_MS: timeouts }: Values, { numberOf, told, refuse }: Asked): void {
  if (!(timeouts instanceof Map)) return;
  for (const [name, ms] of timeouts as ReadonlyMap<string, number>) {
    if (ms > numberOf('OPERATION_TIMEOUT_MS'))
      refuse('SUBGRAPH_TIMEOUTS_MS', `${name}=${ms} is more than ${told('OPERATION_TIMEOUT_MS')}, and the operation ends before it`);
  }
}

function checkRates({ REDIS_URL, WORKERS }: Values, { isSet, numberOf, told, refuse }: Asked): void {
  const rates = ['RATE_LIMIT_OPERATIONS', 'RATE_LIMIT_COST'].filter(isSet);
  if (typeof WORKERS === 'number' && WORKERS > 1 && REDIS_URL === undefined) {
    for (const rate of rates)
      refuse(
        rate,
        `with WORKERS (${WORKERS}), each would count for itself and let through as much: set REDIS_URL, by which they count together`,
      );
  }
  const perMinute = Math.max(1, Math.round(numberOf('RATE_LIMIT_COST') * numberOf('RATE_LIMIT_SCALE')));
  if (!(numberOf('MAX_COST') > perMinute)) return;
  const named = ['MAX_COST', 'RATE_LIMIT_COST', 'RATE_LIMIT_SCALE'].find(isSet) ?? 'MAX_COST';
  const scale = numberOf('RATE_LIMIT_SCALE') === 1 ? '' : ` times ${told('RATE_LIMIT_SCALE')}`;
  refuse(
    named,
    `${told('MAX_COST')} is more than one client may ask for in a minute, which is ${told('RATE_LIMIT_COST')}${scale}: operations in between would be put off for ever`,
  );
}

function checkSwitches(values: Values, { isSet, numberOf, told, refuse }: Asked): void {
  const { TRUSTED_DOCUMENTS_MODE: mode, PERSISTED_QUERIES, GRAPHIQL, CORS_ORIGINS } = values;
  if (mode === 'only') {
    if (PERSISTED_QUERIES === true && isSet('PERSISTED_QUERIES'))
      refuse('PERSISTED_QUERIES', 'cannot be on while TRUSTED_DOCUMENTS_MODE is only: what a client leaves is no trusted document');
    if (GRAPHIQL === true && isSet('GRAPHIQL'))
      refuse('GRAPHIQL', 'cannot be on while TRUSTED_DOCUMENTS_MODE is only: what is typed into it is no trusted document');
  }
  if (Array.isArray(CORS_ORIGINS) && CORS_ORIGINS.length > 1 && CORS_ORIGINS.includes('*'))
    refuse('CORS_ORIGINS', 'has * for all and single ones, which then count for nothing: leave either out');
  const hasNoRetries = numberOf('SUBGRAPH_RETRY_SHARE') === 0 && numberOf('SUBGRAPH_RETRY_MINIMUM') === 0;
  if (hasNoRetries && numberOf('SUBGRAPH_RETRIES') > 0 && isSet('SUBGRAPH_RETRIES'))
    refuse(
      'SUBGRAPH_RETRIES',
      `${numberOf('SUBGRAPH_RETRIES')} cannot be: ${told('SUBGRAPH_RETRY_SHARE')} and ${told('SUBGRAPH_RETRY_MINIMUM')} allow none`,
    );
}
