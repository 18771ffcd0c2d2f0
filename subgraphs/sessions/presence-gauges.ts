import type { SubgraphGauge } from '../../shared/telemetry/subgraph-gauges.js';
import type { PresenceService } from './services/presence/presence-service.js';

/** Whose presence hangs on this process: it renews their leases. Over all processes, users and sessions with connections to several count several times. */
export function presenceGauges(presence: Pick<PresenceService, 'count'>): readonly SubgraphGauge[] {
  return [
    {
      name: 'galaxia_presence_connections',
      help: 'Connections that count as presence, each with a lease that this process renews.',
      read: () => presence.count().connections,
    },
    {
      name: 'galaxia_presence_sessions',
      help: 'Sessions, which are logins on devices, with connections on this process.',
      read: () => presence.count().sessions,
    },
    {
      name: 'galaxia_presence_users',
      help: 'Users with connections on this process.',
      read: () => presence.count().users,
    },
  ];
}
