/** Bounds of clients that stay connected, by WebSocket or a stream (SECURITY lines 39 to 41). Times in ms. */
export interface WebSocketLimits {
  /** From the upgrade to `connection_init`; closed with 4408 after it. */
  readonly initTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** A socket that does not answer a ping for this long is dead and ends as 1006. */
  readonly pongTimeoutMs: number;
  /** Bytes of one message from a client; closed with 1009 above it. */
  readonly maxFrameBytes: number;
  /** Operations under way on one socket, of every kind; more are refused with an error. */
  readonly maxOperationsPerSocket: number;
  /** The same of all sockets and streams together. */
  readonly maxOperations: number;
  /** Sockets and streams. */
  readonly maxSockets: number;
  readonly maxUninitialisedSockets: number;
  /** Sockets and streams of one user; more are closed with 4429, or refused with 429. */
  readonly maxSocketsPerUser: number;
  /** Unsent bytes of a socket from which on no more results are taken for it, so that it never holds more than this and one result. */
  readonly highWaterBytes: number;
  /** Unsent bytes of answers that cannot be held back, such as pongs, at which the socket is closed with 1013. */
  readonly maxUnsentBytes: number;
  /** A socket that stays above the high-water mark for this long is closed with 1013. */
  readonly stallTimeoutMs: number;
  /** For the closing handshake of `close`, before sockets are cut off. */
  readonly closeTimeoutMs: number;
}

export const defaultWebSocketLimits: WebSocketLimits = {
  initTimeoutMs: 3_000,
  pingIntervalMs: 15_000,
  pongTimeoutMs: 10_000,
  maxFrameBytes: 256 * 1024,
  maxOperationsPerSocket: 100,
  maxOperations: 200_000,
  maxSockets: 50_000,
  maxUninitialisedSockets: 1_000,
  maxSocketsPerUser: 100,
  highWaterBytes: 64 * 1024,
  maxUnsentBytes: 1024 * 1024,
  stallTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
};
