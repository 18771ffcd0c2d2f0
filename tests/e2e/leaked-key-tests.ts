import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text } from '../testkit/product/graphql-client.js';
import { registerPerson } from '../testkit/product/person.js';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';

const run = promisify(execFile);
/** What each process verifies for itself. */
const everySubgraph = '{ me { id displayName } mySessions { id } }';
const refresh = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ... on AuthPayload { accessToken } } }`;

/** Of a product that runs as five processes. Whoever has signed in before has to refresh afterwards. */
export function leakedKeyTests(product: () => Galaxia): void {
  it('SECURITY 20: is revoked by a command: its tokens are refused, sockets close with 4403, and a refresh goes on', async () => {
    const galaxia = product();
    const ada = await registerPerson(galaxia);
    const ask = async (token: string) => (await post(galaxia.url, { query: everySubgraph, token })).errors;
    await expect(ask(ada.accessToken)).resolves.toEqual([]);
    const socket = await openInitialisedSocket(galaxia.url, ada.accessToken);
    const kid = String(decodeProtectedHeader(ada.accessToken).kid);

    await run(process.execPath, ['tools/start.mjs', 'rotate-keys', '--revoke', kid], {
      cwd: projectRoot,
      env: { ...process.env, ...galaxia.environment },
    });
    expect((await socket.closed()).code).toBe(4403);
    await expect(ask(ada.accessToken)).resolves.toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const published = (await (await fetch(`${galaxia.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    expect(published.keys.map((key) => key.kid)).not.toContain(kid);

    const { data } = await post(galaxia.url, { query: refresh, variables: { input: { refreshToken: ada.refreshToken } } });
    const token = text(data.refreshSession?.accessToken);
    // Whichever process has not heard of the successor yet asks for it.
    while ((await ask(token)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }, 60_000);
}
