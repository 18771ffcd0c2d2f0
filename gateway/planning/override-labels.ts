/** Which labels of progressive `@override`s count. */
export interface LabelChoice {
  /** Decided anew for each query and mutation. */
  readonly forRequest: () => ReadonlySet<string>;
  /** For subscriptions, whose events are shared: those that count for everybody. */
  readonly forSubscriptions: ReadonlySet<string>;
}

export interface OverrideOptions {
  /** Labels that count, of those that are no `percent(…)`: such as feature flags that are on. By default none does. */
  readonly activeLabels?: ReadonlySet<string>;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

const none: ReadonlySet<string> = new Set();

/** `labels`: those of the supergraph. `percent(25)` counts for a quarter of all requests. */
export function createLabelChoice(
  labels: readonly string[],
  { activeLabels = none, random = Math.random }: OverrideOptions = {},
): LabelChoice {
  const shares = labels.map((label) => ({ label, share: percentOf(label) ?? (activeLabels.has(label) ? 100 : 0) }));
  const below = (thrown: number) => new Set(shares.filter(({ share }) => thrown < share).map(({ label }) => label));
  const always = new Set(shares.filter(({ share }) => share >= 100).map(({ label }) => label));
  const isThrown = shares.some(({ share }) => share > 0 && share < 100);
  return {
    // One throw for all, so that fields that move by the same share move together.
    forRequest: isThrown ? () => below(random() * 100) : () => always,
    forSubscriptions: always,
  };
}

function percentOf(label: string): number | undefined {
  const digits = /^percent\((\d{1,3}(?:\.\d{1,8})?)\)$/.exec(label)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
