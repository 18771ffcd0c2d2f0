import { join } from 'node:path';
import { z } from 'zod';
import { evenWithProblems, graphqlUrl, readEnvironment } from '../../shared/config/environment.js';
import { projectRoot } from '../../shared/config/project-root.js';
import { subgraphNames, subgraphUrls, type SubgraphName } from '../../shared/config/subgraph-environment.js';
import { checkJwtVariables, jwtVariables, refuseJwtVariables, toJwtConfig, type JwtConfig } from '../authentication/jwt-variables.js';
import { checkCacheVariables } from '../caching/cache-variables.js';
import { workersVariable } from '../cluster/workers-variable.js';
import { checkPolicyVariables } from '../policy/policy-variables.js';
import { servingVariables, toServingConfig, type ServingConfig } from './serving-config.js';
import { checkSettingsTogether } from './settings-together.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface GatewayConfig extends ServingConfig {
  /** Processes that serve. */
  readonly workers: number;
  /** GraphQL endpoints that replace those of the supergraph file. */
  readonly urls: Readonly<Partial<Record<SubgraphName, string>>>;
  /** Sent to the subgraphs; undefined when they are someone else's and know none. */
  readonly gatewaySecret: string | undefined;
  /** Whose tokens are verified when they are not those of Galaxia's own auth subgraph. */
  readonly jwt: JwtConfig | undefined;
}

/** Galaxia's own supergraph. */
export const ownSupergraphPath = join(projectRoot, 'schema', 'supergraph.graphql');

const common = { ...servingVariables, ...jwtVariables, ...workersVariable };

/** The gateway of Galaxia's own subgraphs, which are where they are by default unless told otherwise. */
const ownSupergraph = z.object({
  ...common,
  ...subgraphUrls,
  SUPERGRAPH_PATH: z.string().default(ownSupergraphPath),
  GATEWAY_SECRET: z.string().describe('the secret that the gateway and all subgraphs share; 32 characters or more'),
});

/** The gateway of any supergraph: nothing is assumed about its subgraphs. */
const anySupergraph = z.object({
  ...common,
  AUTH_URL: graphqlUrl.optional(),
  USERS_URL: graphqlUrl.optional(),
  SESSIONS_URL: graphqlUrl.optional(),
  IMAGES_URL: graphqlUrl.optional(),
  GATEWAY_SECRET: z.string().optional(),
});

/** The names of all variables of the gateway of any supergraph. */
export const gatewayVariableNames: readonly string[] = Object.keys(anySupergraph.shape);

/** Configuration of the gateway as a process of its own. Throws `ConfigurationError` with all problems at once. */
export function readGatewayConfig(environment: Environment): GatewayConfig {
  const isOwn = environment.SUPERGRAPH_PATH === undefined || environment.SUPERGRAPH_PATH === '';
  const values = isOwn
    ? readEnvironment(
        ownSupergraph
          .superRefine(checkPolicyVariables, evenWithProblems)
          .superRefine(checkCacheVariables, evenWithProblems)
          .superRefine(refuseJwtVariables, evenWithProblems)
          .superRefine(checkSettingsTogether(environment), evenWithProblems),
        environment,
      )
    : readEnvironment(
        anySupergraph
          .superRefine(checkPolicyVariables, evenWithProblems)
          .superRefine(checkCacheVariables, evenWithProblems)
          .superRefine(checkJwtVariables, evenWithProblems)
          .superRefine(checkSettingsTogether(environment), evenWithProblems),
        environment,
      );
  const given = { auth: values.AUTH_URL, users: values.USERS_URL, sessions: values.SESSIONS_URL, images: values.IMAGES_URL };
  const urls: Partial<Record<SubgraphName, string>> = {};
  for (const name of subgraphNames) {
    const url = given[name];
    if (url !== undefined) urls[name] = url;
  }
  return {
    ...toServingConfig(values),
    workers: values.WORKERS,
    urls,
    gatewaySecret: values.GATEWAY_SECRET,
    jwt: toJwtConfig(values),
  };
}
