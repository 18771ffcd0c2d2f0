import { relative } from 'node:path';
import { ConfigurationError } from '../../shared/config/environment.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createSupergraph } from '../supergraph/supergraph.js';
import { openTrustedDocuments } from '../policy/trusted-documents.js';
import type { StartConfig } from './start-config.js';
import { unknownNames, unknownRequirements } from './unknown-names.js';
import { createSubgraphSources } from '../subgraph-sources.js';

/** Reads everything that a start would read, asks nobody, and answers what it found. Throws a `ConfigurationError` with what is wrong. */
export async function checkConfiguration({ config, subgraphs, file, doubts: ofStart, placeOf }: StartConfig): Promise<string> {
  const logger = createLogger({ name: 'gateway', level: 'silent' });
  const dataSource = createSubgraphSources({ config, subgraphs, logger });
  const urls: string[] = [];
  const doubts = [...ofStart];
  const problems = [
    ...(await problemsOf(async () => {
      const supergraph = await createSupergraph({
        path: config.supergraphPath,
        dataSource(service) {
          const source = dataSource(service);
          urls.push(`  ${service.name}  ${subgraphs.of(service.name).url ?? service.url}`);
          return source;
        },
        logger,
      });
      const generation = supergraph.current();
      const unknown = [...subgraphs.problemsWith([...generation.services.keys()]), ...unknownRequirements(config, generation, placeOf)];
      doubts.push(...unknownNames(config, generation, placeOf));
      await supergraph.close();
      return unknown;
    })),
    ...(await problemsOf(async () => {
      const { trustedDocuments } = config.policy;
      if (trustedDocuments !== undefined) await (await openTrustedDocuments({ path: trustedDocuments.path, logger })).close();
      return [];
    })),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  const files = [relative(process.cwd(), config.supergraphPath), ...(file === undefined ? [] : [file])];
  return [
    `${files.join(' and ')} can be used. Subgraphs:`,
    ...urls,
    ...(doubts.length === 0 ? [] : ['What nobody knows by its name counts for nothing:', ...doubts.map((doubt) => `  - ${doubt}`)]),
  ].join('\n');
}

async function problemsOf(check: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
