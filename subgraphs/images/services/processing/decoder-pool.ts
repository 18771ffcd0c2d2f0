import { AppError } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { DecoderJob, DecoderJobs, JobKind } from './decoder/jobs.js';
import type { DecoderOutcome, DecoderProcess } from './decoder-process.js';
import type { PictureUrgency } from './picture-processing.js';
import { createTurnQueue } from './turn-queue.js';

export type JobOutcome<Kind extends JobKind> =
  | { readonly kind: 'Done'; readonly result: DecoderJobs[Kind]['result'] }
  /** The picture has ended two processes in a row. */
  | { readonly kind: 'Crashed' }
  | { readonly kind: 'OutOfMemory' };

export interface DecoderPool {
  /** Throws an `UNAVAILABLE` `AppError` when a decoder takes too long, or none can be started. */
  run<Kind extends JobKind>(urgency: PictureUrgency, job: DecoderJobs[Kind]['job']): Promise<JobOutcome<Kind>>;
  close(): Promise<void>;
}

export interface DecoderPoolOptions {
  /** How many processes there may be. */
  readonly size: number;
  readonly startDecoder: () => DecoderProcess;
  /** For one job, in ms. */
  readonly timeLimitMs: number;
  /** After so long without a job a process ends, in ms. */
  readonly idleMs: number;
  readonly logger: Logger;
}

interface Resting {
  readonly decoder: DecoderProcess;
  readonly timer: NodeJS.Timeout;
}

/** Processes that are started when there is work, used again, ended when there is none, and replaced when they have failed. */
export function createDecoderPool({ size, startDecoder, timeLimitMs, idleMs, logger }: DecoderPoolOptions): DecoderPool {
  const turns = createTurnQueue({ concurrency: size, maxWaiting: { upload: Infinity, variant: Infinity } });
  // The last one that worked is the first to work again, so that those too many come to rest.
  const resting: Resting[] = [];
  const working = new Set<DecoderProcess>();
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw unavailable();
  }

  function take(): DecoderProcess {
    for (let next = resting.pop(); next !== undefined; next = resting.pop()) {
      clearTimeout(next.timer);
      if (next.decoder.isFit()) return next.decoder;
      void next.decoder.stop();
    }
    return startDecoder();
  }

  async function putBack(decoder: DecoderProcess): Promise<void> {
    if (isClosed || !decoder.isFit()) return decoder.stop();
    const entry: Resting = {
      decoder,
      timer: setTimeout(() => {
        resting.splice(resting.indexOf(entry), 1);
        void decoder.stop();
      }, idleMs).unref(),
    };
    resting.push(entry);
  }

  async function attempt(job: DecoderJob): Promise<DecoderOutcome> {
    const decoder = take();
    working.add(decoder);
    const outcome = await decoder.run(job, { timeLimitMs });
    working.delete(decoder);
    // Whatever else happened, the process may still be at it.
    await (outcome.kind === 'Done' || outcome.kind === 'Failed' ? putBack(decoder) : decoder.stop());
    return outcome;
  }

  async function runJob(job: DecoderJob): Promise<JobOutcome<JobKind>> {
    let crashes = 0;
    let starts = 0;
    for (;;) {
      assertOpen();
      const outcome = await attempt(job);
      if (outcome.kind !== 'Done') assertOpen();
      switch (outcome.kind) {
        case 'Done':
        case 'OutOfMemory':
          return outcome;
        case 'Crashed':
          crashes += 1;
          logger.warn({ job: job.kind, reason: outcome.reason, crashes }, 'a picture decoder ended in the middle of its job');
          // Whether it was the picture, or a system without memory that ended some process, only another one tells.
          if (crashes === 2) return { kind: 'Crashed' };
          break;
        case 'NotStarted':
          starts += 1;
          if (starts === 2) throw unavailable(new Error(outcome.reason));
          break;
        case 'Failed':
          throw new Error(`A picture decoder could not work: ${outcome.message}`);
        case 'TimedOut':
          throw new AppError('UNAVAILABLE', 'The image took too long to process: try again later.', { retryAfter: 30 });
      }
    }
  }

  return {
    run: <Kind extends JobKind>(urgency: PictureUrgency, job: DecoderJobs[Kind]['job']) =>
      // A decoder answers every job with a result of the job's own kind.
      turns.run(urgency, () => runJob(job) as Promise<JobOutcome<Kind>>),
    async close() {
      isClosed = true;
      for (const { timer } of resting) clearTimeout(timer);
      await Promise.all([...resting.splice(0).map(({ decoder }) => decoder), ...working].map((decoder) => decoder.stop()));
      await turns.close();
    },
  };
}

function unavailable(cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', 'Images cannot be processed at the moment: try again in a few seconds.', { retryAfter: 5, cause });
}
