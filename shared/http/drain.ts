import { createServer, ServerResponse, type OutgoingHttpHeaders, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/** How long a process that ends still takes requests over the connections that are open, in ms. */
export const lastRequestsMs = 300;

/** The end of HTTP servers that resets no request: a connection that looks idle may have one on the wire already. */
export interface Drain {
  /** Whether it has begun. */
  isOn(): boolean;
  /** A server whose connections it ends. Not listening yet. */
  createServer(options: ServerOptions, listener: RequestListener): Server;
  /**
   * Takes no more connections, and lets each answer be the last one of its connection, also those that are under way. Resolves when no
   * connection is open any more, and otherwise after `ms`: then those that are idle are closed. What is being answered goes on. The second call waits for the first.
   */
  begin(): Promise<unknown>;
}

/** Without `ms` nothing that is on the wire is waited for. */
export function createDrain(ms = 0): Drain {
  const servers: { readonly server: Server; readonly connections: ReadonlySet<Socket> }[] = [];
  let isOn = false;
  /** Not before nobody can come back any more: who is told to leave connects anew at once. */
  let isLast = false;
  /** Connections, since the beginning. */
  let taken = 0;
  let ended: Promise<unknown> | undefined;

  class Response extends ServerResponse {
    override writeHead(status: number, ...rest: unknown[]): this {
      if (isLast) this.shouldKeepAlive = false;
      return super.writeHead(status, ...(rest as [OutgoingHttpHeaders?]));
    }
  }

  /** Who is connected already as the kernel sees it would be reset. Node takes one of them in a turn of its event loop. */
  async function takeWaiting(): Promise<void> {
    const end = performance.now() + ms;
    for (let before = -1; before < taken && performance.now() < end;) {
      before = taken;
      await turn();
    }
  }

  async function end(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
    await takeWaiting();
    isLast = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      // Not the `close` of HTTP servers, which closes idle connections at once.
      NetServer.prototype.close.call(server, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    // Reads what has come while this process was busy.
    await turn();
    server.closeIdleConnections();
    // One that has never sent anything is none of these: browsers open some in advance.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy();
  }

  return {
    isOn: () => isOn,
    createServer(options, listener) {
      const connections = new Set<Socket>();
      // The same for all: they are kept for as long as a connection is open, and there may be tens of thousands.
      function forget(this: Socket): void {
        connections.delete(this);
      }
      const server = createServer({ ...options, ServerResponse: Response }, listener);
      server.on('connection', (connection: Socket) => {
        taken += 1;
        connections.add(connection);
        connection.on('close', forget);
      });
      servers.push({ server, connections });
      return server;
    },
    begin() {
      isOn = true;
      return (ended ??= Promise.all(servers.map(({ server, connections }) => end(server, connections))));
    },
  };
}

/** Until all that has come is taken: new connections, and what is written on old ones. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
