import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../config/environment.js';
import { explainStart } from './explain-start.js';

async function failureOf(host: string, port: number): Promise<unknown> {
  const server = createServer().listen(port, host);
  const [error] = (await once(server, 'error')) as [unknown];
  return error;
}

describe('A failed start', () => {
  it('is not explained when it is nothing that an operator can mend', () => {
    for (const error of [new Error('the bug'), Object.assign(new Error('x'), { code: 'EACCES' }), 'x', undefined])
      expect(explainStart(error)).toBeUndefined();
  });

  it('is explained by the setting that is at fault', async () => {
    expect(explainStart(new ConfigurationError(['PORT: no']))).toContain('PORT: no');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(explainStart(await failureOf('127.0.0.1', port))).toMatch(/^Port \d+ is in use: .* PORT /);
    server.close();
    const elsewhere = { code: 'EADDRNOTAVAIL', address: '192.0.2.1', syscall: 'listen' };
    expect(explainStart({ ...elsewhere, syscall: 'connect' })).toBeUndefined();
    expect(explainStart(elsewhere)).toBe('192.0.2.1 is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all.');
    const unknown = Object.assign(new Error('x'), { code: 'ENOTFOUND', hostname: 'nowhere.invalid' });
    expect(explainStart(unknown)).toMatch(/"nowhere\.invalid".* HOST/);
    expect(explainStart(Object.assign(new Error('x'), { code: 'EACCES', port: 80 }))).toMatch(/^Port 80 may not be used/);
  });
});
