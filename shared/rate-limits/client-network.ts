import { isIP } from 'node:net';

/**
 * The network that a client's address stands for in a limit: /24 of IPv4 and /64 of IPv6, which is what one customer has. Addresses that
 * are none are all one network.
 */
export function clientNetwork(address: string | undefined): string {
  const text = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address ?? '')?.[1] ?? address ?? '';
  if (isIP(text) === 4) return `${text.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(text) === 6) return `${firstGroups(text).join(':')}::/64`;
  return 'unknown';
}

/** The first four of the eight groups, written out. */
function firstGroups(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // A last group in dotted decimals stands for two.
  const length = before.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - length }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
}
