import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readAllInOneConfig } from '../gateway/config/all-in-one-config.js';
import { readGatewayConfig } from '../gateway/config/gateway-config.js';
import { projectRoot } from '../shared/config/project-root.js';
import { readSubgraphEnvironment, subgraphNames } from '../shared/config/subgraph-environment.js';
import { readAuthConfig } from '../subgraphs/auth/config.js';
import { readImagesConfig } from '../subgraphs/images/config.js';
import { readUsersConfig } from '../subgraphs/users/config.js';

type Environment = Readonly<Record<string, string | undefined>>;

const read = (name: string): string => readFileSync(join(projectRoot, name), 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
const instructions = (name: string): readonly string[] =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: unknown;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};
const services = Object.entries(compose.services);
const own = services.filter(([, { image }]) => image === 'galaxia');

/** As compose fills in what somebody has set who set only what must be. */
function filledIn(value: string | number): string {
  return String(value).replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_whole, _name, kind, otherwise: string) =>
    kind === '-' ? otherwise : 'x'.repeat(32),
  );
}
const environmentOf = ({ environment = {} }: Service): Environment =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(value)]));

/** What each process reads. */
const readers: Readonly<Record<string, (environment: Environment) => unknown>> = {
  gateway: readGatewayConfig,
  auth: (environment) => [readSubgraphEnvironment('auth', environment), readAuthConfig(environment)],
  users: (environment) => [readSubgraphEnvironment('users', environment), readUsersConfig(environment)],
  sessions: (environment) => readSubgraphEnvironment('sessions', environment),
  images: (environment) => [readSubgraphEnvironment('images', environment), readImagesConfig(environment)],
};

/** The names that `reader` looks for in `environment`. */
function namesRead(reader: (environment: Environment) => unknown, environment: Environment): ReadonlySet<unknown> {
  const names = new Set<unknown>();
  reader(
    new Proxy(environment, {
      get(target, name) {
        names.add(name);
        return typeof name === 'string' ? target[name] : undefined;
      },
    }),
  );
  return names;
}

describe('docker-compose.yml', () => {
  it('runs the gateway and each subgraph', () => {
    expect(own.map(([name]) => name)).toEqual(['gateway', ...subgraphNames]);
  });

  it.each(own)('%s: has a program that there is, and settings that it reads and can use', (name, service) => {
    const [node, program = ''] = service.command ?? [];
    expect([node, existsSync(join(projectRoot, program.replace(/^dist\//, '').replace(/\.js$/, '.ts')))]).toEqual(['node', true]);
    const environment = environmentOf(service);
    const names = namesRead(readers[name] ?? readAllInOneConfig, environment);
    // All have the URLs of all.
    const unread = Object.keys(environment).filter((each) => !names.has(each) && !/^(AUTH|USERS|SESSIONS|IMAGES)_URL$/.test(each));
    expect(unread).toEqual([]);
  });

  it.each(own)('%s: listens where the others look for it', (name, service) => {
    const { PORT } = environmentOf(service);
    if (name === 'gateway') expect(service.ports?.[0]).toMatch(new RegExp(`:${PORT}$`));
    else for (const [, each] of own) expect(environmentOf(each)[`${name.toUpperCase()}_URL`]).toBe(`http://${name}:${PORT}/graphql`);
  });

  it.each(services)('%s: waits for services that tell when they are well, and has volumes that there are', (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe('service_healthy');
      const { image, healthcheck } = compose.services[other] ?? {};
      expect(image === 'galaxia' || healthcheck !== undefined).toBe(true);
    }
    for (const volume of service.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  });
});

describe('The Dockerfile', () => {
  it('copies what there is, and makes what it copies from its first stage', () => {
    const fromBuild = instructions('COPY').flatMap((line) => /^--from=build \/galaxia\/(\S+)/.exec(line)?.[1] ?? []);
    const fromHere = instructions('COPY').flatMap((line) => (line.startsWith('--') ? [] : line.split(' ').slice(0, -1)));
    for (const path of [...fromHere, ...fromBuild].filter((each) => each !== 'node_modules' && each !== 'dist'))
      expect([path, existsSync(join(projectRoot, path))]).toEqual([path, true]);
    const ignored = read('.dockerignore').split('\n');
    expect(fromHere.filter((path) => ignored.includes(path))).toEqual([]);
  });

  it('sets what everything in one process reads', () => {
    const set = Object.fromEntries(
      instructions('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
    );
    const { NODE_ENV, ...environment } = set;
    expect(NODE_ENV).toBe('production');
    const names = namesRead(readAllInOneConfig, environment);
    expect(Object.keys(environment).filter((name) => !names.has(name))).toEqual([]);
  });

  it('ends as no root, with Node as the first process', () => {
    const last = dockerfile.slice(dockerfile.findLastIndex((line) => line.startsWith('FROM ')));
    expect(last).toContain('USER node');
    expect(last.at(-2)).toBe('CMD ["node", "dist/gateway/all-in-one.js"]');
  });

  it('is well as long as the process is alive, ready or not', async () => {
    const [, program = '', ...given] = JSON.parse(/CMD (\[.*\])/.exec(instructions('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]') as string[];
    const server = createServer((request, response) => response.writeHead(request.url === '/health/live' ? 200 : 503).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const check = (PORT: number) =>
      new Promise((resolve) => {
        execFile(process.execPath, [program, ...given], { env: { PORT: String(PORT) } }, (error) => resolve(error?.code ?? 0));
      });
    expect(await check(port)).toBe(0);
    await new Promise((resolve) => server.close(resolve));
    expect(await check(port)).toBe(1);
  });
});
