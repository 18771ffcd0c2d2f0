import { BlockList } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { clientKey } from './client-key.js';

const keyOf = (address: string): string | undefined => clientKey({ viewer: null, subgraphHeaders: { 'x-client-ip': address } });

describe('Whose usage an anonymous operation counts to', () => {
  it('is nobody’s when it comes from a private network, and that of its network otherwise', () => {
    const privateNetworks = new BlockList();
    for (const network of ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10']) {
      const [address = '', prefix] = network.split('/');
      privateNetworks.addSubnet(address, Number(prefix));
    }
    const wrong: string[] = [];
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        const address = `${first}.${second}.0.1`;
        if ((keyOf(address) === undefined) !== privateNetworks.check(address)) wrong.push(address);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('SECURITY 12: is somebody’s when a proxy of ours does not say whose, and all such are one', () => {
    expect(keyOf('unknown')).toEqual(expect.any(String));
    expect(keyOf('unknown')).toBe(keyOf('hidden'));
  });

  it('knows private networks of IPv6, and those of IPv4 as IPv6 writes them', () => {
    for (const address of ['::1', 'fc00::1', 'fdff::1', 'fe80::1', 'febf::1', '::ffff:10.0.0.1', '::ffff:192.168.0.1']) {
      expect(keyOf(address)).toBeUndefined();
    }
    for (const address of ['fbff::1', 'fec0::1', '2001:db8::1', '::ffff:11.0.0.1']) expect(keyOf(address)).toEqual(expect.any(String));
  });
});
