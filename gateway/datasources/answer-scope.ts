import { exceptHeader, maximumExceptions, type AnswerScope } from '../../shared/graphql/sharing/sharing.js';

export type HeaderValue = string | readonly string[] | undefined;

/** Request headers that say, or may say, who asks. */
const tellsWhoAsks = ['*', 'authorization', 'cookie', 'x-user-id', 'x-user-name', 'x-client-ip', 'user-agent'];

/** For whom a response to an anonymous caller holds, from its headers (names in small letters); undefined when they do not say it clearly. */
export function readAnswerScope(headers: Readonly<Record<string, HeaderValue>>): AnswerScope | undefined {
  const directives = tokens(headers['cache-control']);
  const has = (name: string): boolean => directives.some((directive) => directive === name || directive.startsWith(`${name}=`));
  if (has('private')) return { kind: 'private' };
  if (!has('public') || has('no-store') || has('no-cache')) return undefined;
  if (tokens(headers.vary).some((name) => tellsWhoAsks.includes(name))) return undefined;
  const except = tokens(headers[exceptHeader]);
  return except.length > maximumExceptions ? { kind: 'private' } : { kind: 'public', except };
}

/** What a header lists, in small letters. */
export function tokens(value: HeaderValue): string[] {
  const text = typeof value === 'string' ? value : (value ?? []).join(',');
  return text
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
