import { parseArgs } from 'node:util';
import { nearestName } from './nearest-name.js';

/** What `galaxia-gateway …` is asked to do. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'serve' | 'check'; readonly flags: Flags }
  /** Nothing that can be done, and why: a line for each problem. */
  | { readonly kind: 'misused'; readonly problems: readonly string[] };

export interface Flags {
  readonly config: string | undefined;
  /** By the environment variable that the flag stands for. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The variable that each flag sets. */
export const flagVariables = { supergraph: 'SUPERGRAPH_PATH', port: 'PORT', host: 'HOST' } as const;

const valued = ['supergraph', 'config', 'port', 'host'] as const;
const plain = ['check', 'help', 'version'] as const;
const all: readonly string[] = [...valued, ...plain];

export const help = `galaxia-gateway: a GraphQL gateway for any Federation 2 supergraph.

  galaxia-gateway --supergraph supergraph.graphql

  --supergraph <file>  the composed supergraph; it is followed when it changes
  --config <file>      configuration as YAML or JSON; without it galaxia-gateway.yaml, .yml or .json of this folder, if there is one
  --port <number>      where to listen (4000); 0 for any free port
  --host <address>     on which address (127.0.0.1); 0.0.0.0 for all
  --check              says whether configuration and supergraph can be used, and starts nothing
  --version
  --help

A flag counts more than an environment variable, and that more than the file. docs/gateway-only.md tells of all settings.`;

/** Reads the arguments after the name of the program. */
export function readCommandLine(args: readonly string[]): Command {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(valued.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(plain.map((name) => [name, { type: 'boolean' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
  });
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" is no option; a supergraph is named by --supergraph ${token.value}`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!all.includes(name)) {
      const nearest = nearestName(name, all);
      problems.push(`there is no option ${rawName}; ${nearest === undefined ? 'see --help' : `did you mean --${nearest}?`}`);
    } else if (given.has(name)) problems.push(`${rawName} is there twice`);
    else if (isValued(name) && (value === undefined || value === '' || (value.startsWith('-') && !token.inlineValue)))
      problems.push(`${rawName} needs a value`);
    else if (!isValued(name) && value !== undefined) problems.push(`${rawName} takes no value`);
    given.set(name, value ?? '');
  }
  if (given.has('help')) return { kind: 'help' };
  if (problems.length > 0) return { kind: 'misused', problems };
  if (given.has('version')) return { kind: 'version' };
  const variables: Record<string, string> = {};
  for (const [flag, variable] of Object.entries(flagVariables)) {
    const value = given.get(flag);
    if (value !== undefined) variables[variable] = value;
  }
  return { kind: given.has('check') ? 'check' : 'serve', flags: { config: given.get('config'), variables } };
}

function isValued(name: string): boolean {
  return valued.some((each) => each === name);
}
