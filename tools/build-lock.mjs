/** One build at a time: the processes of a distributed start, or tests beside a start, would write over each other's half-made files. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 100;
const patienceMs = 5 * 60_000;

/**
 * Waits until no other process builds; `onWait` is called once, with the id of the one that does. Returns how to let the next one build.
 * What a killed process left behind is taken over. Throws when the other one takes longer than any build.
 */
export async function lockBuild(file, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  const giveUpAt = Date.now() + patienceMs;
  let isWaiting = false;
  for (;;) {
    if (take(file)) return () => rmSync(file, { force: true });
    const holder = holderOf(file);
    if (holder === null) continue;
    if (!isRunning(holder)) {
      // Two that find the same dead holder may both remove it: looking again leaves them no more than an instant to do so.
      if (holderOf(file) === holder) rmSync(file, { force: true });
      continue;
    }
    if (Date.now() > giveUpAt) throw new Error(`Process ${holder} builds, or seems to, for too long. If it does not, delete ${file}.`);
    if (!isWaiting) onWait(holder);
    isWaiting = true;
    await wait(pollMs);
  }
}

/** The lock gets its name when it is complete, so that nobody reads half of it. */
function take(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null when nobody has it any more. */
function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isRunning(pid) {
  // Only a power failure leaves a lock without a number.
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
