import type { Logger } from '../../../../shared/logging/logger.js';
import { decodeEntry, type StreamEntry } from './presence-codec.js';
import { changesKey } from './presence-keys.js';
import { silenceMs, type RedisLink } from './redis-link.js';
import type { ShardLives } from './shard-lives.js';

/** After this long the reader looks whether a shard has begun anew, and with it its offsets. In ms. */
const blockMs = 500;
/** Entries of one shard at once: everybody else gets their turn in between. */
const batchSize = 100;
const retryMs = 100;

export interface StreamReader {
  close(): Promise<void>;
}

export interface StreamReaderOptions {
  readonly shards: number;
  /** Its own: a blocking read holds up everything behind it. */
  readonly link: RedisLink;
  readonly lives: ShardLives;
  /** Resolves when the lives of all shards are known. */
  readonly started: Promise<void>;
  /** Learns the shards' lives again. */
  readonly relearn: () => Promise<void>;
  /** Called once for every entry, those of a shard in order. */
  readonly onEntry: (shard: number, offset: number, entry: StreamEntry) => void;
  readonly logger: Logger;
}

/** Reads the streams of all shards with one blocking command, for as long as it is not closed. */
export function startStreamReader({ shards, link, lives, started, relearn, onEntry, logger }: StreamReaderOptions): StreamReader {
  const streams = Array.from({ length: shards }, (_, shard) => changesKey(shard));
  const shardOfStream = new Map(streams.map((stream, shard) => [stream, shard]));
  const { redis } = link;
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;

  async function readOnce(): Promise<void> {
    link.requireReady();
    const positions = streams.map((_, shard) => `${lives.of(shard)?.told ?? 0}-0`);
    const found = await link.within(
      blockMs + silenceMs,
      redis.xread('COUNT', batchSize, 'BLOCK', blockMs, 'STREAMS', ...streams, ...positions),
    );
    let strange: { readonly shard: number; readonly epoch: string } | undefined;
    for (const [stream, entries] of found ?? []) {
      const shard = shardOfStream.get(stream) ?? 0;
      for (const [id, fields] of entries) {
        if (isClosing()) return;
        const entry = decodeEntry(fields);
        // Of a life that this process has not heard of, or has given up meanwhile: its offsets mean nothing here.
        if (entry.epoch !== lives.of(shard)?.epoch) {
          strange = { shard, epoch: entry.epoch };
          break;
        }
        const offset = Number.parseInt(id, 10);
        if (lives.tell(shard, offset)) onEntry(shard, offset, entry);
      }
    }
    if (strange === undefined) return;
    await relearn();
    // It could not: asked again at once, Redis would answer the same as often as it can.
    if (lives.of(strange.shard)?.epoch !== strange.epoch) await link.pause(retryMs);
  }

  async function run(): Promise<void> {
    await Promise.race([started, new Promise((resolve) => closing.signal.addEventListener('abort', resolve))]);
    while (!isClosing()) {
      try {
        await readOnce();
      } catch (error) {
        if (isClosing()) return;
        logger.debug({ err: error }, 'presence: changes cannot be read');
        await link.pause(retryMs);
      }
    }
  }

  const running = run();

  return {
    async close() {
      closing.abort();
      await link.close();
      await running;
    },
  };
}
