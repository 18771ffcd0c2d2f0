import type { SubgraphGauge } from '../../shared/telemetry/subgraph-gauges.js';
import { createLatest } from '../../shared/telemetry/latest.js';
import type { MailRepository } from './data/mail-repository.js';

/** What operators may want to know of the mails that are still to be sent. */
export function mailGauges(mails: Pick<MailRepository, 'backlog'>, now: () => number): readonly SubgraphGauge[] {
  const backlog = createLatest(() => mails.backlog(new Date(now())));
  return [
    { name: 'galaxia_mails_waiting', help: 'Mails that wait to be sent.', read: async () => (await backlog())?.mails },
    {
      name: 'galaxia_mails_oldest_seconds',
      help: 'How long the oldest mail waits.',
      read: async () => {
        const waiting = await backlog();
        return waiting && waiting.oldestMs / 1000;
      },
    },
  ];
}
