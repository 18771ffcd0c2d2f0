import type { JSONWebKeySet } from 'jose';
import { request } from 'undici';
import { z } from 'zod';
import { AppError } from '../shared/errors/app-error.js';
import { gatewaySecretHeader } from '../shared/graphql/gateway-secret.js';

const keptMs = 60_000;
const timeoutMs = 3_000;

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface RemoteKeysOptions {
  /** Where auth publishes its keys. */
  readonly url: string;
  readonly gatewaySecret: string | undefined;
  readonly now?: () => number;
}

/** The public keys of the auth subgraph, kept for a minute; the last ones while it is away. Rejects when there were never any. */
export function createRemoteKeys({ url, gatewaySecret, now = Date.now }: RemoteKeysOptions): () => Promise<JSONWebKeySet> {
  let kept: { keys: JSONWebKeySet; until: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.until > now()) return kept.keys;
    try {
      const { statusCode, body } = await request(url, {
        headers: gatewaySecret === undefined ? {} : { [gatewaySecretHeader]: gatewaySecret },
        signal: AbortSignal.timeout(timeoutMs),
      });
      const keys = keySet.parse(await body.json());
      if (statusCode !== 200) throw new Error(`auth answered ${statusCode}`);
      kept = { keys, until: now() + keptMs };
      return kept.keys;
    } catch (cause) {
      if (kept !== undefined) return kept.keys;
      throw new AppError('UNAVAILABLE', 'The signing keys cannot be read at the moment. Try again.', { retryAfter: 5, cause });
    }
  };
}
