import type { Logger } from '../../../../shared/logging/logger.js';
import type { Scheduler } from '../../presence/scheduler.js';
import { sweepScript } from './presence-scripts.js';
import type { ScriptCall, ScriptRunner } from './script-runner.js';
import type { ShardLives } from './shard-lives.js';

/** Every process sweeps this often, so that a lease that has run out is told within half a second by whoever comes first. In ms. */
const sweepEveryMs = 500;

/** Lets leases run out, and learns by the answers when a shard has begun a new life. */
export interface ShardSweeper {
  /** Resolves when this process knows every shard. */
  readonly started: Promise<void>;
  /** Sweeps now, or joins the sweep that is under way. Never rejects. */
  sweep(): Promise<void>;
  stop(): void;
}

export interface ShardSweeperOptions {
  readonly shards: number;
  readonly runner: ScriptRunner;
  readonly lives: ShardLives;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

export function startShardSweeper({ shards, runner, lives, scheduler, logger }: ShardSweeperOptions): ShardSweeper {
  const everyShard = Array.from({ length: shards }, (_, shard): ScriptCall => ({ shard, script: sweepScript, args: [] }));
  let start: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (start = resolve));
  let underWay: Promise<void> | undefined;
  let lastFailure: string | undefined;
  let cancel = scheduler.after(sweepEveryMs, tick);

  function tick(): void {
    cancel = scheduler.after(sweepEveryMs, tick);
    void sweep();
  }

  function sweep(): Promise<void> {
    return (underWay ??= sweepAll()
      .then(
        () => {
          lastFailure = undefined;
          if (lives.areEven) start();
        },
        (error: unknown) => {
          // Said once, not twice a second.
          const failure = String(error);
          if (failure !== lastFailure) logger.warn({ err: error }, 'presence: the shards were not swept; trying again');
          lastFailure = failure;
        },
      )
      .finally(() => {
        underWay = undefined;
      }));
  }

  async function sweepAll(): Promise<void> {
    let due = await sweepShards(everyShard);
    // A shard that has just begun does not know the others' base.
    if (!lives.areEven) due = await sweepShards(everyShard);
    while (due.length > 0) due = await sweepShards(due);
  }

  /** Answers those of which there is more to sweep. */
  async function sweepShards(calls: readonly ScriptCall[]): Promise<readonly ScriptCall[]> {
    const results = await runner.run(calls);
    lives.learn(results);
    return calls.filter((_, index) => results[index]?.result === 1);
  }

  return {
    started,
    sweep,
    stop: () => cancel(),
  };
}
