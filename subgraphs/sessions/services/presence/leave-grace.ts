const normalClosure = 1000;
const complete = 0;
const serviceRestart = 1012;

/** Long enough for a reload of the page, in ms. */
const normalGraceMs = 3_000;
/** Long enough for a change of network, in ms. */
const abruptGraceMs = 15_000;

/**
 * How long a connection still counts after its client left with the WebSocket close code `code` (0 = a `complete` message; undefined =
 * not known), in ms. Null leaves the lease alone: after our own restart clients come back before it runs out, and nobody hears of it.
 * 4403 closes both ended sessions, which leave at once, and expired tokens, with which the client comes back.
 */
export function graceAfterLeave(code: number | undefined, isSessionEnded: boolean): number | null {
  if (isSessionEnded) return 0;
  if (code === serviceRestart) return null;
  return code === normalClosure || code === complete ? normalGraceMs : abruptGraceMs;
}
