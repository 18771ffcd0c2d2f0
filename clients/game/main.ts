/** A game's side of presence, on the command line: `npx tsx clients/game/main.ts [--register] <username> <password> <who to follow>…`. */
import { createInterface } from 'node:readline/promises';
import WebSocket from 'ws';
import { followPresence, type PresenceLine } from '../galaxia/follow-presence.js';
import { signIn } from '../galaxia/session.js';
import { findUserIds } from './find-users.js';

const words = process.argv.slice(2);
const isNew = words[0] === '--register';
const [username, password, ...followed] = isNew ? words.slice(1) : words;
if (username === undefined || password === undefined || followed.length === 0) {
  console.error('npx tsx clients/game/main.ts [--register] <username> <password> <who to follow>…   (server: GALAXIA_URL)');
  process.exit(2);
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

try {
  const url = process.env.GALAXIA_URL ?? 'http://127.0.0.1:4000';
  const session = await signIn({ url, username, password, isNew, askCode, device: 'Game client' });
  const userIds = await findUserIds(session, followed);
  if (userIds.length === 0) throw new Error(`Nobody here is called ${followed.join(' or ')}`);
  print(`signed in as ${session.user.username}, following ${userIds.length} of ${followed.length}; Ctrl-C ends`);

  await followPresence({
    session,
    userIds,
    signal: stop.signal,
    webSocketImpl: WebSocket,
    onConnection: (state) => print(state.kind === 'connected' ? 'connected' : `${state.reason}: again in ${state.milliseconds} ms`),
    onChange: (_people, changed) => changed.forEach((line) => print(describe(line))),
  });
  await session.signOut();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function askCode(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const code = await terminal.question('Code of your authenticator app: ');
  terminal.close();
  return code;
}

function describe({ user, availability, activity, statusMessage }: PresenceLine): string {
  const doing = activity === null || activity.kind === 'NONE' ? '' : ` · ${activity.text ?? activity.kind}`;
  return `${user.displayName ?? user.username} is ${availability}${doing}${statusMessage === null ? '' : ` · "${statusMessage}"`}`;
}

function print(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
