import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { fileProblem } from './file-problem.js';

const coded = (code: string) => Object.assign(new Error(`${code}: …`), { code });

describe('A file that cannot be read', () => {
  it('is told in words', async () => {
    const problemOf = (path: string) => readFile(path).catch(fileProblem);
    expect(await problemOf(`${import.meta.dirname}/nowhere`)).toBe('there is no such file');
    expect(await problemOf(import.meta.dirname)).toBe('it is a folder, not a file');
    for (const code of ['EACCES', 'EPERM']) expect(fileProblem(coded(code))).toBe('the user of this process may not read it');
  });

  it('is told by what the system says where there are no better words', () => {
    expect(fileProblem(coded('EIO'))).toBe('EIO: …');
    expect(fileProblem('gone')).toBe('gone');
  });
});
