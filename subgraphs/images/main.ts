import { join } from 'node:path';
import { runSubgraphProcess } from '../../shared/graphql/subgraph-process.js';
import { createObjectStore } from '../../shared/objects/create-object-store.js';
import { readImagesConfig } from './config.js';
import { createImagesSubgraph } from './subgraph.js';

runSubgraphProcess({
  name: 'images',
  environment: process.env,
  readConfig: readImagesConfig,
  create: async ({ environment, config, database, bus, accessTokens, logger, scope, deriveKey }) => {
    const objects = await createObjectStore({ s3: config.s3, folder: join(environment.dataDir, 'objects') });
    scope.defer(() => objects.close());
    const signingKey = deriveKey('image upload URLs');
    return { subgraph: await createImagesSubgraph({ database, bus, objects, accessTokens, signingKey, quota: config.quota, logger }) };
  },
});
