import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../shared/logging/logger.js';
import { readGatewayConfig } from './config/gateway-config.js';
import { createSubgraphsSettings } from './config/subgraph-settings.js';
import { createSubgraphSources } from './subgraph-sources.js';

describe('A subgraph', () => {
  const sourceOf = createSubgraphSources({
    config: readGatewayConfig({ SUPERGRAPH_PATH: 'x.graphql', UPLOAD_SUBGRAPHS: 'documents, scans' }),
    subgraphs: createSubgraphsSettings({ subgraphs: { letters: { uploads: true }, scans: { uploads: false }, stock: {} } }),
    logger: createLogger({ name: 'test', level: 'silent' }),
  });

  it.each([
    ['stock', false],
    ['constructor', false],
    ['documents', true],
    ['letters', true],
    ['scans', true],
  ])('is sent files when it is named for them, by variable or file: %s', async (name, takesFiles) => {
    const source = sourceOf({ name, url: 'http://127.0.0.1:1/graphql' });
    expect(source.takesFiles).toBe(takesFiles);
    await source.close();
  });

  it('needs an address', () => {
    expect(() => sourceOf({ name: 'stock', url: '' })).toThrow('set subgraphs.stock.url');
  });

  it.each(['http://user:word@stock/graphql', 'http://user@stock/graphql', 'http://:word@stock/graphql'])(
    'SECURITY 52: has no secret in its address, and nobody is told it: %s',
    (url) => {
      let message = '';
      try {
        sourceOf({ name: 'stock', url });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('set headers.set.authorization');
      expect(message).not.toMatch(/user@|user:|word@/);
    },
  );
});
