import { defaultNumbers, type NumbersOf } from '../../shared/config/number-settings.js';

const mostMs = 3_600_000;
const mostBytes = 1_000_000_000;
const mostOfAny = 10_000_000;

/** Bounds of clients that stay connected, by WebSocket or a stream (SECURITY lines 39 to 41). Times in ms. */
export const webSocketSettings = {
  initTimeoutMs: {
    variable: 'SOCKET_INIT_TIMEOUT_MS',
    otherwise: 3_000,
    most: mostMs,
    about: 'From the upgrade to `connection_init`; closed with 4408 after it.',
  },
  pingIntervalMs: {
    variable: 'SOCKET_PING_INTERVAL_MS',
    otherwise: 15_000,
    most: mostMs,
    about: 'How often clients are asked whether they are there.',
  },
  pongTimeoutMs: {
    variable: 'SOCKET_PONG_TIMEOUT_MS',
    otherwise: 10_000,
    most: mostMs,
    about: 'A socket that does not answer a ping for this long is dead and ends as 1006.',
  },
  maxFrameBytes: {
    variable: 'MAX_FRAME_BYTES',
    otherwise: 256 * 1024,
    most: mostBytes,
    about: 'Bytes of one message from a client; closed with 1009 above it.',
  },
  maxOperationsPerSocket: {
    variable: 'MAX_OPERATIONS_PER_SOCKET',
    otherwise: 100,
    most: mostOfAny,
    about: 'Operations under way on one socket, of every kind; more are refused with an error.',
  },
  maxOperations: {
    variable: 'MAX_OPERATIONS',
    otherwise: 200_000,
    most: mostOfAny,
    about: 'Operations under way on all sockets and streams of a process together.',
  },
  maxSockets: { variable: 'MAX_SOCKETS', otherwise: 50_000, most: mostOfAny, about: 'Sockets and streams of a process.' },
  maxUninitialisedSockets: {
    variable: 'MAX_UNINITIALISED_SOCKETS',
    otherwise: 1_000,
    most: mostOfAny,
    about: 'Sockets that have not said who they are yet.',
  },
  maxSocketsPerUser: {
    variable: 'MAX_SOCKETS_PER_USER',
    otherwise: 100,
    most: mostOfAny,
    about: 'Sockets and streams of one user; more are closed with 4429, or refused with 429.',
  },
  highWaterBytes: {
    variable: 'SOCKET_HIGH_WATER_BYTES',
    otherwise: 64 * 1024,
    most: mostBytes,
    about: 'Unsent bytes of a socket from which on no more results are taken for it, so that it never holds more than this and one result.',
  },
  maxUnsentBytes: {
    variable: 'SOCKET_MAX_UNSENT_BYTES',
    otherwise: 1024 * 1024,
    most: mostBytes,
    about: 'Unsent bytes of answers that cannot be held back, such as pongs, at which the socket is closed with 1013.',
  },
  stallTimeoutMs: {
    variable: 'SOCKET_STALL_TIMEOUT_MS',
    otherwise: 10_000,
    most: mostMs,
    about: 'A socket that stays above the high-water mark for this long is closed with 1013.',
  },
  closeTimeoutMs: {
    variable: 'SOCKET_CLOSE_TIMEOUT_MS',
    otherwise: 2_000,
    // A process that ends has 15 s for all it has to do.
    most: 10_000,
    about: 'For the closing handshake at the end of the process, before sockets are cut off.',
  },
} as const;

export type WebSocketLimits = NumbersOf<typeof webSocketSettings>;

export const defaultWebSocketLimits: WebSocketLimits = defaultNumbers(webSocketSettings);
