import { createRevocations } from '../../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../../shared/auth/viewer.js';
import { createLogger } from '../../../../../shared/logging/logger.js';
import { createInProcessPresenceStore } from '../../../data/in-process-presence-store.js';
import { createVirtualScheduler } from '../../../presence/virtual-scheduler.js';
import type { PresenceEntriesMessage, PresenceMessage } from '../following/presence-messages.js';
import type { PresenceRequest } from '../following/presence-subscriptions.js';
import { createPresenceService } from '../presence-service.js';
import { createFakeRelations, createFakeSettings } from './presence-fakes.js';
import { settle } from './presence-harness.js';

/** One service on one store, where these are friends of `ada` and `bob`, and between these and the two is a block. */
export function createOneService(friends: readonly string[] = [], blocked: readonly string[] = []) {
  const scheduler = createVirtualScheduler();
  const settings = createFakeSettings();
  const revocations = createRevocations(() => scheduler.now());
  const logger = createLogger({ name: 'test', level: 'silent' });
  const relations = createFakeRelations(scheduler);
  for (const userId of ['ada', 'bob']) {
    for (const friend of friends) if (friend !== userId) relations.set(userId, friend, 'FRIEND');
    for (const other of blocked) if (other !== userId) relations.set(userId, other, 'BLOCKED');
  }
  const store = createInProcessPresenceStore({ scheduler });
  const knownUsers = { among: (_viewerId: string, userIds: readonly string[]) => Promise.resolve(new Set(userIds)) };
  const presence = createPresenceService({
    store,
    settings,
    relations,
    history: relations.history,
    knownUsers,
    revocations,
    scheduler,
    logger,
  });
  return {
    scheduler,
    settings,
    revocations,
    presence,
    store,
    availability: async (userId: string, viewer: Viewer | null = null) =>
      (await presence.view(viewer, [userId])).map(({ availability }) => availability).join(),
    /** Subscribes like a client on a socket of its own. */
    watch: async (viewer: Viewer | null, userIds: readonly string[], more: Partial<PresenceRequest> = {}) => {
      const controller = new AbortController();
      const messages = await presence.subscribe(
        viewer,
        { friends: false, userIds, since: null, ...more },
        { id: 'socket', signal: controller.signal },
      );
      const received = readAll(messages);
      return {
        /** What was received and not asked for yet. */
        received,
        next: async (): Promise<PresenceEntriesMessage> => {
          for (let turn = 0; received.length === 0 && turn < 20; turn += 1) await settle();
          const message = received.shift();
          if (message === undefined || !('entries' in message)) throw new Error(`Received ${JSON.stringify(message)}`);
          return message;
        },
        leave: async (code: number) => {
          controller.abort({ code });
          await messages.return?.();
        },
      };
    },
  };
}

/** Reads like a client that keeps up. */
function readAll(messages: AsyncIterable<PresenceMessage>): PresenceMessage[] {
  const received: PresenceMessage[] = [];
  void (async () => {
    for await (const message of messages) received.push(message);
  })();
  return received;
}
