/** What an authenticator binds a passkey to (WebAuthn, 13.4.9). */
export interface RelyingParty {
  /** A host name: passkeys work there and on its subdomains, never anywhere else. */
  readonly id: string;
  /** Where pages, or apps, may use them from. */
  readonly origins: readonly string[];
}

export interface RelyingPartySettings {
  /** Undefined means the host of the public address. */
  readonly id?: string | undefined;
  /** Undefined means the public address alone. */
  readonly origins?: readonly string[] | undefined;
}

const loopback = new Set(['127.0.0.1', '[::1]']);

/** An address is no relying party for a browser, so this machine's stand for its name. */
export function relyingParty(publicUrl: string, settings: RelyingPartySettings = {}): RelyingParty {
  const url = new URL(publicUrl);
  if (loopback.has(url.hostname)) url.hostname = 'localhost';
  return { id: settings.id ?? url.hostname, origins: settings.origins ?? [url.origin] };
}
