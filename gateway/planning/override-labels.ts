/** Decides for one request which labels of progressive `@override`s count. */
export type ChooseLabels = () => ReadonlySet<string>;

export interface OverrideOptions {
  /** Whether a label that is no `percent(…)` counts for this request, such as a feature flag. By default none does. */
  readonly isActive?: (label: string) => boolean;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

const none: ReadonlySet<string> = new Set();

/** `percent(25)` counts for a quarter of all requests; other labels are asked for. */
export function createLabelChoice(labels: readonly string[], options: OverrideOptions = {}): ChooseLabels {
  const { isActive = () => false, random = Math.random } = options;
  if (labels.length === 0) return () => none;
  const shares = labels.map((label) => ({ label, share: percentOf(label) }));
  return () => {
    // One throw for all, so that fields that move by the same share move together.
    const thrown = random() * 100;
    return new Set(shares.filter(({ label, share }) => (share === undefined ? isActive(label) : thrown < share)).map(({ label }) => label));
  };
}

function percentOf(label: string): number | undefined {
  const digits = /^percent\((\d{1,3}(?:\.\d{1,8})?)\)$/.exec(label)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
