import { createRevocations } from '../../../shared/auth/revocations.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { createFakeSettings } from '../services/presence/tests/presence-fakes.js';
import type { RelationKind } from '../../../shared/users/relation-table.js';
import { createDevice, openSocket, viewerOf, type Device } from './device.js';
import { createJudge } from './judge.js';
import { createLiveness } from './liveness.js';
import { startProcess, type Process } from './process.js';
import { createRelationWorld } from './relation-world.js';
import type { ModelRedis, Persistence } from './model-redis.js';
import { createSimulatedRedis } from './simulated-redis.js';
import { createVirtualTime, type VirtualTime } from './virtual-time.js';

export const userIds = ['ada', 'bob', 'cyd', 'dan', 'eve'] as const;
export type UserId = (typeof userIds)[number];
const logger = createLogger({ name: 'model', level: 'silent' });

/** A little more than the longest latency. */
const longestTransmissionMs = 201;
/** Whatever was asked of a process that has died meanwhile has come to an end. */
const silentMs = 5_000;

/** How a client can leave, and for how long it counts on; null = as long as its lease. */
const graces = new Map([
  [0, 3_000],
  [1000, 3_000],
  [1001, 15_000],
  [1006, 15_000],
  [4403, 15_000],
  [1012, null],
]);

export interface WorldOptions {
  readonly processCount: number;
  readonly random: () => number;
  /** What processes share when there are several. */
  readonly openRedis?: ((time: VirtualTime) => ModelRedis) | undefined;
}

/** Users with two devices each, processes, Redis (unless there is one process alone), the database, and who judges what is told. */
export function createWorld({ processCount, random, openRedis = createSimulatedRedis }: WorldOptions) {
  const time = createVirtualTime();
  const began = time.now();
  const server = processCount > 1 ? openRedis(time) : undefined;
  const liveness = createLiveness(time.now);
  const rows = createFakeSettings();
  const revocations = createRevocations(time.now);
  const processes: (Process | undefined)[] = Array.from({ length: processCount }, () => undefined);
  let isDatabaseDown = false;
  let redisDownAt = 0;
  /** How often Redis has lost something. */
  let losses = 0;
  const settings = {
    ...rows,
    find: (ids: readonly string[]) => (isDatabaseDown ? Promise.reject(new Error('away')) : rows.find(ids)),
    update: (...args: Parameters<typeof rows.update>) => (isDatabaseDown ? Promise.reject(new Error('away')) : rows.update(...args)),
  };
  const live = (): readonly Process[] => processes.filter((each) => each !== undefined);
  const relations = createRelationWorld({
    time,
    findStore: () => live().find((each) => each.hasStarted() && !each.network.isCut)?.store,
    logger,
    onChanged: (pair, what) => judge.relationChanged(pair, what),
  });
  const devices: readonly Device[] = userIds.flatMap((userId, index) => {
    const others = userIds.filter((id) => id !== userId);
    const ids = index % 2 === 0 ? others : others.slice(0, 2);
    return [
      createDevice({ userId, name: `${userId}’s phone`, request: { friends: true, userIds: index % 2 === 0 ? [] : ids } }),
      createDevice({ userId, name: `${userId}’s laptop`, request: { friends: index === 3, userIds: [...ids, userId] } }),
    ];
  });
  const judge = createJudge({ time, server, liveness, relations, settings: rows, devices, processes: live });

  function sample(): void {
    liveness.sample();
    judge.sample();
    time.after(1_000, sample);
  }
  time.after(1_000, sample);

  function start(index: number): void {
    const process = startProcess({
      ...{ time, server, settings, logger, random, revocations },
      latency: [0, 0],
      relations: relations.relations,
      history: relations.history,
      knownUsers: { among: (_viewerId, ids) => Promise.resolve(new Set(ids)) },
    });
    processes[index] = process;
    judge.fault();
    if (server?.isUp !== false) liveness.plugged(process);
  }

  /** Its clients lose their sockets; they may know it, the process does not. */
  function forgetSockets(process: Process): void {
    for (const device of devices) {
      if (device.opening === process) {
        device.opening = undefined;
        liveness.attempted(device.userId, { process, sessionId: device.sessionId });
      }
      if (device.socket?.process !== process) continue;
      liveness.left(device.userId, device.socket.key, null);
      device.socket = undefined;
      device.wake();
    }
  }

  function findProcess(index: number): Process | undefined {
    const process = processes[index];
    return process?.hasStarted() === true ? process : undefined;
  }

  for (const index of processes.keys()) start(index);

  return {
    time,
    liveness,
    relations,
    devices,
    processes,
    judge,
    hasRedis: server !== undefined,
    isRedisUp: () => server?.isUp !== false,
    findProcess,
    start,

    open(device: Device, process: Process, resumes: boolean): void {
      if (device.opening !== undefined) return;
      device.opening = process;
      const { sessionId, departures } = device;
      const [askedAt, lossesBefore] = [time.now(), losses];
      const isDeparting = device.departing.size > 0;
      const comesBack = liveness.hasSession(device.userId, sessionId);
      if (!comesBack) judge.touched(device.userId);
      void openSocket(device, process, { resumes, now: time.now, onMessage: judge.told, onEnd: judge.ended }).then((socket) => {
        if (process.network.isDead) return;
        device.opening = undefined;
        if (socket === undefined) {
          liveness.attempted(device.userId, { process, sessionId });
          return;
        }
        // What was lost while the answer was on its way, the process makes anew.
        const isSure = losses === lossesBefore;
        liveness.connected(device.userId, { key: socket.key, process, sessionId, askedAt, renews: true, isSure });
        if (!comesBack) judge.touched(device.userId);
        if (device.isStalled) liveness.stalled(device.userId, socket.key);
        // Which of the two came first, nobody knows.
        if (isDeparting || departures !== device.departures) liveness.ended(device.userId, sessionId);
        if (sessionId !== device.sessionId) this.leave(device, 4403);
        // It was shut down meanwhile, and closes whatever opens.
        if (!processes.includes(process)) this.leave(device, 1012);
      });
    },

    leave(device: Device, code: number): void {
      const { socket } = device;
      if (socket === undefined) return;
      device.socket = undefined;
      socket.leave(code);
      liveness.left(device.userId, socket.key, graces.get(code) ?? null);
      device.wake();
    },

    async stall(device: Device, isStalled: boolean): Promise<void> {
      device.isStalled = isStalled;
      judge.stalled(device);
      const { socket } = device;
      if (isStalled && socket !== undefined) liveness.stalled(device.userId, socket.key);
      device.wake();
      await time.rest();
      if (!isStalled && socket !== undefined && device.socket === socket) liveness.readsOn(device.userId, socket.key);
    },

    update(device: Device, process: Process, input: Parameters<Process['service']['update']>[1]): void {
      const done = judge.updating(device.userId);
      void process.service.update(viewerOf(device), input).then(done, () => undefined);
    },

    heartbeat(device: Device, process: Process): void {
      const { sessionId, userId, departures } = device;
      const [askedAt, lossesBefore] = [time.now(), losses];
      judge.touched(userId);
      // A process that dies meanwhile says nothing of it.
      if (process.network.latency.some((ms) => ms > 0)) liveness.attempted(userId, { process, sessionId });
      void process.service.heartbeat(viewerOf(device)).then(
        () => {
          judge.touched(userId);
          if (departures === device.departures && losses === lossesBefore)
            liveness.connected(userId, { key: `${sessionId} heartbeat`, process, sessionId, askedAt, renews: false, isSure: true });
        },
        () => liveness.attempted(userId, { process, sessionId }),
      );
    },

    goOffline(device: Device, process: Process): void {
      judge.touched(device.userId);
      device.departures += 1;
      liveness.ended(device.userId, device.sessionId);
      const { userId, sessionId, departing } = device;
      const departure = {};
      const over = (): void => void departing.delete(departure);
      departing.add(departure);
      const done = (): void => {
        judge.touched(userId);
        // Whether it came before or after a socket that was opened meanwhile, nobody knows.
        liveness.ended(userId, sessionId);
      };
      const answered = (): void => {
        done();
        time.after(longestTransmissionMs, over);
      };
      void process.service.goOffline(viewerOf(device)).then(answered, answered);
      // It arrives although its process dies, and nobody hears of it.
      time.after(longestTransmissionMs, done);
      time.after(silentMs, over);
    },

    /** Signed out elsewhere: the gateway closes the socket, and the client signs in anew. */
    endSession(device: Device): void {
      judge.touched(device.userId);
      device.departures += 1;
      revocations.revoke({ sessionId: device.sessionId, endedAt: time.now() });
      liveness.ended(device.userId, device.sessionId);
      this.leave(device, 4403);
      const [name, number] = device.sessionId.split('#');
      device.sessionId = `${name ?? ''}#${Number(number) + 1}`;
    },

    relate(a: UserId, b: UserId, kind: RelationKind | undefined, delays: readonly number[]): void {
      relations.relate(a, b, kind, delays);
    },

    kill(index: number): void {
      const process = processes[index];
      if (process === undefined) return;
      processes[index] = undefined;
      judge.fault();
      liveness.unplugged(process);
      process.kill();
      forgetSockets(process);
      // Everything was in its memory.
      if (server === undefined) liveness.restarted(0, false);
    },

    async shutDown(index: number): Promise<void> {
      const process = processes[index];
      if (process === undefined) return;
      processes[index] = undefined;
      judge.fault();
      for (const device of devices) if (device.socket?.process === process) this.leave(device, 1012);
      liveness.unplugged(process);
      forgetSockets(process);
      void process.close();
      await time.rest();
      if (server === undefined) liveness.restarted(0, false);
    },

    cut(process: Process, isCut: boolean): void {
      if (process.network.isCut === isCut) return;
      process.network.isCut = isCut;
      judge.fault();
      if (isCut) liveness.unplugged(process);
      else if (server?.isUp !== false) liveness.plugged(process);
    },

    setLatency(process: Process, latency: readonly [number, number]): void {
      process.network.latency = latency;
    },

    stopRedis(): void {
      server?.stop();
      redisDownAt = time.now();
      judge.fault();
      for (const process of live()) liveness.unplugged(process);
    },

    startRedis(persistence: Persistence): void {
      server?.start(persistence);
      judge.fault();
      for (const process of live()) if (!process.network.isCut) liveness.plugged(process);
      liveness.restarted(time.now() - redisDownAt, persistence === 'all');
      if (persistence !== 'all') losses += 1;
    },

    flushRedis(): void {
      server?.flush();
      losses += 1;
      judge.fault();
      liveness.restarted(0, false);
    },

    setDatabaseDown(isDown: boolean): void {
      if (isDatabaseDown !== isDown) liveness.databaseIs(isDown ? 'down' : 'up');
      isDatabaseDown = isDown;
      relations.setDown(isDown);
      judge.fault();
    },

    isDatabaseDown: () => isDatabaseDown,
    livedMs: () => time.now() - began,
    /** How often each command was run. */
    counts: {} as Record<string, number>,

    requireFaultless(): void {
      if (judge.faults.length > 0) throw new Error(judge.faults.slice(0, 5).join('\n'));
    },

    /** Mends everything, and lets whoever lost their socket come back. */
    async mend(): Promise<void> {
      if (server?.isUp === false) this.startRedis('all');
      this.setDatabaseDown(false);
      for (const process of live()) {
        this.cut(process, false);
        process.network.latency = [0, 0];
      }
      for (const [index, process] of processes.entries()) if (process === undefined) start(index);
      for (const device of devices) await this.stall(device, false);
      await time.pass(9_000);
      await judge.look();
      await judge.lookAtLeases();
    },

    /** Everything is mended, everybody connected has heard everything, and what a client was told is what a fresh snapshot says. */
    async end(): Promise<void> {
      await this.mend();
      await time.pass(1_000);
      for (const device of devices) await judge.compareWithSnapshot(device, live()[0]);
      for (const process of live()) process.kill();
      this.requireFaultless();
    },
  };
}

export type World = ReturnType<typeof createWorld>;
