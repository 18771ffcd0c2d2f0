import { defaultNumbers, type NumbersOf } from '../../../shared/config/number-settings.js';

const mostMs = 3_600_000;

/** How much is taken from a subgraph, and how one in trouble is asked (docs/adr/0023). Times in ms. */
export const subgraphFaultSettings = {
  maxResponseBytes: {
    variable: 'SUBGRAPH_MAX_RESPONSE_BYTES',
    otherwise: 32 * 1024 * 1024,
    most: 1_000_000_000,
    about: 'Bytes of one answer of a subgraph, or of one event.',
  },
  maximumRetries: {
    variable: 'SUBGRAPH_RETRIES',
    otherwise: 2,
    least: 0,
    most: 10,
    about: 'Retries of one request of a query.',
  },
  retryShare: {
    variable: 'SUBGRAPH_RETRY_SHARE',
    otherwise: 0.15,
    least: 0,
    most: 1,
    isShare: true,
    about: 'Retries per request of the last ten seconds.',
  },
  minimumRetries: {
    variable: 'SUBGRAPH_RETRY_MINIMUM',
    otherwise: 10,
    least: 0,
    most: 1_000_000,
    about: 'Retries in ten seconds that there are in any case, or nothing would be retried where little is asked.',
  },
  minimumRequests: {
    variable: 'CIRCUIT_MINIMUM_REQUESTS',
    otherwise: 20,
    most: 1_000_000,
    about: 'Fewer requests in the last ten seconds never open the circuit.',
  },
  faultRate: {
    variable: 'CIRCUIT_FAULT_RATE',
    otherwise: 0.5,
    least: 0.01,
    most: 1,
    isShare: true,
    about: 'Share of the requests of the last ten seconds that fail at which the circuit opens.',
  },
  openMs: {
    variable: 'CIRCUIT_OPEN_MS',
    otherwise: 2_000,
    most: mostMs,
    about: 'How long nobody is let through; after a minute twice as long each time that a probe fails.',
  },
  maxOpenMs: { variable: 'CIRCUIT_MAX_OPEN_MS', otherwise: 8_000, most: mostMs, about: 'How long that is at most.' },
} as const;

export type SubgraphFaultLimits = NumbersOf<typeof subgraphFaultSettings>;

export const defaultSubgraphFaultLimits: SubgraphFaultLimits = defaultNumbers(subgraphFaultSettings);
