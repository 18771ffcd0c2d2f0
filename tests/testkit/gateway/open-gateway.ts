import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Gateway, type GatewayOptions } from '../../../gateway/gateway.js';
import { createRevocations } from '../../../shared/auth/revocations.js';
import { createLogger } from '../../../shared/logging/logger.js';

/** A whole gateway, on any free port once it listens; unless `options` say otherwise it knows no tokens and shows no page. */
export function openGateway(options: Pick<GatewayOptions, 'supergraph'> & Partial<GatewayOptions>): Promise<Gateway> {
  return createGateway({
    config: { host: '127.0.0.1', port: 0, publicUrl: undefined, corsOrigins: [], trustsProxy: () => false, objectsUrl: undefined },
    accessTokens: null,
    revocations: createRevocations(),
    jwks: null,
    ready: () => Promise.resolve([]),
    routes: [],
    pageFolder: join(tmpdir(), 'no such page'),
    logger: createLogger({ name: 'test', level: 'silent' }),
    ...options,
  });
}
