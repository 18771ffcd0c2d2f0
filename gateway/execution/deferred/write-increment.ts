import type { GraphQLFormattedError } from 'graphql';
import type { DeferredPart, Increment } from './incremental-result.js';

/** Errors as clients may see them. */
export type MaskErrors = (errors: readonly unknown[]) => readonly GraphQLFormattedError[];

/** `answer`, a JSON object, and whether parts of it follow. */
export function withNext(answer: string, hasNext: boolean): string {
  return `${answer.slice(0, -1)},"hasNext":${hasNext}}`;
}

/** As JSON, the way of August 2022, which Apollo's clients and urql read, by whatever it comes. */
export function writeIncrement({ parts, hasNext }: Increment, mask: MaskErrors): string {
  if (parts.length === 0) return `{"hasNext":${hasNext}}`;
  return `{"incremental":[${parts.map((part) => writePart(part, mask)).join(',')}],"hasNext":${hasNext}}`;
}

function writePart({ label, path, data, errors }: DeferredPart, mask: MaskErrors): string {
  const named = label === undefined ? '' : `"label":${JSON.stringify(label)},`;
  const told = errors.length === 0 ? '' : `,"errors":${JSON.stringify(mask(errors))}`;
  return `{${named}"path":${JSON.stringify(path)},"data":${data}${told}}`;
}
