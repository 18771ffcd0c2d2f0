import { nearestName } from './nearest-name.js';

/** More, and it is somebody else's variable. */
const mostEdits = 2;

/** Environment variables that are nobody's and were probably meant for the gateway, a line for each: an environment is full of others, so that none can be refused. */
export function misspeltVariables(environment: Readonly<Record<string, string | undefined>>, known: readonly string[]): readonly string[] {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const missing = known.filter((name) => !isSet(name));
  return Object.keys(environment).flatMap((name) => {
    // Short names are too near to each other.
    if (!/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name) || name.length < 7 || known.includes(name) || !isSet(name)) return [];
    const nearest = nearestName(name, missing, mostEdits);
    return nearest === undefined ? [] : `${name}: the gateway has no such setting; did you mean ${nearest}?`;
  });
}
