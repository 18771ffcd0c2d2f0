import { AppError } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { PresenceStore } from './presence-store.js';

const retryAfterSeconds = 5;

/** The store, whose failures while a client waits for an answer are a refusal that tells the client to try again. */
export function withRefusals(store: PresenceStore, logger: Logger): PresenceStore {
  async function orRefuse<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof AppError) throw error;
      logger.error({ err: error }, 'the presence store cannot be reached');
      const message = 'Presence cannot be reached at the moment. Try again in some seconds.';
      throw new AppError('UNAVAILABLE', message, { retryAfter: retryAfterSeconds, cause: error });
    }
  }

  return {
    ...store,
    connect: (key, settings) => orRefuse(store.connect(key, settings)),
    endSession: (session) => orRefuse(store.endSession(session)),
    takeInput: (session, fields, most) => orRefuse(store.takeInput(session, fields, most)),
    update: (session, update) => orRefuse(store.update(session, update)),
    read: (userIds) => orRefuse(store.read(userIds)),
    readChanges: (users, since) => orRefuse(store.readChanges(users, since)),
  };
}
