import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/product/galaxia.js';
import { post } from '../testkit/product/graphql-client.js';
import { freshUsername, registerPerson, type Person } from '../testkit/product/person.js';
import { freePort } from '../testkit/services/free-ports.js';
import { startProcess } from '../testkit/services/process.js';

const door = (galaxia: Galaxia) => (galaxia.way === 'all-in-one' ? 'all-in-one' : 'gateway');

describe.each(await availableWays())('Starting and stopping, %s', (way) => {
  let galaxia: Galaxia;

  beforeAll(async () => {
    galaxia = await startGalaxia(way, { isFirstStart: true });
  }, 90_000);
  afterAll(async () => galaxia.stop());

  it('keeps accounts, tokens and keys over a restart of every process', async () => {
    const alice = await registerPerson(galaxia);
    for (const name of way === 'all-in-one' ? (['all-in-one'] as const) : (['auth', 'users', 'sessions', 'images', 'gateway'] as const)) {
      await galaxia.restart(name);
    }
    expect((await alice.ask('{ me { id username } }')).data).toEqual({ me: { id: alice.id, username: alice.username } });
  }, 60_000);

  it('loses nothing that was acknowledged when it is killed in the middle of writes', async () => {
    const name = way === 'all-in-one' ? 'all-in-one' : 'auth';
    const acknowledged: Person[] = [];
    let isKilled = false;
    const writers = Array.from({ length: 4 }, async () => {
      while (!isKilled) {
        const person = await registerPerson(galaxia).catch(() => null);
        if (person !== null) acknowledged.push(person);
      }
    });
    while (acknowledged.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    await galaxia.process(name).stop('SIGKILL');
    isKilled = true;
    await Promise.all(writers);
    await galaxia.restart(name);
    for (const person of acknowledged) {
      const found = await post(galaxia.url, {
        query: 'query ($username: String!) { userByUsername(username: $username) { id } }',
        variables: { username: person.username },
      });
      expect(found.data).toEqual({ userByUsername: { id: person.id } });
      // Announced through the outbox, so it must also come up in the search.
    }
    const last = acknowledged.at(-1);
    const search = () =>
      post(galaxia.url, {
        query: 'query ($query: String!) { searchUsers(query: $query) { nodes { id } } }',
        variables: { query: last?.username },
      });
    const deadline = Date.now() + 40_000;
    while (!JSON.stringify((await search()).data).includes(String(last?.id)) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await search()).data).toEqual({ searchUsers: { nodes: [{ id: last?.id }] } });
  }, 120_000);

  it('answers what it was asked before it stops, closes sockets with 1012 and exits with 0', async () => {
    const alice = await registerPerson(galaxia);
    const socket = await alice.watch([alice]);
    await socket.next();
    const answers = Promise.all(Array.from({ length: 8 }, () => registerPerson(galaxia)));
    // The requests are on their way; some wait for their password to be hashed.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const stopped = galaxia.process(door(galaxia)).stop('SIGTERM');
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    expect(await answers).toHaveLength(8);
    expect(await stopped).toBe(0);
    await galaxia.restart(door(galaxia));
  }, 60_000);
});

describe('A start that cannot succeed', () => {
  let galaxia: Galaxia;
  let spare: string;

  beforeAll(async () => {
    galaxia = await startGalaxia('all-in-one');
    spare = await mkdtemp(join(tmpdir(), 'galaxia-'));
  }, 60_000);
  afterAll(async () => {
    await galaxia.stop();
    await rm(spare, { recursive: true, force: true });
  });

  it('is refused with a clear error on the data of a running process, whose data stays whole', async () => {
    const port = await freePort();
    const second = startProcess('gateway/all-in-one.js', { PORT: String(port), DATA_DIR: galaxia.dataDir });
    expect(await new Promise((resolve) => second.child.once('exit', resolve))).toBe(1);
    expect(second.output()).toMatch(/in use|already/i);
    const username = freshUsername();
    expect((await registerPerson(galaxia, { username })).username).toBe(username);
  });

  it('is refused with a clear error on a port that is taken', async () => {
    const second = startProcess('gateway/all-in-one.js', { PORT: new URL(galaxia.url).port, DATA_DIR: spare });
    expect(await new Promise((resolve) => second.child.once('exit', resolve))).toBe(1);
    expect(second.output()).toContain(new URL(galaxia.url).port);
  });

  it('names every wrong setting at once', async () => {
    const second = startProcess('gateway/all-in-one.js', { PORT: 'http', LOG_LEVEL: 'loud', DATA_DIR: spare });
    expect(await new Promise((resolve) => second.child.once('exit', resolve))).toBe(1);
    expect(second.output()).toContain('PORT');
    expect(second.output()).toContain('LOG_LEVEL');
  });
});
