import type { Scheduler } from '../../../presence/scheduler.js';
import { quotaInputs, type InputFields, type TakenInput } from '../../../presence/session-inputs.js';
import type { PresenceStore, SessionKey } from '../presence-store.js';
import type { ParsedPresenceUpdate } from './presence-input.js';

/** After the store could not be asked, in ms. */
const retryMs = 1_000;
/** A quota that is never used up. */
const urgent = Number.MAX_SAFE_INTEGER;

/**
 * Lets every update of a session take effect, but not more than the quota in any span of its length, whatever processes they come to: what
 * comes on top is merged into one, which takes effect as soon as the quota allows. Of two updates the later one holds, also of a user's two
 * sessions. The store keeps what waits; whoever was told so asks for it in time, and the first who does makes it take effect.
 */
export interface UpdateQuota<Result> {
  /** Takes effect at once, or is merged into what waits, which is given back. */
  take(
    session: SessionKey,
    update: ParsedPresenceUpdate,
  ): Promise<{ readonly kind: 'Done'; readonly result: Result } | { readonly kind: 'Later'; readonly merged: ParsedPresenceUpdate }>;
  /** What waits does so no more, and is given back. */
  cancel(session: SessionKey): Promise<ParsedPresenceUpdate | undefined>;
  /** What this process was told to wait for takes effect now. */
  close(): Promise<void>;
}

export interface UpdateQuotaOptions<Result> {
  readonly store: Pick<PresenceStore, 'takeInput'>;
  readonly apply: (session: SessionKey, update: ParsedPresenceUpdate) => Promise<Result>;
  /** A merged update did not take effect. */
  readonly onFailed: (error: unknown) => void;
  readonly scheduler: Scheduler;
  /** Multiplies the number of updates. */
  readonly scale: number;
}

interface Waiting {
  readonly session: SessionKey;
  /** As of when this process heard of it last. */
  readonly fields: InputFields;
  readonly cancel: () => void;
}

export function createUpdateQuota<Result>({ store, apply, onFailed, scheduler, scale }: UpdateQuotaOptions<Result>): UpdateQuota<Result> {
  const most = Math.max(1, Math.round(quotaInputs * scale));
  /** By session, like `tails`. */
  const waiting = new Map<string, Waiting>();
  /** Each ends when what took effect here before has done so, so that none overtakes another. */
  const tails = new Map<string, Promise<void>>();

  function wait(session: SessionKey, fields: InputFields, ms: number): void {
    forget(session);
    const cancel = scheduler.after(ms, () => void release(session, fields, most));
    waiting.set(session.sessionId, { session, fields, cancel });
  }

  function forget({ sessionId }: SessionKey): void {
    waiting.get(sessionId)?.cancel();
    waiting.delete(sessionId);
  }

  async function release(session: SessionKey, known: InputFields, allowed: number): Promise<void> {
    forget(session);
    try {
      const taken = await store.takeInput(session, null, allowed);
      if (taken.kind === 'Later') wait(session, taken.fields, taken.waitMs);
      const fields = fieldsNow(taken, known);
      if (fields !== undefined) run(session, toUpdate(fields)).catch(onFailed);
    } catch (error) {
      if (allowed === urgent) onFailed(error);
      else if (!waiting.has(session.sessionId)) wait(session, known, retryMs);
    }
  }

  function run(session: SessionKey, update: ParsedPresenceUpdate): Promise<Result> {
    const { sessionId } = session;
    const result = (tails.get(sessionId) ?? Promise.resolve()).then(() => apply(session, update));
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    tails.set(sessionId, tail);
    void tail.then(() => tails.get(sessionId) === tail && tails.delete(sessionId));
    return result;
  }

  return {
    async take(session, update) {
      const fields = toFields(update);
      const taken = await store.takeInput(session, fields, most);
      if (taken.kind === 'Later') {
        wait(session, taken.fields, taken.waitMs);
        return { kind: 'Later', merged: toUpdate(taken.fields) };
      }
      forget(session);
      return { kind: 'Done', result: await run(session, toUpdate(fieldsNow(taken, fields) ?? fields)) };
    },
    async cancel(session) {
      const known = waiting.get(session.sessionId)?.fields;
      forget(session);
      const fields = fieldsNow(await store.takeInput(session, null, urgent), known);
      return fields && toUpdate(fields);
    },
    async close() {
      await Promise.all([...waiting.values()].map(({ session, fields }) => release(session, fields, urgent)));
      await Promise.all(tails.values());
    },
  };
}

/** A store that has lost its state does not know what it was given to keep. */
function fieldsNow<Known extends InputFields | undefined>(taken: TakenInput, known: Known): InputFields | Known | undefined {
  if (taken.kind === 'Unknown') return known;
  return taken.kind === 'Now' ? taken.fields : undefined;
}

function toFields({ settings, declaration }: ParsedPresenceUpdate): InputFields {
  return { session: toTexts(declaration), user: toTexts(settings) };
}

function toTexts(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** The opposite of `toFields`, which made all fields that there are. */
function toUpdate({ session, user }: InputFields): ParsedPresenceUpdate {
  return {
    settings: fromTexts(user),
    declaration: fromTexts(session),
  };
}

function fromTexts(texts: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, JSON.parse(text) as unknown]));
}
