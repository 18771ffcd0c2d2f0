import type { Registry } from 'prom-client';
import type { DependencyStatus } from '../../shared/graphql/subgraph.js';
import type { LogLevel } from '../../shared/logging/logger.js';
import type { MetricsSource } from '../../shared/telemetry/metrics-route.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** What a worker knows of its supervisor and, by it, of the other workers. */
export interface WorkerLink {
  ready(url: string): void;
  /** Of all workers, given what this one counts; `registry` alone when the supervisor does not answer. */
  metricsOfAll(registry: Registry): MetricsSource;
  /** For readiness: well as long as most workers are. */
  status(): DependencyStatus;
  /** Calls `listener` when the supervisor's log level changes. */
  onLogLevel(listener: (level: LogLevel) => void): void;
}

/** What is needed of `process`. */
export interface Channel {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** In ms; more than the supervisor waits for the others. */
const timeoutMs = 3_000;

export function createWorkerLink(channel: Channel): WorkerLink {
  let counts = { ready: 1, wanted: 1 };
  let counted: Registry | undefined;
  let lastId = 0;
  const waiting = new Map<number, (text: string) => void>();
  const levelListeners: ((level: LogLevel) => void)[] = [];

  async function tellMetrics(id: number): Promise<void> {
    channel.send({ kind: 'metrics', id, snapshot: (await counted?.getMetricsAsJSON()) ?? [] });
  }

  channel.onMessage((message) => {
    switch (message.kind) {
      case 'collect metrics':
        void tellMetrics(message.id);
        return;
      case 'all metrics':
        waiting.get(message.id)?.(message.text);
        return;
      case 'log level':
        for (const listener of levelListeners) listener(message.level);
        return;
      case 'workers':
        counts = message;
    }
  });

  return {
    onLogLevel: (listener) => void levelListeners.push(listener),
    ready: (url) => channel.send({ kind: 'ready', url }),
    metricsOfAll(registry) {
      counted = registry;
      return {
        contentType: registry.contentType,
        metrics() {
          lastId += 1;
          const id = lastId;
          channel.send({ kind: 'ask metrics', id });
          return new Promise((resolve) => {
            const timer = setTimeout(() => end(registry.metrics()), timeoutMs);
            function end(text: string | Promise<string>): void {
              clearTimeout(timer);
              waiting.delete(id);
              resolve(text);
            }
            waiting.set(id, end);
          });
        },
      };
    },
    status: () => ({ name: `workers (${counts.ready} of ${counts.wanted})`, ok: counts.ready * 2 > counts.wanted, latencyMs: 0 }),
  };
}
