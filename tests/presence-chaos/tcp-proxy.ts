import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A door to TCP servers of this machine, which can be slammed. */
export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection that is open, like a cable. */
  cut(): void;
  /** While shut, whoever comes is cut at once. */
  setShut(isShut: boolean): void;
  close(): Promise<void>;
}

/** `targets` answers the ports that may be connected to now; connections go to them in turn. */
export async function startTcpProxy(targets: () => readonly number[]): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isShut = false;
  let turn = 0;
  const server = createServer((near) => {
    const ports = targets();
    const port = ports[turn++ % ports.length];
    if (isShut || port === undefined) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  function cut(): void {
    for (const socket of open) socket.resetAndDestroy();
  }

  return {
    port: address.port,
    cut,
    setShut: (shut) => void (isShut = shut),
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
