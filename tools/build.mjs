/**
 * Builds what has changed since the last build: types and database clients, the server's code in `dist/`, the GraphiQL page.
 * `node tools/build.mjs [--only generate|compile|page] [--force]`. Plain JavaScript, because it runs before anything is built.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { lockBuild } from './build-lock.mjs';

const root = resolve(import.meta.dirname, '..');
const stampFile = join(root, 'dist', '.build.json');
const lockFile = join(root, 'dist', '.build.lock');
const subgraphs = ['auth', 'users', 'sessions', 'images'];

/** Each step: the files that it reads, the files that prove it ran, and what it does. In order; a later step may read an earlier one's output. */
const steps = {
  generate: {
    label: 'types and database clients',
    inputs: [
      'schema/subgraphs',
      'schema/api.graphql',
      'codegen.yml',
      'tools/prisma.config.ts',
      'tests/e2e/operations',
      'clients',
      ...subgraphs.map((name) => `subgraphs/${name}/prisma/schema.prisma`),
    ],
    outputs: [
      'clients/__generated__/gql.ts',
      ...subgraphs.flatMap((name) => [`subgraphs/${name}/__generated__/prisma/client.ts`, `subgraphs/${name}/__generated__/resolvers.ts`]),
    ],
    run: () =>
      Promise.all([
        command('graphql-codegen', ['--config', 'codegen.yml']),
        ...subgraphs.map((name) =>
          command('prisma', ['generate', '--config', 'tools/prisma.config.ts', '--schema', `subgraphs/${name}/prisma/schema.prisma`]),
        ),
      ]),
  },
  compile: {
    label: 'server',
    inputs: ['gateway', 'subgraphs', 'shared'],
    outputs: ['dist/gateway/main.js'],
    run: compile,
  },
  page: {
    label: 'GraphiQL page',
    inputs: ['gateway/graphiql/page'],
    outputs: ['dist/graphiql/index.html'],
    run: () => command('vite', ['build', 'gateway/graphiql/page', '--logLevel', 'warn']),
  },
};

export async function build({ only, force = false, quiet = false } = {}) {
  const wanted = Object.entries(steps).filter(([name]) => only === undefined || only === name);
  if (!force && wanted.every(isBuilt)) return;
  const unlock = await lockBuild(lockFile, (pid) => {
    if (!quiet) console.log(`Waiting for process ${pid}, which builds …`);
  });
  try {
    for (const [name, step] of wanted) {
      // Asked again: another process may have built it meanwhile, and an earlier step may have changed what this one reads.
      if (!force && isBuilt([name, step])) continue;
      const started = Date.now();
      if (!quiet) process.stdout.write(`Building ${step.label} … `);
      await step.run();
      if (!quiet) process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
      writeStamps({ ...readStamps(), [name]: fingerprint(step.inputs) });
    }
  } finally {
    unlock();
  }
}

function isBuilt([name, step]) {
  return readStamps()[name] === fingerprint(step.inputs) && step.outputs.every((file) => existsSync(join(root, file)));
}

async function compile() {
  const { build: esbuild } = await import('esbuild');
  const entryPoints = ['gateway', 'subgraphs', 'shared'].flatMap((folder) =>
    filesBelow(join(root, folder)).filter(
      (file) => /\.ts$/.test(file) && !/\.(test|conformance|d)\.ts$|[/\\]graphiql[/\\]page[/\\]/.test(file),
    ),
  );
  for (const folder of ['gateway', 'subgraphs', 'shared']) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  await esbuild({
    entryPoints,
    outbase: root,
    outdir: join(root, 'dist'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
  });
}

function command(name, args) {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(process.execPath, [executable(name), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('exit', (status) => {
      if (status === 0) resolvePromise();
      else reject(new Error(`${name} ${args.join(' ')} ended with ${status}:\n${output}`));
    });
  });
}

function executable(name) {
  const packages = { 'graphql-codegen': '@graphql-codegen/cli', prisma: 'prisma', vite: 'vite' };
  const folder = join(root, 'node_modules', packages[name]);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

function fingerprint(inputs) {
  const hash = createHash('sha256').update(process.version);
  for (const input of [...inputs, 'package-lock.json', 'tools/build.mjs']) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    for (const file of statSync(path).isDirectory() ? filesBelow(path) : [path]) {
      hash.update(relative(root, file)).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

/** Files that a build may read, below `folder`, in a fixed order. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name === 'node_modules' || entry.name === '.data') return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamps(stamps) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamps, null, 2));
}

if (process.argv[1] === import.meta.filename) {
  const at = process.argv.indexOf('--only');
  const only = at === -1 ? undefined : process.argv[at + 1];
  if (only !== undefined && !(only in steps)) {
    console.error(`--only takes one of ${Object.keys(steps).join(', ')}`);
    process.exit(2);
  }
  try {
    await build({ only, force: process.argv.includes('--force') });
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}
