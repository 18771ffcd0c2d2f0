import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../shared/config/project-root.js';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

describe('A fresh clone', () => {
  /** npm leaves out what its registry does not have yet, and `npm ci` then refuses the lock file, or installs nothing for that platform. */
  it('finds the binaries of every platform in the lock file', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !foldersSearched(path).some((folder) => `${folder}node_modules/${name}` in lock.packages))
        .map((name) => `${name} of ${path}`),
    );
    expect(missing).toEqual([]);
  });

  /** Install scripts are off, so nothing is compiled here; a binary made for a newer Node-API than this Node's ends the process when it is loaded. */
  it('hashes with the binary that argon2 ships', () => {
    const script = `require('argon2').hash('correct horse battery').then(console.log)`;
    const environment = { ...process.env, PREBUILDS_ONLY: '1' };
    const hash = execFileSync(process.execPath, ['-e', script], { cwd: projectRoot, env: environment, encoding: 'utf8' });
    expect(hash).toMatch(/^\$argon2id\$/);
  });

  /** A shell between npm and Node would take the signal for itself and leave the server behind. */
  it('starts Node in the place of the shell, so that it hears what npm is told', async () => {
    const script = 'process.on("SIGTERM", () => process.exit(7)); setInterval(() => undefined, 1000); console.log("ready")';
    const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const [name, command] of Object.entries(scripts).filter(([key]) => key === 'dev' || /^start(:|$)/.test(key))) {
      const child = spawn('sh', ['-c', command.replaceAll(/node tools\/\S+( [a-z-]+)?/g, `node -e '${script}'`)]);
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect({ name, end: await once(child, 'exit') }).toEqual({ name, end: [7, null] });
    }
  });
});

/** Where Node looks for what the package at `path` imports: its own folder, then each one around it. */
function foldersSearched(path: string): string[] {
  if (path === '') return [''];
  return [`${path}/`, ...foldersSearched(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))))];
}
