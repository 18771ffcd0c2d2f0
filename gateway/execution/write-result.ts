import type { GraphQLFormattedError } from 'graphql';

/** `data` is JSON text; errors are masked, and come first, where people look for them. */
export function writeResult(data: string | undefined, errors: readonly GraphQLFormattedError[], extensions?: object): string {
  if (extensions !== undefined) return `${writeResult(data, errors).slice(0, -1)},"extensions":${JSON.stringify(extensions)}}`;
  if (errors.length === 0) return `{"data":${data ?? 'null'}}`;
  return data === undefined ? `{"errors":${JSON.stringify(errors)}}` : `{"errors":${JSON.stringify(errors)},"data":${data}}`;
}
