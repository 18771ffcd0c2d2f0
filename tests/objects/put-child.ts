/**
 * Stores objects in the folder of its first argument until it is killed, several at a time: new ones, and one that it replaces again and
 * again. Prints the key of what was acknowledged. The content of an object is its key, over and over.
 */
import { setTimeout } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { openFileObjectStore } from '../../shared/objects/file-object-store.js';

const [folder = ''] = process.argv.slice(2);
const store = await openFileObjectStore({ folder });
process.stdout.write('ready\n');
await Promise.all([storeForEver(newKey), storeForEver(newKey), storeForEver(() => 'replaced/again')]);

async function storeForEver(nextKey: () => string): Promise<void> {
  for (;;) {
    const key = nextKey();
    const pieces = Array.from({ length: 20 }, () => Buffer.from(key.padEnd(64).repeat(256)));
    await store.put(key, Readable.from(slowly(pieces)), { contentType: 'text/plain', size: 20 * 64 * 256 });
    process.stdout.write(`${key}\n`);
  }
}

/** As from a client, so that a kill most likely comes in the middle of a body. */
async function* slowly(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    await setTimeout(1);
    yield piece;
  }
}

function newKey(): string {
  const id = crypto.randomUUID();
  return `${id.slice(0, 2)}/${id}`;
}
