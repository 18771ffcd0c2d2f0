import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';

const json = { 'content-type': 'application/json' };
const red = '\u001b[31m';

/** Sends what is wrong in every way, with `secret` wherever a client can put a text; answers when all of it is answered. */
export async function sendHostileInput(origin: string, secret: string): Promise<void> {
  for (const [headers, body] of requests(secret)) await ask(`${origin}/graphql`, { method: 'POST', headers, body });
  for (const path of [
    `/graphql?query={${encodeURIComponent(secret)}}&variables=${encodeURIComponent(JSON.stringify({ secret }))}`,
    `/media/x?${new URLSearchParams({ secret }).toString()}`,
    `/health/ready?${new URLSearchParams({ secret }).toString()}`,
  ]) {
    await ask(origin + path, { headers: { authorization: `Bearer ${secret}`, cookie: `session=${secret}` } });
  }
  for (const accept of ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0']) {
    for (const authorization of ['', `Bearer ${secret}`]) {
      const body = JSON.stringify({
        query: `subscription { presence(input: { userIds: ["${secret}"] }) { __typename } }`,
        extensions: { secret },
      });
      await ask(`${origin}/graphql`, { method: 'POST', headers: { ...json, accept, authorization }, body });
    }
  }
  await sendUploads(origin, secret);
  for (const bytes of [
    `GET /\u009b31m${red} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET /x\u009b31m HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: ${secret}\r\n Folded: ${secret}\r\n\r\n`,
    `${secret}\r\n\r\n`,
  ]) {
    await sendBytes(origin, bytes);
  }
  for (const messages of conversations(secret)) await talk(origin, messages, secret);
}

function requests(secret: string): readonly (readonly [Record<string, string>, string])[] {
  const identity = {
    ...json,
    cookie: `__Host-refresh=${secret}`,
    'x-user-id': secret,
    'x-request-id': `${secret} with a blank`,
    'x-forwarded-for': secret,
    'user-agent': secret,
    traceparent: secret,
    'x-galaxia-query-plan': secret,
    'content-language': secret,
  };
  const operations: readonly object[] = [
    { query: `{ user(id: ${JSON.stringify(secret)}) { id } }` },
    { query: `{ user(id: { not: ${JSON.stringify(secret)} }) { id } }` },
    { query: `query ($secret: Int!) { user(id: $secret) { id } }`, variables: { secret } },
    { query: `query ($input: RegisterInput!) { __typename }`, variables: { input: { [secret]: secret } } },
    { query: `mutation { login(input: { identifier: ${JSON.stringify(secret)}, password: 7 }) { __typename } }` },
    { query: '{ me { id } }', operationName: secret },
    { query: `{ me { id } } # ${secret}\n${red}` },
    { query: `"${secret}` },
    { query: '{ me { id } }', variables: [secret] },
    { query: '{ me { id } }', extensions: secret },
    { query: '{ me { id } }', extensions: { persistedQuery: { version: 1, sha256Hash: secret } } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } }, secret },
    { documentId: secret },
    [{ query: secret }],
  ];
  return [
    ...operations.flatMap((operation) => [
      [identity, JSON.stringify(operation)] as const,
      [{ ...identity, authorization: `Bearer ${secret}` }, JSON.stringify(operation)] as const,
    ]),
    [identity, `{"query": "${secret}`],
    [identity, secret],
    [{ ...identity, 'content-type': 'text/plain' }, secret],
    [{ ...identity, 'content-encoding': 'gzip' }, secret],
    [{ ...identity, 'content-encoding': secret.replaceAll(' ', '-') }, secret],
    [identity, JSON.stringify({ query: `{ me { id } } #${secret.repeat(40_000)}` })],
  ];
}

async function sendUploads(origin: string, secret: string): Promise<void> {
  const form = new FormData();
  form.append(secret, secret);
  form.append('file', new Blob([secret], { type: 'image/png' }), `${secret}${red}.png`);
  const operations = new FormData();
  operations.append('operations', JSON.stringify({ query: '{ me { id } }', variables: { file: secret } }));
  operations.append('map', JSON.stringify({ 0: [`variables.${secret}`] }));
  operations.append('0', new Blob([secret]), secret);
  for (const headers of [{}, { authorization: `Bearer ${secret}` }]) {
    await ask(`${origin}/images`, { method: 'POST', headers, body: form });
    await ask(`${origin}/graphql`, { method: 'POST', headers: { ...headers, 'x-csrf': '1' }, body: operations });
    await ask(`${origin}/uploads/x?${new URLSearchParams({ signature: secret }).toString()}`, { method: 'PUT', headers, body: secret });
  }
}

/** Each in a socket of its own. */
function conversations(secret: string): readonly (readonly (string | Buffer)[])[] {
  const init = JSON.stringify({ type: 'connection_init', payload: { secret, traceparent: secret } });
  const subscribe = (payload: object, id = '1') => JSON.stringify({ id, type: 'subscribe', payload });
  return [
    [JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } })],
    [JSON.stringify({ type: 'connection_init', payload: { authorization: `${secret}\r\n${red}` } })],
    [JSON.stringify({ type: 'connection_init', payload: secret })],
    [secret],
    [Buffer.from(secret)],
    [`{"type":"${secret}`],
    [JSON.stringify({ type: secret, id: secret })],
    [init, init],
    [init, subscribe({ query: `{ user(id: [["${secret}"]]) { id } }`, variables: { secret } })],
    [init, subscribe({ query: `query ($id: Int!) { user(id: $id) { id } }`, variables: { id: secret } })],
    [init, subscribe({ query: `subscription { presence(input: { userIds: ["${secret}"] }) { __typename } }` }, secret)],
    [init, subscribe({ query: '{ me { id } }', operationName: secret, extensions: { traceparent: secret } })],
    [init, subscribe({ query: secret }), subscribe({ query: secret })],
    [init, JSON.stringify({ type: 'next', id: '1', payload: { secret } })],
    [init, JSON.stringify({ type: 'pong', payload: { next: { ids: [secret], payload: secret } } })],
  ];
}

async function talk(origin: string, messages: readonly (string | Buffer)[], secret: string): Promise<void> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql?secret=${encodeURIComponent(secret)}`, 'graphql-transport-ws', {
    headers: { cookie: `session=${secret}`, authorization: `Bearer ${secret}`, 'x-request-id': `${secret} ` },
  });
  const closed = once(socket, 'close');
  await once(socket, 'open');
  // One message for each that has an answer, unless the socket is closed before.
  let awaited = messages.filter((message) => /"type":"(connection_init|subscribe)"/.test(message.toString())).length + 1;
  const answered = new Promise<void>((resolve) => {
    socket.on('message', () => {
      awaited -= 1;
      if (awaited <= 0) resolve();
    });
  });
  for (const message of [...messages, JSON.stringify({ type: 'ping' })]) socket.send(message);
  await Promise.race([answered, closed]);
  socket.close(4999, secret.slice(0, 120));
  await closed;
}

async function ask(url: string, request: RequestInit): Promise<void> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) });
  // Of a stream that has begun, its first part is enough.
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
}

async function sendBytes(origin: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(origin);
  const connection = connect(Number(port), hostname);
  connection.write(bytes, 'latin1');
  await once(connection, 'data');
  connection.destroy();
}
