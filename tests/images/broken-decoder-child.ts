/**
 * Stands in for the picture decoder (subgraphs/images/services/processing/decoder/main.ts) and does what the job's path says:
 * `end <signal>`, `hang`, `exit`, `end once <file>`, `environment`, or anything else to be refused.
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { DecoderJob, DecoderMessage } from '../../subgraphs/images/services/processing/decoder/jobs.js';

process.on('disconnect', () => process.exit());
process.on('message', ({ path }: DecoderJob) => {
  const [verb = '', argument = ''] = path.split(/ (?=\S+$)/);
  switch (verb) {
    case 'hang':
      for (;;);
    case 'exit':
      process.stderr.write('free(): invalid pointer');
      process.exit(3);
      break;
    case 'end':
      process.kill(process.pid, argument);
      break;
    case 'end once':
      if (existsSync(argument)) refuse();
      else {
        writeFileSync(argument, '');
        process.kill(process.pid, 'SIGSEGV');
      }
      break;
    case 'environment':
      say({ kind: 'Failed', message: JSON.stringify(process.env) });
      break;
    default:
      refuse();
  }
});
if (process.argv[2] !== '1') say({ kind: 'Ready' });
else process.exit(1);

function refuse(): void {
  say({ kind: 'Done', result: { kind: 'Rejected', code: 'CORRUPT' }, rss: Number(process.argv[2]) / 4 });
}

function say(message: DecoderMessage): void {
  process.send?.(message);
}
