import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../shared/config/project-root.js';
import { post, text } from '../testkit/product/graphql-client.js';
import { freePorts } from '../testkit/services/free-ports.js';
import { startProcess, type ProductProcess } from '../testkit/services/process.js';

const guide = readFileSync(join(projectRoot, 'docs', 'own-subgraph.md'), 'utf8');

function blocks(language: string): readonly string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
}

describe('The guide "Hang your own subgraph on User", as it is written', () => {
  let folder: string;
  let ports: readonly number[];
  let subgraph: ChildProcess;
  let galaxia: ProductProcess;
  let url: string;

  /** On ports and in a folder of this test. */
  const here = (line: string): string =>
    line.replaceAll('4000', String(ports[0])).replaceAll('4005', String(ports[1])).replaceAll('.data/', `${folder}/`);
  const command = (part: string): string => {
    const line = (blocks('sh')[0] ?? '').split('\n').find((each) => each.includes(part));
    if (line === undefined) throw new Error(`the guide has no command with ${part}`);
    return here(line);
  };
  /** Variables before a command, as a shell reads them. */
  const variablesOf = (line: string): Record<string, string> =>
    Object.fromEntries([...line.matchAll(/\b([A-Z_]+)=(\S+) /g)].map(([, name = '', value = '']) => [name, value]));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
    ports = await freePorts(2);
    url = `http://127.0.0.1:${String(ports[0])}`;
    const composed = spawnSync('sh', ['-c', command('compose:with')], { cwd: projectRoot, encoding: 'utf8' });
    expect(composed.stderr.replace(/^npm warn.*\n/gm, '')).toBe('');
    subgraph = spawn('sh', ['-c', `exec env ${command('server.mjs')}`], {
      cwd: projectRoot,
      env: { PATH: process.env.PATH, PORT: String(ports[1]), GALAXIA: url },
      stdio: 'inherit',
    });
    const start = command('npm start');
    galaxia = startProcess('gateway/all-in-one.js', { ...variablesOf(start), PORT: String(ports[0]), DATA_DIR: join(folder, 'own') });
    // That of the subgraph is among what it waits for.
    await galaxia.untilReady(`${url}/health/ready`);
  }, 60_000);

  afterAll(async () => {
    subgraph.kill();
    await Promise.all([once(subgraph, 'exit'), galaxia.stop()]);
    rmSync(folder, { recursive: true });
  });

  it('refuses whoever has not signed in, with the subgraph’s own word for it', async () => {
    const { data, errors } = await post(url, { query: blocks('graphql')[1] ?? '' });
    expect(data).toEqual({});
    expect(errors).toMatchObject([{ message: 'Sign in first.', path: ['unlockAchievement'], extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  it('answers its queries from all subgraphs', async () => {
    const [register = '', unlock = '', look = ''] = blocks('graphql');
    const registered = await post(url, { query: register });
    const token = text(registered.data.register?.accessToken);
    const unlocked = await post(url, { query: unlock, token });
    const achievements = [{ title: 'Playing after midnight' }];
    expect(unlocked.errors).toEqual([]);
    expect(unlocked.data).toEqual({ unlockAchievement: { username: 'ada', presence: { availability: 'OFFLINE' }, achievements } });
    expect((await post(url, { query: look })).data).toEqual({ userByUsername: { username: 'ada', achievements } });
  });

  it('shows what curl shows', () => {
    const transcript = here(blocks('console').join('')).trimEnd().split('\n');
    expect(transcript.length).toBeGreaterThan(4);
    for (let at = 0; at < transcript.length; at += 2) {
      const { stdout } = spawnSync('sh', ['-c', (transcript[at] ?? '').replace(/^\$ /, '')], { encoding: 'utf8' });
      expect(stdout).toBe(transcript[at + 1]);
    }
  });
});
