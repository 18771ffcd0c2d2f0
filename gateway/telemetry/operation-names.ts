import type { ParsedOperation } from '../operations/operation-store.js';

/** Clients choose the names of their operations, and each name is a dozen lines for ever. */
const maximumNames = 200;
const longestName = 100;

/** Names of operations as labels may have them: the first 200, then `other`; `anonymous` without one. To be shared by all metrics. */
export function createOperationNames(): (operation: ParsedOperation) => string {
  const names = new Set<string>();
  return ({ operation }) => {
    const name = operation.name?.value ?? 'anonymous';
    if (names.has(name)) return name;
    if (names.size >= maximumNames || name.length > longestName) return 'other';
    names.add(name);
    return name;
  };
}
