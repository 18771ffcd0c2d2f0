import { BlockList, isIP } from 'node:net';
import { clientNetwork } from '../../shared/rate-limits/client-network.js';
import type { Identity } from '../authentication/authenticate.js';

/**
 * Whose usage an operation counts to: the user's, else that of the network that it came from. Undefined for nobody's: behind an address of
 * a private network is a proxy that TRUSTED_PROXIES does not name, with all the world behind it, or a machine of our own.
 */
export function clientKey({ viewer, subgraphHeaders }: Identity): string | undefined {
  if (viewer !== null) return `user ${viewer.userId}`;
  const address = subgraphHeaders['x-client-ip'];
  return address === undefined || isPrivate(address) ? undefined : clientNetwork(address);
}

const privateNetworks = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateNetworks.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  privateNetworks.addSubnet(network, prefix, 'ipv6');
}

/** The same networks of IPv4: to ask a `BlockList` costs 5 µs, and every operation is asked about. */
const privateIpv4 = /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

function isPrivate(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return privateIpv4.test(address);
  return family === 6 && privateNetworks.check(address, 'ipv6');
}
