import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../../../shared/config/environment.js';
import { problemText } from '../../../shared/config/problem-text.js';
import { configFile, type ConfigFile } from './config-file.js';
import { nearestName } from '../nearest-name.js';
import { readPositionedDocument, type PositionedDocument } from './positioned-document.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigFileContents {
  /** Values of environment variables that the file sets. */
  readonly variables: Readonly<Record<string, string>>;
  /** What only a file can say. */
  readonly headers: NonNullable<ConfigFile['headers']>;
  readonly subgraphs: NonNullable<ConfigFile['subgraphs']>;
  /** How to name the place that sets a variable, as `file:line:column key`. */
  placeOf(variable: string): string | undefined;
  /** `file:line:column` of a value. */
  at(path: readonly PropertyKey[]): string;
}

/** Keys that hold a path, seen from the folder of the file. */
const pathVariables = new Set(['SUPERGRAPH_PATH', 'TRUSTED_DOCUMENTS']);

export interface ReadConfigFileOptions {
  readonly environment: Environment;
  /** From which `file` is seen. */
  readonly folder: string;
  /** Called with what can be read, also when there are problems: its values may be wrong then, as text. */
  readonly onRead?: (contents: ConfigFileContents) => void;
}

/** Reads the text of a configuration file, YAML or JSON, whose name is seen from `folder`. Throws a `ConfigurationError` with all its problems, each with its place. */
export function readConfigFile(file: string, source: string, { environment, folder, onRead }: ReadConfigFileOptions): ConfigFileContents {
  const read = readPositionedDocument(file, source);
  if ('problems' in read) throw new ConfigurationError(read.problems);
  const { document } = read;
  const problems: string[] = [];
  const value = expand(document.value, environment, (path, problem) => problems.push(`${document.at(path)}: ${pathText(path)} ${problem}`));
  const result = configFile.safeParse(value);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, document)));

  const variables: Record<string, string> = {};
  const places = new Map<string, string>();
  collect(configFile, result.success ? result.data : value, [], (variable, found, path) => {
    const written = variableText(found);
    variables[variable] = pathVariables.has(variable) ? resolve(folder, dirname(file), written) : written;
    places.set(variable, `${document.at(path)}: ${pathText(path)}`);
  });
  const contents: ConfigFileContents = {
    variables,
    headers: result.data?.headers ?? {},
    subgraphs: result.data?.subgraphs ?? {},
    placeOf: (variable) => places.get(variable),
    at: (path) => document.at(path),
  };
  onRead?.(contents);
  if (problems.length > 0) throw new ConfigurationError(problems.sort(byPlace));
  return contents;
}

function variableText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** Calls `found` for each value whose schema names a variable. */
function collect(
  schema: z.ZodType,
  value: unknown,
  path: readonly string[],
  found: (variable: string, value: unknown, path: readonly string[]) => void,
): void {
  if (value === undefined) return;
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  const variable = inner.meta()?.variable;
  if (typeof variable === 'string') found(variable, value, path);
  else if (inner instanceof z.ZodObject && typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries<z.ZodType>(inner.shape)) {
      collect(child, (value as Readonly<Record<string, unknown>>)[key], [...path, key], found);
    }
  }
}

/** Puts the values of environment variables in for `${NAME}`. */
function expand(
  value: unknown,
  environment: Environment,
  complain: (path: readonly PropertyKey[], problem: string) => void,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
      const found = environment[name];
      if (found === undefined) complain(path, `needs the environment variable ${name}, which is not set`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((entry, index) => expand(entry, environment, complain, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, expand(entry, environment, complain, [...path, key])]));
}

function describeIssue(issue: z.core.$ZodIssue, document: PositionedDocument): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(configFile, issue.path);
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      const help = nearest === undefined ? `possible here: ${known.join(', ')}` : `did you mean "${nearest}"?`;
      return `${document.atKey(issue.path, key)}: there is no setting ${pathText([...issue.path, key])}; ${help}`;
    });
  }
  const key = issue.path.at(-1);
  if (issue.code === 'invalid_key' && key !== undefined) {
    const place = `${document.atKey(issue.path.slice(0, -1), String(key))}: ${pathText(issue.path)}`;
    return issue.issues.map((problem) => `${place}: ${problemText(problem)}`);
  }
  return [`${document.at(issue.path)}: ${pathText(issue.path)}: ${problemText(issue)}`];
}

/** The settings that there are in the object at `path`. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  const [first, ...rest] = path;
  if (inner instanceof z.ZodRecord) return first === undefined ? [] : keysAt(inner.valueType as z.ZodType, rest);
  if (!(inner instanceof z.ZodObject)) return [];
  const shape = inner.shape as Readonly<Record<string, z.ZodType>>;
  if (first === undefined) return Object.keys(shape);
  const child = shape[String(first)];
  return child === undefined ? [] : keysAt(child, rest);
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? 'the file'
    : path
        .map((part) => (typeof part === 'number' ? `[${part}]` : String(part)))
        .join('.')
        .replaceAll('.[', '[');
}

/** From the top of the file to its end. */
function byPlace(a: string, b: string): number {
  const [lineA = 0, columnA = 0] = lineAndColumn(a);
  const [lineB = 0, columnB = 0] = lineAndColumn(b);
  return lineA - lineB || columnA - columnB;
}

function lineAndColumn(problem: string): readonly number[] {
  return (/:(\d+):(\d+): /.exec(problem) ?? []).slice(1).map(Number);
}
