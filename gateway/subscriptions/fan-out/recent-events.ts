import type { FanOutLimits } from './limits.js';
import type { PreparedResult } from './prepared-result.js';
import { createPublicAnswers, type PublicAnswers, type PublicAnswersOptions } from './public-answers.js';

/** An event that several subscribers of one channel got, and what was made of it for all of them. */
export interface SharedEvent {
  /** Grows from event to event. */
  readonly sequence: number;
  /** Its data as JSON. */
  readonly text: string;
  readonly answers: PublicAnswers;
  readonly signal: AbortSignal;
  /**
   * Gives `waiter` the result that everyone may have, undefined when there is none: at once when it is known, otherwise in one go with all
   * who wait for it. The first one makes it.
   */
  result(waiter: EventWaiter): void;
  /** Someone who waits for the result does not any more. */
  abandon(): void;
  /** Counts one who waits for more than the result; to be called back when they do not wait any more. */
  hold(): () => void;
}

/** Who waits for the result of an event. One for each subscriber, however many events there are. */
export interface EventWaiter {
  /** Never rejects. */
  make(event: SharedEvent): Promise<PreparedResult | undefined>;
  onPrepared(prepared: PreparedResult | undefined, event: SharedEvent): void;
}

/** Events of one channel by their JSON. */
export type ChannelEvents = Map<string, SharedEvent>;

export interface RecentEvents {
  /** For subscriptions that begin now: the last sequence that is over. */
  sequence(): number;
  /** Whether this was said lately, and remembers it. */
  hasCome(hint: string): boolean;
  /**
   * The event with this JSON that a subscriber may share, whose last one was `after`. Never an earlier one: two events may read the same,
   * and what was fetched for the first may be out of date for the second.
   */
  take(channel: ChannelEvents, text: string, after: number): SharedEvent;
  stats(): { readonly events: number; readonly characters: number };
  close(): void;
}

interface Entry {
  readonly channel: ChannelEvents;
  readonly text: string;
  readonly event: SharedEvent;
  readonly expiresAt: number;
  characters: number;
}

export function createRecentEvents(limits: FanOutLimits, vainAsks: PublicAnswersOptions['vainAsks'], now: () => number): RecentEvents {
  // In the order in which they began, so the first ones expire first.
  const entries = new Map<SharedEvent, Entry>();
  /** Hints, and until when they are known; in the order in which they came. */
  const hints = new Map<string, number>();
  let characters = 0;
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;

  function drop(entry: Entry): void {
    if (!entries.delete(entry.event)) return;
    characters -= entry.characters;
    if (entry.channel.get(entry.text) === entry.event) entry.channel.delete(entry.text);
  }

  function dropWhatIsOver(): void {
    for (const entry of entries.values()) {
      const isWithin = entries.size <= limits.maxEvents && characters <= limits.maxCharacters;
      if (isWithin && entry.expiresAt > now()) break;
      drop(entry);
    }
    for (const [hint, until] of hints) {
      if (hints.size <= limits.maxEvents && until > now()) break;
      hints.delete(hint);
    }
    // One timer for all, so that nothing stays after the last event of a busy time.
    timer ??= entries.size + hints.size === 0 ? undefined : setTimeout(onTimer, limits.lifetimeMs).unref();
  }

  function onTimer(): void {
    timer = undefined;
    dropWhatIsOver();
  }

  function begin(channel: ChannelEvents, text: string): SharedEvent {
    const controller = new AbortController();
    const answers = createPublicAnswers({ limits, vainAsks, signal: controller.signal });
    let made: { readonly prepared: PreparedResult | undefined } | undefined;
    let waiters: EventWaiter[] | undefined;
    /** Of `waiters`, those who have not left. */
    let waiting = 0;
    let held = 0;

    function onMade(prepared: PreparedResult | undefined): void {
      made = { prepared };
      if (prepared !== undefined && entries.has(event)) {
        entry.characters += prepared.size;
        characters += prepared.size;
        dropWhatIsOver();
      }
      const told = waiters ?? [];
      waiters = undefined;
      waiting = 0;
      for (const waiter of told) waiter.onPrepared(prepared, event);
    }

    function giveUpUnlessAwaited(): void {
      if (waiting > 0 || held > 0 || (answers.pending() === 0 && waiters === undefined)) return;
      // Nobody may come to share work that is given up.
      drop(entry);
      controller.abort();
    }

    sequence += 1;
    const event: SharedEvent = {
      sequence,
      text,
      answers,
      signal: controller.signal,
      result(waiter) {
        if (made !== undefined) {
          waiter.onPrepared(made.prepared, event);
          return;
        }
        waiting += 1;
        if (waiters !== undefined) {
          waiters.push(waiter);
          return;
        }
        waiters = [waiter];
        void waiter.make(event).then(onMade);
      },
      abandon() {
        if (made !== undefined) return;
        waiting -= 1;
        giveUpUnlessAwaited();
      },
      hold() {
        held += 1;
        let isHeld = true;
        return () => {
          if (!isHeld) return;
          isHeld = false;
          held -= 1;
          giveUpUnlessAwaited();
        };
      },
    };
    const entry: Entry = { channel, text, event, expiresAt: now() + limits.lifetimeMs, characters: text.length };
    entries.set(event, entry);
    channel.set(text, event);
    characters += text.length;
    dropWhatIsOver();
    return event;
  }

  return {
    sequence: () => sequence,
    hasCome(hint) {
      const hasCome = (hints.get(hint) ?? 0) > now();
      hints.delete(hint);
      hints.set(hint, now() + limits.lifetimeMs);
      dropWhatIsOver();
      return hasCome;
    },
    take(channel, text, after) {
      const known = channel.get(text);
      const isCurrent = known !== undefined && known.sequence > after && (entries.get(known)?.expiresAt ?? 0) > now();
      return isCurrent ? known : begin(channel, text);
    },
    stats: () => ({ events: entries.size, characters }),
    close() {
      clearTimeout(timer);
      for (const entry of [...entries.values()]) drop(entry);
      hints.clear();
    },
  };
}
