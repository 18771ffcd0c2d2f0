import { quotaMs, takeInput, type InputFields, type InputAllowance, type TakenInput, type UserInputs } from '../presence/session-inputs.js';

/** The latest inputs of all users, see session-inputs.ts, kept for as long as they count. */
export function createInputMemory() {
  /** Those who were heard of longest ago first. */
  const users = new Map<string, { readonly all: UserInputs; readonly at: number }>();

  return {
    take({ userId, sessionId }: { userId: string; sessionId: string }, given: InputFields | null, quota: InputAllowance): TakenInput {
      const { all, taken } = takeInput(users.get(userId)?.all ?? new Map(), sessionId, given, quota);
      users.delete(userId);
      users.set(userId, { all, at: quota.now });
      for (const [id, { at }] of users) {
        if (at > quota.now - 2 * quotaMs) break;
        users.delete(id);
      }
      return taken;
    },
  };
}
