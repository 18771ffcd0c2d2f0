/** What a server still has after a restart: everything, what was written a moment before, or nothing. */
export type Persistence = 'all' | 'most' | 'nothing';

export type RedisCommand = readonly [name: 'evalsha' | 'eval' | 'script' | 'ping', ...args: (string | number)[]];
export type RedisReply = readonly [error: Error | null, reply: unknown];
/** As XREAD answers; null = nothing. */
export type StreamEntries =
  readonly (readonly [stream: string, entries: readonly (readonly [id: string, fields: readonly string[]])[]])[] | null;

/** So often is remembered what a restart that loses the latest goes back to, in ms. */
export const savedEveryMs = 1_000;
/** Redis answers more often than anything happens: with fewer shards than the 64 of the product, more happens in the same time. */
export const modelShards = 8;

/** A Redis in virtual time. A promise is waited for by whoever lets time pass. */
export interface ModelRedis {
  readonly isUp: boolean;
  /** Another one after every restart. */
  readonly runId: string;
  /** Runs them one after the other. */
  run(commands: readonly RedisCommand[]): readonly RedisReply[] | Promise<readonly RedisReply[]>;
  /** At most `count` entries of each shard's stream after the positions; null when there is none. */
  entriesAfter(positions: readonly string[], count: number): StreamEntries | Promise<StreamEntries>;
  /** The highest version of those that others see. */
  versionOf(userId: string): number | Promise<number>;
  /** Called when it appends or goes down. Returns a function that stops it. */
  onEvent(listener: (event: 'appended' | 'down') => void): () => void;
  flush(): void;
  stop(): void;
  start(persistence: Persistence): void;
}
