/** Imported by a process that is measured: the first `SIGPWR` begins a CPU profile, the second writes it to `PROFILE_FILE` and says so on standard error. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
let isRunning = false;
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 500 });
process.on('SIGPWR', () => {
  if (!isRunning) session.post('Profiler.start');
  else
    session.post('Profiler.stop', (error, { profile } = {}) => writeFileSync(process.env.PROFILE_FILE, JSON.stringify(profile ?? error)));
  isRunning = !isRunning;
});
