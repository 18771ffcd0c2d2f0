import { isJsonObject } from '../../shared/json/json-object.js';

/**
 * The object that JSON means, undefined for anything else. graphql-ws takes a message as text or parsed, and keeps what it was given for as long as the operation
 * lasts: thousands of texts for thousands who are quiet. Its types know of text alone.
 */
export function parseClientMessage(text: string): string | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object') return undefined;
    if (isJsonObject(message) && message.type === 'subscribe' && isJsonObject(message.payload)) fillInQuery(message.payload);
    return message as unknown as string;
  } catch {
    return undefined;
  }
}

/** graphql-ws demands a `query`, which one that names a document has no use for. */
function fillInQuery(payload: Record<string, unknown>): void {
  const { documentId, extensions } = payload;
  const namesDocument = typeof documentId === 'string' || (isJsonObject(extensions) && isJsonObject(extensions.persistedQuery));
  if (namesDocument && (payload.query === undefined || payload.query === null)) payload.query = '';
}
