/** Imported by the processes that are measured: `SIGUSR2` collects their garbage, which Node leaves lying about for as long as nothing happens. */
import { Session } from 'node:inspector';

process.on('SIGUSR2', () => {
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.collectGarbage', () => session.disconnect());
});
