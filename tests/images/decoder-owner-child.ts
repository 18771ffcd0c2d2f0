/** Starts a picture decoder, does a job with it so that it surely runs, prints its pid, and waits to be killed. */
import { startDecoderProcess } from '../../subgraphs/images/services/processing/decoder-process.js';

const decoder = startDecoderProcess({ memoryLimit: 2 ** 30 });
await decoder.run(
  { kind: 'process', path: import.meta.filename, declaredType: 'image/png', maxSide: 1, folder: '.' },
  { timeLimitMs: 60_000 },
);
process.stdout.write(`${String(decoder.pid)}\n`);
setInterval(() => undefined, 1000);
