import { Counter, type Registry } from 'prom-client';

export interface TallyOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** What is counted for one set of labels. */
export interface Count {
  value: number;
}

export interface Tally {
  /** The same each time for the same labels, in the order of `labelNames`; to be kept where it is counted often. */
  of(...labels: readonly string[]): Count;
}

/** A counter whose step costs that of a number, where prom-client's costs 0.2 µs: these are on the path of every request. */
export function createTally(registry: Registry, { name, help, labelNames }: TallyOptions): Tally {
  const counts = new Map<string, { readonly labels: readonly string[]; readonly count: Count }>();
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const { labels, count } of counts.values()) this.labels(...labels).inc(count.value);
      },
    }),
  );
  return {
    of(...labels) {
      const key = labels.join('\n');
      let known = counts.get(key);
      if (known === undefined) {
        known = { labels, count: { value: 0 } };
        counts.set(key, known);
      }
      return known.count;
    },
  };
}
