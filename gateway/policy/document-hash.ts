import { createHash } from 'node:crypto';

/** An id without `sha256:`, which says how it was made; for us it is a name like any other. */
export function withoutPrefix(id: string): string {
  return id.startsWith('sha256:') ? id.slice('sha256:'.length) : id;
}

/** SHA-256 of a document's text, as hex. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
