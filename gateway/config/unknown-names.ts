import type { Logger } from '../../shared/logging/logger.js';
import { nearestName } from './nearest-name.js';
import type { ServingConfig } from './serving-config.js';

/** What there is to be named, of a supergraph. */
interface Named {
  /** Labels of progressive `@override`s. */
  readonly overrideLabels: readonly string[];
  readonly services: ReadonlyMap<string, unknown>;
}

type NamingConfig = Pick<ServingConfig, 'timeouts' | 'uploadSubgraphs' | 'supergraph'>;
type PlaceOf = (variable: string) => string;
const asItIs: PlaceOf = (variable) => variable;

/**
 * Names in the configuration that the supergraph does not know, a line for each. They do no harm, and the next supergraph may know them, but
 * they do nothing either. `placeOf`: how to call a variable where somebody has set it.
 */
export function unknownNames(
  { timeouts, uploadSubgraphs, supergraph }: NamingConfig,
  { overrideLabels, services }: Named,
  placeOf = asItIs,
): readonly string[] {
  const subgraphs = [...services.keys()];
  // The others count by themselves.
  const labels = overrideLabels.filter((label) => !label.startsWith('percent('));
  return [
    ...unknown(supergraph.activeLabels, labels, `${placeOf('OVERRIDE_LABELS')}: the supergraph has no label of @override`),
    ...unknown(timeouts.ofSubgraphMs.keys(), subgraphs, `${placeOf('SUBGRAPH_TIMEOUTS_MS')}: the supergraph has no subgraph`),
    ...unknown(uploadSubgraphs, subgraphs, `${placeOf('UPLOAD_SUBGRAPHS')}: the supergraph has no subgraph`),
  ];
}

/** The same of those without which the gateway must not be ready: with a name that is nobody's it would not wait for whom it should. */
export function unknownRequirements(
  { readyRequires }: Pick<ServingConfig, 'readyRequires'>,
  { services }: Pick<Named, 'services'>,
  placeOf = asItIs,
): readonly string[] {
  if (readyRequires === 'all') return [];
  return unknown(readyRequires, [...services.keys()], `${placeOf('READY_REQUIRES')}: the supergraph has no subgraph`);
}

function unknown(names: Iterable<string>, known: readonly string[], problem: string): readonly string[] {
  return [...names].filter((name) => !known.includes(name)).map((name) => `${problem} "${name}"; ${helpWith(name, known)}`);
}

/** Tells what `namesIn` finds now, and what is new with each supergraph that comes. */
export function warnAboutNames(
  supergraph: { current(): Named; onChange(listener: (generation: Named) => void): unknown },
  logger: Pick<Logger, 'warn'>,
  namesIn: (generation: Named) => readonly string[],
): void {
  let told: readonly string[] = [];
  const warn = (generation: Named): void => {
    const problems = namesIn(generation);
    for (const problem of problems.filter((each) => !told.includes(each))) logger.warn(problem);
    told = problems;
  };
  warn(supergraph.current());
  supergraph.onChange(warn);
}

/** For whoever wrote a name that is nobody's. */
export function helpWith(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
}
