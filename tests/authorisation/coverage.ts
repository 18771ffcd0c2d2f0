import { fieldsOf, identifyingPaths, objectTypes, rootTypes } from './coordinates.js';
import { noIdentity } from './tables/no-identity.js';
import { payloads } from './tables/payloads.js';
import { objectTables, rootTable } from './tables.js';

/** Every coordinate of the schema that somebody has to decide about. */
export function schemaCoordinates(): readonly string[] {
  const objects = objectTypes().filter(({ name }) => !noIdentity.includes(name));
  return [...objects.map(({ name }) => name), ...rootTypes].flatMap((type) => fieldsOf(type).map(({ name }) => `${type}.${name}`));
}

/** Every coordinate that the tables decide about. */
export function entries(): readonly string[] {
  const tables = [...Object.entries(objectTables).map(([type, { fields }]) => [type, fields] as const), ...Object.entries(payloads)];
  return [...tables.flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`)), ...Object.keys(rootTable)];
}

/** Identifying arguments of a root field that `given` neither sets nor its entry excuses. */
export function untriedPaths(coordinate: string, given: object): readonly string[] {
  const untried = rootTable[coordinate]?.untried ?? {};
  return identifyingPathsOf(coordinate).filter((path) => !(path in untried) && !isSet(given, path.split('.')));
}

export function identifyingPathsOf(coordinate: string): readonly string[] {
  const [root = '', name] = coordinate.split('.');
  const field = fieldsOf(root).find((each) => each.name === name);
  return field === undefined ? [] : identifyingPaths(field);
}

function isSet(value: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return value !== undefined && value !== null;
  return typeof value === 'object' && value !== null && first in value && isSet((value as Record<string, unknown>)[first], rest);
}
