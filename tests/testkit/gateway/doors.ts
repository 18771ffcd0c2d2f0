import type { GatewayOptions } from '../../../gateway/gateway.js';
import type { OperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { startLittleSupergraph, type LittleSupergraph } from './little-supergraph.js';
import { namedTokens } from './named-tokens.js';
import { openGateway } from './open-gateway.js';
import { openSocket } from './socket.js';

export const doorNames = ['HTTP', 'WebSocket'] as const;
export type DoorName = (typeof doorNames)[number];

/** An answer as it came, through either door. */
export interface DoorAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
  /** Of HTTP. */
  readonly status: number | undefined;
  readonly retryAfter: string | null;
}

export interface Doors {
  readonly little: LittleSupergraph;
  readonly url: string;
  /** Sends one operation; `user` is who a token would say, `address` what a proxy would. */
  ask(door: DoorName, payload: object, from?: { readonly user?: string; readonly address?: string }): Promise<DoorAnswer>;
  close(): Promise<void>;
}

/**
 * The little supergraph behind a whole gateway, so that both doors can be asked the same. One that is `given` stays open when the doors
 * close.
 */
export async function openDoors(
  policy?: OperationPolicy,
  given?: LittleSupergraph,
  rest?: Partial<Pick<GatewayOptions, 'metrics' | 'limits' | 'insight' | 'tracing' | 'logger' | 'ready'>>,
): Promise<Doors> {
  const little = given ?? (await startLittleSupergraph('in-process'));
  const gateway = await openGateway({
    config: { host: '127.0.0.1', port: 0, publicUrl: undefined, corsOrigins: [], trustsProxy: () => true, objectsUrl: undefined },
    supergraph: little.supergraph,
    accessTokens: namedTokens,
    revocations: little.revocations,
    ...(policy === undefined ? {} : { policy }),
    ...rest,
  });
  const url = await gateway.listen();

  return {
    little,
    url,
    async ask(door, payload, { user, address } = {}) {
      const authorization = user === undefined ? undefined : `Bearer ${user}`;
      const forwarded = address === undefined ? {} : { 'x-forwarded-for': address };
      if (door === 'HTTP') {
        const response = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...forwarded, ...(authorization === undefined ? {} : { authorization }) },
          body: JSON.stringify(payload),
        });
        const body = (await response.json()) as Pick<DoorAnswer, 'data' | 'errors'>;
        return { ...body, status: response.status, retryAfter: response.headers.get('retry-after') };
      }
      const socket = await openSocket(url, forwarded);
      socket.send({ type: 'connection_init', payload: authorization === undefined ? {} : { authorization } });
      await socket.next();
      socket.send({ id: '1', type: 'subscribe', payload });
      const { type, payload: answer } = await socket.next();
      socket.ws.close();
      const body = (type === 'error' ? { errors: answer } : answer) as Pick<DoorAnswer, 'data' | 'errors'>;
      return { ...body, status: undefined, retryAfter: null };
    },
    async close() {
      await gateway.close();
      if (given === undefined) await little.close();
    },
  };
}

/** Code of the first error; undefined when there is none. */
export function codeOf({ errors }: DoorAnswer): unknown {
  return errors?.[0]?.extensions.code;
}
