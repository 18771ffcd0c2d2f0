import type { LogLevel } from '../../shared/logging/logger.js';

/** A registry of prom-client as it travels between processes. */
export type MetricsSnapshot = readonly object[];

/** What a worker says to its supervisor. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly url: string }
  /** Somebody wants to know the metrics of all. */
  | { readonly kind: 'ask metrics'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly snapshot: MetricsSnapshot };

/** What a supervisor says to its workers. */
export type ToWorker =
  | { readonly kind: 'collect metrics'; readonly id: number }
  | { readonly kind: 'all metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'log level'; readonly level: LogLevel }
  /** How many of `wanted` are ready. */
  | { readonly kind: 'workers'; readonly ready: number; readonly wanted: number };
