/** Imported by the processes that are measured: `SIGUSR2` collects their garbage, which Node leaves lying about for as long as nothing happens. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
// Not by the inspector: a session that asks for this, and is disconnected when it is answered, stops the process for good.
process.on('SIGUSR2', () => collectGarbage());
