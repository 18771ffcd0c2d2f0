import cluster from 'node:cluster';
import { createWorkerLink, type WorkerLink } from './worker-link.js';
import type { WorkerProcess } from './supervise-workers.js';
import type { ToWorker } from './worker-messages.js';

/** In a worker, its link to the supervisor; undefined in a process that is none. */
export function linkOfThisWorker(): WorkerLink | undefined {
  if (!cluster.isWorker) return undefined;
  // A signal for the whole group is the supervisor's to follow, and must not end this one.
  process.on('SIGUSR2', () => undefined);
  return createWorkerLink({
    send(message) {
      // Without its supervisor the process ends by itself.
      if (process.connected) process.send?.(message);
    },
    onMessage: (listener) => void process.on('message', (message) => listener(message as ToWorker)),
  });
}

/** Another process that runs what this one runs, and shares its ports with the others. */
export function forkWorker(): WorkerProcess {
  return cluster.fork();
}
