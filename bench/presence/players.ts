import { Agent, request } from 'node:http';
import { userId } from './people.js';
import type { Node, Stage } from './stage.js';
import { readNext, subscribeMessage, type PresenceInput } from './subscription.js';
import { openWireClient, type WireClient } from './wire-client.js';

type Presence = ReturnType<typeof readNext>;

/** Somebody with a socket whose events are read. */
export interface Player {
  readonly first: Presence;
  /** From `subscribe` to the first message, in ms. */
  readonly firstAfterMs: number;
  /** Of each later message, with the time at which it came, by `performance.now()`. */
  onMessage: (message: Presence, at: number) => void;
  /** The code with which the server closed. */
  readonly closed: Promise<number>;
  /** Changes what they play: an event for all who follow them. Resolves when the product has answered. */
  play(text: string): Promise<void>;
  /** Like a lost connection. */
  cut(): void;
}

const mutation = `mutation Play($input: UpdatePresenceInput!) { updatePresence(input: $input) { __typename } }`;
const agent = new Agent({ keepAlive: true });

/** Players who follow the same, or nobody but themselves. */
export function openPlayers(
  stage: Pick<Stage, 'sign'>,
  node: Pick<Node, 'port'>,
  numbers: readonly number[],
  whom: PresenceInput | 'themselves',
): Promise<readonly Player[]> {
  return Promise.all(numbers.map((n) => openPlayer(stage, node, n, whom === 'themselves' ? { userIds: [userId(n)] } : whom)));
}

/** Resolves with the first message; rejects when the socket is closed before. */
export async function openPlayer(
  { sign }: Pick<Stage, 'sign'>,
  { port }: Pick<Node, 'port'>,
  n: number,
  input: PresenceInput,
): Promise<Player> {
  const authorization = `Bearer ${await sign(n)}`;
  return new Promise((resolve, reject) => {
    let onClosed: (code: number) => void = () => undefined;
    const closed = new Promise<number>((resolveClosed) => (onClosed = resolveClosed));
    let subscribedAt: number | undefined;
    let player: Player | undefined;
    const client: WireClient = openWireClient({
      port,
      onOpen: () => client.send({ type: 'connection_init', payload: { authorization } }),
      onText(buffer, start, end) {
        const at = performance.now();
        const text = buffer.toString('utf8', start, end);
        if (subscribedAt === undefined) {
          if (!text.includes('connection_ack')) reject(new Error(text));
          subscribedAt = performance.now();
          client.send(subscribeMessage('1', input));
          return;
        }
        const message = readNext(text);
        if (player !== undefined) {
          player.onMessage(message, at);
          return;
        }
        player = {
          first: message,
          firstAfterMs: at - subscribedAt,
          onMessage: () => undefined,
          closed,
          play: (game) => play(port, authorization, game),
          cut: () => client.cut(),
        };
        resolve(player);
      },
      onClose(code) {
        onClosed(code);
        reject(new Error(`closed with ${code}`));
      },
    });
  });
}

async function play(port: number, authorization: string, text: string): Promise<void> {
  const variables = { input: { activity: { kind: 'IN_GAME', gameId: 'chess', text } } };
  const answer = await post(port, authorization, JSON.stringify({ query: mutation, variables }));
  if (!answer.includes('"PresencePayload"')) throw new Error(answer);
}

function post(port: number, authorization: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/json' };
    request({ host: '127.0.0.1', port, path: '/graphql', method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end(body);
  });
}
