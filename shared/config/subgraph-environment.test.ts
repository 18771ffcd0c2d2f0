import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './environment.js';
import { readTogether } from './read-together.js';
import { readSubgraphEnvironment } from './subgraph-environment.js';

describe('The environment of a subgraph', () => {
  it('is refused with all its problems at once, each naming its variable', () => {
    const read = () =>
      readSubgraphEnvironment('users', { PORT: '-1', REDIS_URL: 'localhost', AUTH_DATABASE_URL: 'postgres://elsewhere/auth' });
    expect(read).toThrow(ConfigurationError);
    for (const name of ['PORT', 'REDIS_URL', 'GATEWAY_SECRET is not set', 'USERS_DATABASE_URL is not set']) expect(read).toThrow(name);
  });

  it('does not take a database of another kind', () => {
    expect(() => readSubgraphEnvironment('auth', { GATEWAY_SECRET: 's', AUTH_DATABASE_URL: 'mysql://localhost/auth' })).toThrow(
      'AUTH_DATABASE_URL',
    );
  });

  it('has a port of its own for each subgraph, and finds the others where they are by default', () => {
    const environment = readSubgraphEnvironment('images', {
      GATEWAY_SECRET: 'secret',
      IMAGES_DATABASE_URL: 'postgresql://localhost/images',
      USERS_URL: 'http://users:4002/',
    });
    expect(environment).toMatchObject({
      port: 4004,
      host: '127.0.0.1',
      databaseUrl: 'postgresql://localhost/images',
      urls: { auth: 'http://127.0.0.1:4001/graphql', users: 'http://users:4002/graphql' },
    });
  });
});

describe('Reading together', () => {
  it('reports the problems of every reader once', () => {
    const fail =
      (...problems: string[]) =>
      () => {
        throw new ConfigurationError(problems);
      };
    const read = () => readTogether({ one: fail('A', 'B'), two: fail('B', 'C'), three: () => 3 });
    expect(read).toThrow(expect.objectContaining({ problems: ['A', 'B', 'C'] }));
  });

  it('lets other errors through as they are', () => {
    const bug = new TypeError('a bug');
    expect(() =>
      readTogether({
        one: () => {
          throw bug;
        },
      }),
    ).toThrow(bug);
  });
});
