import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../shared/logging/logger.js';
import { superviseWorkers, type WorkerProcess } from './supervise-workers.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

const logger = createLogger({ name: 'test', level: 'silent' });

interface Fake {
  readonly told: ToWorker[];
  readonly signals: string[];
  say(message: FromWorker): void;
  end(code: number | null, signal?: string): void;
}

/** A supervisor whose workers and whose clock are ours. */
function start(workers: number) {
  const forked: Fake[] = [];
  const pauses: { readonly ms: number; run(): void }[] = [];
  let now = 0;
  const supervisor = superviseWorkers({
    workers,
    logger,
    now: () => now,
    delay(run, ms) {
      pauses.push({ ms, run });
      return setTimeout(() => undefined, 0);
    },
    fork(): WorkerProcess {
      const events = new EventEmitter();
      let isConnected = true;
      const fake: Fake = {
        told: [],
        signals: [],
        say: (message) => void events.emit('message', message),
        end(code, signal) {
          isConnected = false;
          events.emit('exit', code, signal ?? null);
        },
      };
      forked.push(fake);
      return {
        process: { pid: forked.length, kill: (signal) => fake.signals.push(signal) },
        send: (message) => fake.told.push(message),
        isConnected: () => isConnected,
        on: (name, listener: (message: FromWorker) => void) => events.on(name, listener),
        once: (name, listener: (code: number | null, signal: string | null) => void) => events.once(name, listener),
      };
    },
  });
  const at = (index: number): Fake => {
    const fake = forked.at(index);
    if (fake === undefined) throw new Error(`no worker ${index}`);
    return fake;
  };
  const ready = (index: number) => at(index).say({ kind: 'ready', url: 'http://here' });
  return { supervisor, forked, pauses, at, ready, advance: (ms: number) => (now += ms) };
}

async function startThree() {
  const started = start(3);
  for (const index of [0, 1, 2]) started.ready(index);
  await started.supervisor.ready;
  return started;
}

describe('A supervisor', () => {
  it('starts one worker alone, and the others when it is ready', async () => {
    const { supervisor, forked, ready } = start(3);
    expect(forked.length).toBe(1);
    ready(0);
    expect(forked.length).toBe(3);
    ready(1);
    ready(2);
    expect(await supervisor.ready).toBe('http://here');
  });

  it('fails when the first worker, or one of the others, ends before all are ready', async () => {
    const alone = start(2);
    alone.at(0).end(1);
    await expect(alone.supervisor.ready).rejects.toThrow('no worker can start');
    const second = start(2);
    second.ready(0);
    second.at(1).end(null, 'SIGSEGV');
    await expect(second.supervisor.ready).rejects.toThrow('SIGSEGV');
    expect([alone.pauses, second.pauses]).toEqual([[], []]);
  });

  it('replaces one that lived for ten seconds at once, and one that did not after 250 ms', async () => {
    const { advance, at, pauses } = await startThree();
    advance(9_999);
    at(0).end(null, 'SIGKILL');
    advance(1);
    at(1).end(0);
    expect(pauses.map(({ ms }) => ms)).toEqual([250, 0]);
  });

  it('waits twice as long each time, for half a minute at most, until one is well', async () => {
    const { advance, at, ready, pauses } = await startThree();
    at(0).end(1);
    for (let n = 0; n < 9; n += 1) {
      pauses.at(-1)?.run();
      at(-1).end(1);
    }
    expect(pauses.map(({ ms }) => ms)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    pauses.at(-1)?.run();
    ready(-1);
    advance(10_000);
    at(-1).end(1);
    expect(pauses.at(-1)?.ms).toBe(0);
  });

  it('tells workers how many there are', async () => {
    const { at } = await startThree();
    expect(at(1).told.at(-1)).toEqual({ kind: 'workers', ready: 3, wanted: 3 });
    at(0).end(1);
    expect(at(1).told.at(-1)).toEqual({ kind: 'workers', ready: 2, wanted: 3 });
  });

  it('adds up what workers count for the one that asks', async () => {
    const { at } = await startThree();
    at(2).say({ kind: 'ask metrics', id: 7 });
    for (const index of [0, 1, 2]) {
      const asked = at(index).told.at(-1);
      if (asked?.kind !== 'collect metrics') throw new Error('not asked');
      const values = [{ value: index + 1, labels: { code: 'OK' } }];
      const snapshot = [{ name: 'some_total', help: 'Some.', type: 'counter', aggregator: 'sum', values }];
      at(index).say({ kind: 'metrics', id: asked.id, snapshot });
    }
    await new Promise((resolve) => setImmediate(resolve));
    const told = at(2).told.at(-1);
    expect(told).toMatchObject({ kind: 'all metrics', id: 7 });
    const text = told?.kind === 'all metrics' ? told.text : '';
    expect(text).toContain('some_total{code="OK"} 6');
    expect(text).toContain('galaxia_workers 3');
  });

  it('lets all end, replaces none of them, and is closed when the last one has ended', async () => {
    const { supervisor, at, forked, pauses } = await startThree();
    let isClosed = false;
    const closed = supervisor.close().then(() => (isClosed = true));
    expect([0, 1, 2].map((index) => at(index).signals)).toEqual([['SIGTERM'], ['SIGTERM'], ['SIGTERM']]);
    at(0).end(0);
    at(1).end(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    at(2).end(0);
    await closed;
    expect([forked.length, pauses.length]).toEqual([3, 0]);
  });

  it('tells its workers the log level, once it is another, and those that come later too', async () => {
    const { supervisor, at, ready, pauses } = await startThree();
    const levels = (index: number) => at(index).told.filter(({ kind }) => kind === 'log level');
    expect(levels(0)).toEqual([]);
    supervisor.setLogLevel('debug');
    const told = [{ kind: 'log level', level: 'debug' }];
    expect([0, 1, 2].map(levels)).toEqual([told, told, told]);
    at(1).end(1);
    pauses[0]?.run();
    expect(levels(3)).toEqual([]);
    ready(3);
    expect(levels(3)).toEqual(told);
  });
});
