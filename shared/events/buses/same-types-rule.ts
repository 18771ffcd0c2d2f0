import type { Consumer } from '../event-bus.js';

/** Rejects a consumer that takes other types than an earlier one of its group: each would pass over what is meant for the other. */
export function createSameTypesRule(): (consumer: Consumer) => Promise<void> {
  const typesOf = new Map<string, string>();
  return ({ group, types }) => {
    const sorted = [...types].sort().join();
    const earlier = typesOf.get(group) ?? sorted;
    if (earlier !== sorted)
      return Promise.reject(new Error(`All consumers of group ${group} must take the same types of events: ${earlier}`));
    typesOf.set(group, sorted);
    return Promise.resolve();
  };
}
