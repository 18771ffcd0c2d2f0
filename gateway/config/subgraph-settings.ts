import type { SubscriptionSettings } from '../datasources/subscriptions/subscription-protocols.js';

/** What an operator says about one subgraph. */
export interface SubgraphSettings {
  /** GraphQL endpoint in place of the supergraph's. */
  readonly url: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly subscriptions: SubscriptionSettings;
  /** Whether it is sent files. */
  readonly uploads: boolean;
  /** Headers with a fixed value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case names of client headers that it does not get: they are for others, or have a fixed value here. */
  readonly withheldHeaders: readonly string[];
}

export interface SubgraphsSettings {
  /** Of any subgraph, named or not. */
  of(name: string): SubgraphSettings;
  /** Lower-case names of all client headers that some subgraph is to get. */
  readonly forwardedHeaders: readonly string[];
  /** What is wrong when these are the subgraphs that there are: one line for each that is named and not there. */
  problemsWith(subgraphs: readonly string[]): readonly string[];
}

interface HeadersInFile {
  readonly forward?: readonly string[] | undefined;
  readonly set?: Readonly<Record<string, string>> | undefined;
}

export interface SubgraphsInFile {
  readonly headers?: HeadersInFile | undefined;
  readonly subgraphs?:
    | Readonly<
        Record<
          string,
          {
            readonly url?: string | undefined;
            readonly timeoutMs?: number | undefined;
            readonly subscriptions?: SubscriptionSettings | undefined;
            readonly uploads?: boolean | undefined;
            readonly headers?: HeadersInFile | undefined;
          }
        >
      >
    | undefined;
  /** How to say that a name is nobody's. */
  readonly describeUnknown?: (name: string, subgraphs: readonly string[]) => string;
}

export function createSubgraphsSettings({
  headers,
  subgraphs = {},
  describeUnknown = (name) => name,
}: SubgraphsInFile = {}): SubgraphsSettings {
  // A map, since a subgraph may be called "constructor".
  const named = new Map(Object.entries(subgraphs));
  const forwardedHeaders = [
    ...new Set([...(headers?.forward ?? []), ...[...named.values()].flatMap((settings) => settings.headers?.forward ?? [])]),
  ];
  return {
    forwardedHeaders,
    of(name) {
      const own = named.get(name);
      const forwarded = new Set([...(headers?.forward ?? []), ...(own?.headers?.forward ?? [])]);
      const fixed = { ...headers?.set, ...own?.headers?.set };
      return {
        url: own?.url,
        timeoutMs: own?.timeoutMs,
        subscriptions: own?.subscriptions ?? {},
        uploads: own?.uploads ?? false,
        headers: fixed,
        withheldHeaders: [
          ...forwardedHeaders.filter((header) => !forwarded.has(header)),
          ...Object.keys(fixed).map((header) => header.toLowerCase()),
        ],
      };
    },
    problemsWith: (known) => [...named.keys()].filter((name) => !known.includes(name)).map((name) => describeUnknown(name, known)),
  };
}
