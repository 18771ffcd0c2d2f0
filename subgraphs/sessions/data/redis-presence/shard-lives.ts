import { createHash } from 'node:crypto';
import type { PresenceMoment } from '../../services/presence/presence-store.js';

/** What every script answers about its shard. */
export interface ShardAnswer {
  readonly shard: number;
  readonly epoch: string;
  readonly offset: number;
  /** Changes up to this offset may be missing in the stream. */
  readonly forgotten: number;
  /** No version of the shard is lower. */
  readonly base: number;
}

export interface ShardLife {
  readonly epoch: string;
  /** The highest offset that this process knows of. */
  readonly offset: number;
  readonly forgotten: number;
  /** Up to here this process has told its listeners. */
  readonly told: number;
}

/** What this process knows of the shards' lives, and how far it has told them. */
export interface ShardLives {
  of(shard: number): ShardLife | undefined;
  /** The highest base known of any shard. */
  readonly base: number;
  /** Whether every shard is known, all with the same base. */
  readonly areEven: boolean;
  /** A name of the lives of all shards together: another as soon as one of them begins anew. */
  readonly epoch: string;
  /** How far every shard has been told. */
  heard(): PresenceMoment;
  /** Takes in what an answer says of the life that is known of its shard. */
  observe(answer: ShardAnswer): void;
  /** Takes in what all shards answered, new lives too: Redis loses its shards together, and everybody is to hear of it once. */
  learn(answers: readonly ShardAnswer[]): void;
  /** Whether the answer tells of another life than the known one. */
  isStrange(answer: ShardAnswer): boolean;
  /** The entry at the offset is told now. False when it was told before. */
  tell(shard: number, offset: number): boolean;
}

/** `onLost` is called when a shard has begun a new life, or entries of its stream were gone before they were told. */
export function createShardLives({ shards, onLost }: { shards: number; onLost: () => void }): ShardLives {
  const lives = new Map<number, ShardLife & { readonly base: number }>();
  let epoch: string | undefined;
  let base = 0;
  /** Asked for by every subscription that tells the same change. */
  let heard: PresenceMoment | undefined;

  function set(shard: number, life: ShardLife & { readonly base: number }): void {
    if (lives.get(shard)?.told !== life.told) heard = undefined;
    lives.set(shard, life);
  }

  function epochNow(): string {
    return (epoch ??= nameOf([...lives].sort(([a], [b]) => a - b).map(([, life]) => life.epoch)));
  }

  /** Whether something is lost. */
  function observe(answer: ShardAnswer): boolean {
    const { shard, ...life } = answer;
    const known = lives.get(shard);
    base = Math.max(base, answer.base);
    if (known?.epoch !== answer.epoch) return false;
    const isMissed = known.told < answer.forgotten;
    // Answers of calls that ran side by side may come in any order.
    const offset = Math.max(known.offset, answer.offset);
    // Most of all answers come from sweeps, twice a second from every shard, and tell nothing new.
    if (offset === known.offset && answer.forgotten === known.forgotten && answer.base === known.base) return isMissed;
    set(shard, { ...life, offset, told: Math.max(known.told, answer.forgotten) });
    return isMissed;
  }

  /** Whether something is lost. */
  function learn({ shard, ...life }: ShardAnswer): boolean {
    const known = lives.get(shard);
    if (known?.epoch === life.epoch) return observe({ shard, ...life });
    // Whoever is new hears what comes from now on; whoever knew another life hears this one from its beginning.
    lives.set(shard, { ...life, told: known === undefined ? life.offset : life.forgotten });
    epoch = undefined;
    heard = undefined;
    return known !== undefined;
  }

  return {
    of: (shard) => lives.get(shard),
    get base() {
      return base;
    },
    get areEven() {
      return lives.size === shards && [...lives.values()].every((life) => life.base === base);
    },
    get epoch() {
      return epochNow();
    },
    heard: () => (heard ??= { epoch: epochNow(), offsets: new Map([...lives].map(([shard, { told }]) => [shard, told])) }),
    observe(answer) {
      if (observe(answer)) onLost();
    },
    learn(answers) {
      const losses = answers.filter(learn);
      if (losses.length > 0) onLost();
    },
    isStrange: ({ shard, epoch: answered }) => lives.get(shard)?.epoch !== answered,
    tell(shard, offset) {
      const life = lives.get(shard);
      if (life === undefined || offset <= life.told) return false;
      set(shard, { ...life, told: offset, offset: Math.max(life.offset, offset) });
      // Offsets have no gaps.
      if (offset > life.told + 1) onLost();
      return true;
    },
  };
}

function nameOf(epochs: readonly string[]): string {
  return createHash('sha256').update(epochs.join()).digest('base64url').slice(0, 16);
}
