import { describe, expect, it } from '@jest/globals';
import { clientAddress, parseTrustedProxies } from './client-address.js';

function trusting(...entries: string[]) {
  const trusts = parseTrustedProxies(entries);
  if (trusts === null) throw new Error(`cannot read ${entries.join()}`);
  return trusts;
}

function request(remoteAddress: string, forwarded?: string) {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } };
}

describe('The address of a client', () => {
  it('SECURITY 12: is that of the socket when no proxy is trusted, whatever the client claims', () => {
    expect(clientAddress(request('203.0.113.9', '10.0.0.1'), trusting())).toBe('203.0.113.9');
  });

  it('SECURITY 12: is not the one that a client wrote left of what our proxy wrote', () => {
    expect(clientAddress(request('10.0.0.2', '1.1.1.1, 203.0.113.9'), trusting('10.0.0.0/8'))).toBe('203.0.113.9');
  });

  it('SECURITY 12: is found behind several proxies of ours', () => {
    expect(clientAddress(request('::ffff:10.0.0.2', '203.0.113.9, 10.9.9.9'), trusting('10.0.0.0/8'))).toBe('203.0.113.9');
  });

  it.each([
    'unknown',
    '',
    '203.0.113.9, hidden',
    '203.0.113.9:x',
    '[203.0.113.9',
    '2001:db8::1]:80',
    '203.0.113.9:123456',
    '203.0.113.9:80:80',
  ])('SECURITY 12: is nobody’s when a proxy of ours says nonsense, not one that no limit counts: "%s"', (forwarded) => {
    expect(clientAddress(request('10.0.0.2', forwarded), trusting('10.0.0.2'))).toBe('unknown');
  });

  it.each([
    ['198.51.100.7:1000', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['[2001:db8::1]:1000', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1:1000', '2001:db8::1:1000'],
    ['198.51.100.7:1000, 10.0.0.3:65535', '198.51.100.7'],
  ])('SECURITY 12: is told with a port by some proxies: %s', (forwarded, address) => {
    expect(clientAddress(request('10.0.0.2', forwarded), trusting('10.0.0.0/8'))).toBe(address);
  });

  it('SECURITY 12: is that of the proxy when it asks for itself', () => {
    expect(clientAddress(request('10.0.0.2'), trusting('10.0.0.2'))).toBe('10.0.0.2');
  });
});

describe('Trusted proxies', () => {
  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '::1/129', '/8', ''])('cannot be "%s"', (entry) => {
    expect(parseTrustedProxies([entry])).toBeNull();
  });

  it('may be IPv6 ranges', () => {
    expect(trusting('fd00::/8')('fd12::1')).toBe(true);
    expect(trusting('fd00::/8')('fe12::1')).toBe(false);
  });
});
