/** Enough to tell the states of two users apart, mostly. */
const mostLeaves = 32;
const mostCharacters = 64;
/** Deeper than data is, and far from where reading it would end the stack. */
const mostDepth = 100;

/** The first values of an event: the same for equal ones, and short, however long the event is. */
export function beginningOf(data: unknown): string {
  const leaves: unknown[] = [];
  collect(data, leaves);
  return JSON.stringify(leaves);
}

function collect(value: unknown, leaves: unknown[], depth = 0): void {
  if (leaves.length >= mostLeaves || depth > mostDepth) return;
  if (typeof value === 'string') leaves.push(value.slice(0, mostCharacters));
  else if (typeof value !== 'object' || value === null) leaves.push(value);
  else for (const name in value) collect((value as Readonly<Record<string, unknown>>)[name], leaves, depth + 1);
}
