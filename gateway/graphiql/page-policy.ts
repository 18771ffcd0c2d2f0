/**
 * Content-Security-Policy of GraphiQL: everything from this server, but images and uploads also from the object store at `objectsUrl`.
 * Styles are set from scripts by the editor; its workers and pictures may be blobs.
 */
export function pagePolicy(objectsUrl: string | undefined): string {
  const storage = objectsUrl === undefined ? '' : ` ${new URL(objectsUrl).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    `img-src 'self' data: blob: https:${storage}`,
    `connect-src 'self'${storage}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
