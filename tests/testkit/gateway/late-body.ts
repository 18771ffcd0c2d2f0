import { once } from 'node:events';
import { connect } from 'node:net';

export interface LateBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends the head of a request, and its body when the server has seen the head: as clients do that write one after the other. The answer as
 * text, and whether it came before the body; it must have a `content-length`.
 */
export async function sendLateBody(
  origin: string,
  requestLine: string,
  { headers, body }: LateBody,
): Promise<{ readonly answer: string; readonly cameEarly: boolean }> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  const all = { host: hostname, 'content-length': String(body.length), expect: '100-continue', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${requestLine} HTTP/1.1\r\n${lines.join('')}\r\n`);
  while (!text.startsWith(goOn)) await once(socket, 'data');
  // Another answer: one to this head would have been there before it.
  await (await fetch(`${origin}/nowhere`)).text();
  const cameEarly = text.length > goOn.length;
  socket.write(body);
  while (!isWhole(text.slice(goOn.length))) await once(socket, 'data');
  socket.destroy();
  return { answer: text.slice(goOn.length), cameEarly };
}

const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';

function isWhole(answer: string): boolean {
  const [head = '', body] = answer.split('\r\n\r\n');
  return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1]);
}
