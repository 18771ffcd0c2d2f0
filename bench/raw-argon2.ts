/** What the machine can hash at the most: a process that does nothing else. Told for how many seconds, it answers with its `RawRate`. */
import { hash, verify } from 'argon2';
import { argon2Parameters, hashingConcurrency } from '../subgraphs/auth/services/passwords/password-hasher.js';
import { password, ratePerSecond } from './auth-subject.js';

export interface RawRate {
  readonly perSecond: number;
  /** User and system time, in ms. */
  readonly cpuPerHash: number;
}

const phc = await hash(password, argon2Parameters);
// As many at once as the product hashes on a pool of this size.
const atOnce = hashingConcurrency(Number(process.env.UV_THREADPOOL_SIZE));

process.on('message', (seconds: number) => {
  const before = process.cpuUsage();
  let hashes = 0;
  const task = () => verify(phc, password).then(() => (hashes += 1));
  void ratePerSecond(task, { atOnce, seconds }).then((perSecond) => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ perSecond, cpuPerHash: (user + system) / 1000 / hashes } satisfies RawRate);
  });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
