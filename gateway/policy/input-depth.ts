/** Whether lists and objects in a JSON value are within each other at most `limit` levels deep. Takes no stack, however deep they are. */
export function isWithinDepth(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; ; depth += 1) {
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      if (depth >= limit) return false;
      for (const entry of Object.values(each)) if (typeof entry === 'object' && entry !== null) next.push(entry);
    }
    if (next.length === 0) return true;
    level = next;
  }
}
