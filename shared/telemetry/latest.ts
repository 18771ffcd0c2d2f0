/** Less than whoever collects metrics waits for. In ms. */
const patienceMs = 500;
/** Who may ask for metrics may ask often. In ms. */
const keptMs = 1_000;

/**
 * What `read` has told last: it is asked no more often than once in a second, and waited for only so long. Undefined before its first
 * answer, and after it failed.
 */
export function createLatest<Result>(
  read: () => Promise<Result>,
  now = () => performance.now(),
  mostMs = patienceMs,
): () => Promise<Result | undefined> {
  let latest: Result | undefined;
  let reading: Promise<void> | undefined;
  let readAt = -Infinity;

  async function refresh(): Promise<void> {
    try {
      latest = await read();
    } catch {
      latest = undefined;
    } finally {
      reading = undefined;
    }
  }

  return async () => {
    if (reading === undefined && now() >= readAt + keptMs) {
      readAt = now();
      reading = refresh();
    }
    if (reading !== undefined) await atMost(mostMs, reading);
    return latest;
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
