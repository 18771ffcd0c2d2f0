import { ConfigurationError } from '../../shared/config/environment.js';
import type { Logger, LogLevel } from '../../shared/logging/logger.js';
import { createMetricsGathering } from './gather-metrics.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** What is needed of `Worker` of `node:cluster`. */
export interface WorkerProcess {
  readonly process: { readonly pid?: number | undefined; kill(signal: NodeJS.Signals): unknown };
  send(message: ToWorker): unknown;
  isConnected(): boolean;
  on(event: 'message', listener: (message: FromWorker) => void): unknown;
  once(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown;
}

export interface SupervisorOptions {
  readonly workers: number;
  readonly fork: () => WorkerProcess;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly delay?: (run: () => void, ms: number) => NodeJS.Timeout;
}

export interface Supervisor {
  /** Where they listen. Resolves when all are ready; rejects when the first ones end before: what is wrong they have said themselves. */
  readonly ready: Promise<string>;
  /** Of all workers, and of those that take their place. */
  setLogLevel(level: LogLevel): void;
  /** Lets all finish what they are about (SIGTERM), and resolves when they have ended. */
  close(): Promise<void>;
}

/** A worker that lived for this long was well; the next one comes at once. In ms. */
const wellAfterMs = 10_000;
const firstBackoffMs = 250;
const maximumBackoffMs = 30_000;

interface Running {
  readonly worker: WorkerProcess;
  readonly startedAt: number;
  isReady: boolean;
}

/**
 * Keeps `workers` processes running. The first one starts alone, so that what is wrong with the configuration is said once. One that ends is
 * replaced, at once or, if it and those before it did not live long, after a growing pause.
 */
export function superviseWorkers({ workers, fork, logger, now = Date.now, delay = setTimeout }: SupervisorOptions): Supervisor {
  const running = new Set<Running>();
  const pauses = new Set<NodeJS.Timeout>();
  const metrics = createMetricsGathering(() => [...running].filter(({ isReady }) => isReady).map(({ worker }) => worker));
  let failures = 0;
  let isClosing = false;
  let hasStarted = false;
  let url = '';
  /** Undefined while it is the configured one. */
  let logLevel: LogLevel | undefined;
  let resolveReady: (url: string) => void = () => undefined;
  let rejectReady: (error: Error) => void = () => undefined;
  let resolveClosed: () => void = () => undefined;
  const ready = new Promise<string>((resolve, reject) => {
    resolveReady = resolve;
    rejectReady = reject;
  });

  function send(worker: WorkerProcess, message: ToWorker): void {
    if (worker.isConnected()) worker.send(message);
  }

  function countReady(): number {
    return [...running].filter(({ isReady }) => isReady).length;
  }

  function tellCounts(): void {
    for (const { worker } of running) send(worker, { kind: 'workers', ready: countReady(), wanted: workers });
  }

  function start(): void {
    const worker = fork();
    const own: Running = { worker, startedAt: now(), isReady: false };
    running.add(own);
    worker.on('message', (message) => {
      switch (message.kind) {
        case 'ready':
          own.isReady = true;
          if (logLevel !== undefined) send(worker, { kind: 'log level', level: logLevel });
          url = message.url;
          onReady();
          return;
        case 'ask metrics':
          void metrics.text().then((text) => send(worker, { kind: 'all metrics', id: message.id, text }));
          return;
        case 'metrics':
          metrics.take(message.id, message.snapshot);
      }
    });
    worker.once('exit', (code, signal) => onExit(own, code, signal));
  }

  function onReady(): void {
    tellCounts();
    if (!hasStarted && running.size < workers) {
      while (running.size < workers) start();
      return;
    }
    if (hasStarted || countReady() < workers) return;
    hasStarted = true;
    resolveReady(url);
  }

  function onExit(own: Running, code: number | null, signal: string | null): void {
    running.delete(own);
    if (isClosing) {
      if (running.size === 0) resolveClosed();
      return;
    }
    const ended = signal ?? `status ${String(code)}`;
    if (!hasStarted) {
      rejectReady(new ConfigurationError([`no worker can start: what it said stands above (${ended})`]));
      return;
    }
    tellCounts();
    failures = own.isReady && now() - own.startedAt >= wellAfterMs ? 0 : failures + 1;
    const pauseMs = failures === 0 ? 0 : Math.min(maximumBackoffMs, firstBackoffMs * 2 ** (failures - 1));
    logger.error({ worker: own.worker.process.pid, ended, pauseMs }, 'a worker ended and is replaced');
    metrics.noteRestart();
    const pause = delay(() => {
      pauses.delete(pause);
      start();
    }, pauseMs);
    pauses.add(pause);
  }

  start();
  return {
    ready,
    setLogLevel(level) {
      logLevel = level;
      for (const { worker } of running) send(worker, { kind: 'log level', level });
    },
    close() {
      isClosing = true;
      for (const pause of pauses) clearTimeout(pause);
      const closed = new Promise<void>((resolve) => (resolveClosed = resolve));
      if (running.size === 0) resolveClosed();
      for (const { worker } of running) worker.process.kill('SIGTERM');
      return closed;
    },
  };
}
