import type { Viewer } from '../../../shared/auth/viewer.js';
import type { PresenceMessage } from '../services/presence/following/presence-messages.js';
import type { PresenceRequest } from '../services/presence/following/presence-subscriptions.js';
import type { Process } from './process.js';
import { fold, nothingTold, type ToldMap } from './told-map.js';

/** A socket with a subscription, seen from its client. */
export interface Socket {
  readonly key: string;
  readonly process: Process;
  readonly openedAt: number;
  /** How many messages it has brought. */
  received: number;
  /** Ends the subscription as its process sees it. */
  readonly leave: (code: number) => void;
}

/** One client of one user: at most one socket, and what it was told. */
export interface Device {
  readonly userId: string;
  readonly name: string;
  readonly request: Pick<PresenceRequest, 'friends' | 'userIds'>;
  sessionId: string;
  /** How often its session has ended or gone offline. */
  departures: number;
  /** Calls of goOffline that may not have come to an end. */
  readonly departing: Set<object>;
  told: ToldMap;
  socket: Socket | undefined;
  /** How many it has had. */
  sockets: number;
  /** Where its subscription is being opened. */
  opening: Process | undefined;
  isStalled: boolean;
  /** Lets a client that was stalled read on. */
  wake: () => void;
}

export type OnMessage = (device: Device, message: PresenceMessage, before: ToldMap, socket: Socket) => void;

export function createDevice({ userId, name, request }: Pick<Device, 'userId' | 'name' | 'request'>): Device {
  return {
    userId,
    name,
    request,
    sessionId: `${name}#1`,
    departures: 0,
    departing: new Set(),
    told: nothingTold,
    socket: undefined,
    sockets: 0,
    opening: undefined,
    isStalled: false,
    wake: () => undefined,
  };
}

export function viewerOf({ userId, sessionId }: Pick<Device, 'userId' | 'sessionId'>): Viewer {
  return { userId, sessionId, username: userId, roles: ['USER'], authenticatedAt: 0, expiresAt: Infinity };
}

interface Circumstances {
  readonly resumes: boolean;
  readonly now: () => number;
  readonly onMessage: OnMessage;
  /** Its process has ended the subscription. */
  readonly onEnd: (device: Device, socket: Socket) => void;
}

/** Subscribes; resolves to the socket, or to undefined when it was refused. */
export async function openSocket(
  device: Device,
  process: Process,
  { resumes, now, onMessage, onEnd }: Circumstances,
): Promise<Socket | undefined> {
  const controller = new AbortController();
  const since = resumes ? device.told.cursor : null;
  if (since === null) device.told = nothingTold;
  const request = { ...device.request, since };
  let iterator: AsyncIterableIterator<PresenceMessage>;
  try {
    iterator = await process.service.subscribe(viewerOf(device), request, { id: 'socket', signal: controller.signal });
  } catch {
    return undefined;
  }
  if (process.network.isDead) return undefined;
  device.sockets += 1;
  const socket: Socket = {
    key: `${device.name} ${device.sockets}`,
    process,
    openedAt: now(),
    received: 0,
    leave(code) {
      controller.abort({ code });
      void iterator.return?.();
    },
  };
  device.socket = socket;
  void read(device, socket, iterator, { onMessage, onEnd });
  return socket;
}

async function read(
  device: Device,
  socket: Socket,
  iterator: AsyncIterableIterator<PresenceMessage>,
  { onMessage, onEnd }: Pick<Circumstances, 'onMessage' | 'onEnd'>,
): Promise<void> {
  for (;;) {
    while (device.socket === socket && device.isStalled) await new Promise<void>((resolve) => (device.wake = resolve));
    const result = (await iterator.next()) as IteratorResult<PresenceMessage, undefined>;
    // A client that has lost its socket hears nothing of it.
    if (device.socket !== socket) return;
    if (result.done === true || result.value.kind === 'Lost') {
      device.socket = undefined;
      onEnd(device, socket);
      return;
    }
    const before = device.told;
    device.told = fold(before, result.value);
    onMessage(device, result.value, before, socket);
    socket.received += 1;
  }
}
