import { exceptHeader } from '../../shared/graphql/sharing/sharing.js';
import { tokens, type HeaderValue } from './answer-scope.js';

/** How long an answer may be kept, and for whom, as its subgraph says. */
export interface Lifetime {
  /** From when it came; more than 0. */
  readonly seconds: number;
  /** For the one who asked, and nobody else. */
  readonly isPrivate: boolean;
  /** What the subgraph calls the answer, for invalidations. */
  readonly tags?: readonly string[];
}

/** A day. What a subgraph says by mistake is over then. */
export const longestLifetimeSeconds = 86_400;

/** Headers with who asks: an answer that varies by them is theirs. */
const identityHeaders = ['authorization', 'x-user-id', 'x-user-name'];
/** Sent with each request and not in the key, because hardly any answer varies by them: one that does is not kept. */
const unkeyedHeaders = ['*', 'x-client-ip', 'user-agent', 'x-request-id', 'traceparent'];

/**
 * From the headers of a response (RFC 9111, 4.2 and 5.2.2; names in small letters), undefined when it is not to be kept. Strict where they
 * are not clear: without `public` or `s-maxage` it is private, also for those who have no token, and without `max-age` or `s-maxage` it is not
 * kept.
 */
export function readLifetime(headers: Readonly<Record<string, HeaderValue>>): Lifetime | undefined {
  const directives = readDirectives(headers['cache-control']);
  if (directives.has('no-store') || directives.has('no-cache')) return undefined;
  const vary = tokens(headers.vary);
  if (vary.some((name) => unkeyedHeaders.includes(name))) return undefined;
  // It does not hold for some, and the cache does not know for whom of those who ask.
  if (tokens(headers[exceptHeader]).length > 0) return undefined;

  const isForAll = directives.has('public') || directives.has('s-maxage');
  const isPrivate = directives.has('private') || !isForAll || vary.some((name) => identityHeaders.includes(name));
  const stated = (isPrivate ? undefined : directives.get('s-maxage')) ?? directives.get('max-age');
  const seconds = wholeNumber(stated) - (headers.age === undefined ? 0 : wholeNumber(headers.age));
  const tags = readTags(headers['cache-tag']);
  if (!(seconds > 0) || tags === undefined) return undefined;
  return { seconds: Math.min(seconds, longestLifetimeSeconds), isPrivate, ...(tags.length === 0 ? {} : { tags }) };
}

const mostTags = 64;
const longestTag = 256;

/** `cache-tag: a, b`, as CDNs read it. Undefined for more than are kept: who relies on one would rely on it in vain. */
function readTags(value: HeaderValue): readonly string[] | undefined {
  if (value === undefined) return [];
  const tags = (typeof value === 'string' ? value : value.join(',')).split(',').map((tag) => tag.trim());
  const named = tags.filter((tag) => tag !== '');
  return named.length <= mostTags && named.every((tag) => tag.length <= longestTag) ? named : undefined;
}

/** Of two answers that one was made of. */
export function strictest(one: Lifetime, other: Lifetime): Lifetime {
  return { seconds: Math.min(one.seconds, other.seconds), isPrivate: one.isPrivate || other.isPrivate };
}

/** NaN, with which nothing is kept, for anything else; for `Age` as well. */
function wholeNumber(value: HeaderValue): number {
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
}

/** Those that are there twice with different values have none that can be read. */
function readDirectives(value: HeaderValue): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  // Quoted values may hold commas, and none of those that count here is quoted.
  const text = (typeof value === 'string' ? value : (value ?? []).join(',')).replace(/"[^"]*"/g, '""');
  for (const token of tokens(text)) {
    const [name = '', given = ''] = token.split('=', 2).map((part) => part.trim());
    const known = directives.get(name);
    directives.set(name, known === undefined || known === given ? given : 'several');
  }
  return directives;
}
