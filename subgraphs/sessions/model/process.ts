import type { Revocations } from '../../../shared/auth/revocations.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { KnownUsers } from '../../../shared/users/known-users.js';
import { createInProcessPresenceStore } from '../data/in-process-presence-store.js';
import { createRedisPresenceStore } from '../data/redis-presence-store.js';
import { createPresenceService, type PresenceService } from '../services/presence/presence-service.js';
import type { PresenceSettingsRepository } from '../services/presence/presence-settings-repository.js';
import type { PresenceStore } from '../services/presence/presence-store.js';
import type { RelationHistory, Relations } from '../services/presence/relations.js';
import { createSimulatedLink, type Network } from './simulated-link.js';
import { modelShards, type ModelRedis } from './model-redis.js';
import type { VirtualTime } from './virtual-time.js';

/** One process of the sessions subgraph, as far as presence is concerned, with everything real but Redis, the database and time. */
export interface Process {
  readonly service: PresenceService;
  readonly store: PresenceStore;
  readonly network: Network;
  /** It has found Redis once, so that it takes calls. */
  readonly hasStarted: () => boolean;
  /** Nothing of it happens any more. */
  readonly kill: () => void;
  /** In order: connections keep their leases. */
  readonly close: () => Promise<void>;
}

export interface ProcessOptions {
  readonly time: VirtualTime;
  /** Undefined = it keeps everything itself. */
  readonly server: ModelRedis | undefined;
  readonly latency: Network['latency'];
  readonly settings: PresenceSettingsRepository;
  readonly relations: Relations;
  readonly history: RelationHistory;
  readonly knownUsers: KnownUsers;
  readonly revocations: Revocations;
  readonly logger: Logger;
  readonly random: () => number;
}

export function startProcess({ time, server, latency, logger, ...options }: ProcessOptions): Process {
  const { scheduler, end } = time.life();
  const network: Network = { isCut: false, isDead: false, latency };
  const store =
    server === undefined
      ? createInProcessPresenceStore({ scheduler })
      : createRedisPresenceStore({
          url: 'redis://simulated',
          logger,
          scheduler,
          now: time.now,
          shards: modelShards,
          openLink: () => createSimulatedLink({ server, network, scheduler, world: time }),
        });
  // Quotas have tests of their own; here they would hide what comes of many changes.
  const service = createPresenceService({ ...options, store, scheduler, logger, rateLimitScale: 1_000 });
  let hasStarted = false;

  function tryOut(): void {
    store.ping().then(
      () => (hasStarted = true),
      () => scheduler.after(500, tryOut),
    );
  }
  scheduler.after(0, tryOut);

  function kill(): void {
    network.isDead = true;
    end();
  }

  return {
    service,
    store,
    network,
    hasStarted: () => hasStarted,
    kill,
    async close() {
      await service.close();
      await store.close();
      kill();
    },
  };
}
