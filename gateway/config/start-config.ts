import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../shared/config/environment.js';
import { fileProblem } from '../../shared/config/file-problem.js';
import { readTogether } from '../../shared/config/read-together.js';
import { flagVariables, type Flags } from './command-line.js';
import { readConfigFile, type ConfigFileContents, type ReadConfigFileOptions } from './file/read-config-file.js';
import { gatewayVariableNames, readGatewayConfig, type GatewayConfig } from './gateway-config.js';
import { misspeltVariables } from './misspelt-variables.js';
import { helpWith } from './unknown-names.js';
import { createSubgraphsSettings, type SubgraphsSettings } from './subgraph-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface StartConfig {
  readonly config: GatewayConfig;
  readonly subgraphs: SubgraphsSettings;
  /** The configuration file; undefined without one. */
  readonly file: string | undefined;
  /** What was probably meant otherwise, and counts for nothing. */
  readonly doubts: readonly string[];
  /** How to call a variable where somebody has set it. */
  readonly placeOf: (variable: string) => string;
}

const noSupergraph =
  'no supergraph: give --supergraph <file> (SUPERGRAPH_PATH, or supergraph in a configuration file); for Galaxia’s own subgraphs, set GATEWAY_SECRET to the secret that they share with the gateway';
/** Stands in for it, so that all else is read as well. */
const some = { SUPERGRAPH_PATH: 'none' };

/** Looked for in the current folder when none is named. */
const usualNames = ['galaxia-gateway.yaml', 'galaxia-gateway.yml', 'galaxia-gateway.json'];

/**
 * Reads flags, environment and configuration file, in the order in which they count. Throws a `ConfigurationError` with the problems of all
 * three, each of which says where it comes from.
 */
export function readStartConfig({
  flags,
  environment,
  folder,
}: {
  readonly flags: Flags;
  readonly environment: Environment;
  /** Where a file is looked for that nobody has named. */
  readonly folder: string;
}): StartConfig {
  const file = flags.config ?? usualNames.find((name) => existsSync(resolve(folder, name)));
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  let contents: ConfigFileContents | undefined;
  let fileProblems: readonly string[] = [];
  // With a file that cannot be read, what it should have said would be a problem again.
  const variables = (): Environment => ({ ...missing(file, fileProblems), ...contents?.variables, ...set, ...flags.variables });
  // Galaxia's own is served to whoever has its secret.
  const hasSupergraph = (): boolean => variables().SUPERGRAPH_PATH !== undefined || variables().GATEWAY_SECRET !== undefined;
  const { config } = readTogether({
    file() {
      try {
        if (file !== undefined) openConfigFile(file, { environment, folder, onRead: (read) => (contents = read) });
      } catch (error) {
        if (error instanceof ConfigurationError) fileProblems = error.problems;
        throw error;
      }
    },
    supergraph() {
      if (!hasSupergraph()) throw new ConfigurationError([noSupergraph]);
    },
    config: () =>
      withPlaces({ flags, set, contents, fileProblems }, () => {
        const config = readGatewayConfig(hasSupergraph() ? variables() : { ...variables(), ...some });
        checkSubgraphTimeouts(contents, config);
        return config;
      }),
  });
  const place = (name: string): string => contents?.at(['subgraphs', name]) ?? '';
  return {
    config,
    file,
    doubts: misspeltVariables(set, gatewayVariableNames),
    placeOf: (variable) => (set[variable] === undefined ? contents?.placeOf(variable) : undefined) ?? variable,
    subgraphs: createSubgraphsSettings({
      headers: contents?.headers,
      subgraphs: contents?.subgraphs,
      describeUnknown(name, known) {
        return `${place(name)}: subgraphs.${name}: the supergraph has no subgraph of this name; ${helpWith(name, known)}`;
      },
    }),
  };
}

function openConfigFile(file: string, options: ReadConfigFileOptions): void {
  let source: string;
  try {
    source = readFileSync(resolve(options.folder, file), 'utf8');
  } catch (error) {
    throw new ConfigurationError([`${file} cannot be read: ${fileProblem(error)}`]);
  }
  readConfigFile(file, source, options);
}

/** Stands in for the supergraph of a file with problems: it may be named there, and nobody shall be told that it is not. */
function missing(file: string | undefined, fileProblems: readonly string[]): Environment {
  return file !== undefined && fileProblems.length > 0 ? { SUPERGRAPH_PATH: file } : {};
}

/** Of those that only a file can name. */
function checkSubgraphTimeouts(contents: ConfigFileContents | undefined, { timeouts: { operationMs } }: GatewayConfig): void {
  const problems = Object.entries(contents?.subgraphs ?? {}).flatMap(([name, { timeoutMs = 0 }]) =>
    timeoutMs <= operationMs
      ? []
      : `${contents?.at(['subgraphs', name, 'timeoutMs']) ?? ''}: subgraphs.${name}.timeoutMs: ${timeoutMs} is more than OPERATION_TIMEOUT_MS (${operationMs}), and the operation ends before it`,
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** Problems begin with the name of a variable: says instead what the operator has written. */
function withPlaces<Value>(
  {
    flags,
    set,
    contents,
    fileProblems,
  }: { flags: Flags; set: Environment; contents: ConfigFileContents | undefined; fileProblems: readonly string[] },
  read: () => Value,
): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(
      error.problems.flatMap((described) => {
        const problem = placeOthers(described, (name) => (set[name] === undefined ? contents?.placeOf(name) : undefined));
        const variable = /^[A-Z][A-Z0-9_]*(?=: )/.exec(problem)?.[0];
        if (variable === undefined) return problem;
        const flag = Object.entries(flagVariables).find(([, name]) => name === variable)?.[0];
        if (flag !== undefined && flags.variables[variable] !== undefined) return problem.replace(variable, `--${flag}`);
        if (set[variable] !== undefined) return problem;
        const place = contents?.placeOf(variable);
        if (place === undefined) return problem;
        // What the file itself has been told about already.
        return fileProblems.some((known) => known.startsWith(place)) ? [] : problem.replace(variable, place);
      }),
    );
  }
}

/** Says of each variable that comes later in the problem where the file sets it. */
function placeOthers(problem: string, placeOf: (variable: string) => string | undefined): string {
  return problem.replace(/(?<!^)\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g, (name) => {
    const [place, key] = placeOf(name)?.split(': ') ?? [];
    return place === undefined || key === undefined ? name : `${key} at ${place}`;
  });
}
