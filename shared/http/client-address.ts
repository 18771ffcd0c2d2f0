import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** What a request tells of where it comes from. */
interface AddressedRequest extends Pick<IncomingMessage, 'headers'> {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
}

/** Whether the machine at this address is a proxy of ours, whose word on the client's address counts. */
export type TrustsProxy = (address: string) => boolean;

/** Reads addresses and CIDR ranges, `10.0.0.0/8` or `::1`; null when one of them is neither. */
export function parseTrustedProxies(entries: readonly string[]): TrustsProxy | null {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/');
    const version = isIP(address);
    if (version === 0 || rest.length > 0) return null;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    const most = version === 4 ? 32 : 128;
    if (bits === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= most) list.addSubnet(address, Number(bits), family);
    else return null;
  }
  return (address) => {
    const plain = unmapped(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** Of a client whose proxy is trusted and says something else than an address: nobody's, and none of our own machines. */
const unknownAddress = 'unknown';

/**
 * The client's address: `X-Forwarded-For` read from right to left for as long as the machine that wrote it is trusted. What stands further
 * left is the client's own claim and never counts. `unknownAddress` where that cannot be read.
 */
export function clientAddress(request: AddressedRequest, trusts: TrustsProxy): string {
  let address = unmapped(request.socket.remoteAddress ?? '');
  let forwarded: string[] | undefined;
  while (trusts(address)) {
    forwarded ??= forwardedFor(request);
    const next = forwarded.pop();
    // The proxy itself asks.
    if (next === undefined) break;
    if (isIP(next) === 0) return unknownAddress;
    address = next;
  }
  return address;
}

function forwardedFor({ headers }: AddressedRequest): string[] {
  const header = headers['x-forwarded-for'];
  if (header === undefined) return [];
  return (Array.isArray(header) ? header.join(',') : header).split(',').map((entry) => unmapped(withoutPort(entry.trim())));
}

/** Some balancers tell from which port too: `198.51.100.7:1000`, `[2001:db8::1]:1000`. */
function withoutPort(entry: string): string {
  return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry)?.[1] ?? /^([^:]*):\d{1,5}$/.exec(entry)?.[1] ?? entry;
}

/** An IPv4 address that came over an IPv6 socket is still the same machine. */
function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
