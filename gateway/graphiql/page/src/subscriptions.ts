import { type Client, type ClientOptions, createClient } from 'graphql-ws';

/** What the answer pane is told: results as they come, then the end, with the reason when it is not a plain one. */
export interface SubscriptionObserver {
  next(result: object): void;
  complete(): void;
}

export interface Subscriptions {
  subscribe(operation: Operation, authorization: string | null, observer: SubscriptionObserver): { unsubscribe(): void };
}

export interface Operation {
  query: string;
  operationName?: string | null;
  variables?: Record<string, unknown>;
}

const reasons: Readonly<Record<number, string>> = {
  1001: 'The server closed the connection. Run again.',
  1006: 'The connection was lost, and so were all attempts to connect again. Is the server running?',
  1012: 'The server is restarting. Run again in a moment.',
  1013: 'The server is overloaded, or this page read too slowly. Run again in a moment.',
  4400: 'The server did not understand a message of this page.',
  4401: 'Not allowed: sign in, and put the access token into the Headers tab.',
  4403: 'Token expired or revoked: refresh and run again. (Run Login, or refreshSession with your refresh token.)',
  4406: 'The server does not speak graphql-transport-ws.',
  4408: 'The server waited too long for the connection to begin. Run again.',
  4429: 'Too many connections or messages. Wait a moment and run again.',
};

/**
 * Subscriptions over graphql-transport-ws at `url`. A socket belongs to one `Authorization` value: another value gets a new socket, since
 * the token is read only when a connection begins. A socket closes with its last subscription.
 */
export function createSubscriptions(url: string, connect: (options: ClientOptions) => Client = createClient): Subscriptions {
  let current: { authorization: string | null; client: Client } | null = null;

  function clientFor(authorization: string | null): Client {
    if (current?.authorization === authorization) return current.client;
    void current?.client.dispose();
    const client = connect({
      url,
      lazy: true,
      lazyCloseTimeout: 0,
      connectionParams: authorization === null ? {} : { authorization },
      retryAttempts: 3,
      // A lost connection or a restart is worth another try; a refusal of this very token is not.
      shouldRetry: (problem) => closeCode(problem) === 1006 || closeCode(problem) === 1012,
    });
    current = { authorization, client };
    return client;
  }

  return {
    subscribe(operation, authorization, observer) {
      const { variables, operationName, query } = operation;
      const unsubscribe = clientFor(authorization).subscribe(
        { query, ...(variables && { variables }), ...(operationName && { operationName }) },
        {
          next: (result) => observer.next(result),
          error(problem) {
            observer.next({ errors: problemsOf(problem) });
            observer.complete();
          },
          complete: () => observer.complete(),
        },
      );
      return { unsubscribe };
    },
  };
}

/** `problem` in the shape of GraphQL errors: the server's own when it sent some, otherwise a sentence about the closed socket. */
function problemsOf(problem: unknown): readonly object[] {
  if (Array.isArray(problem)) return problem.filter((one): one is object => typeof one === 'object' && one !== null);
  const code = closeCode(problem);
  if (code === null) return [{ message: problem instanceof Error ? problem.message : `Cannot reach the server at ${location.host}.` }];
  const said = reasonOf(problem);
  return [
    {
      message: reasons[code] ?? `The server closed the connection${said ? `: ${said}` : '.'}`,
      extensions: { closeCode: code, reason: said },
    },
  ];
}

function closeCode(problem: unknown): number | null {
  return typeof problem === 'object' && problem !== null && 'code' in problem && typeof problem.code === 'number' ? problem.code : null;
}

function reasonOf(problem: unknown): string {
  return typeof problem === 'object' && problem !== null && 'reason' in problem && typeof problem.reason === 'string' ? problem.reason : '';
}
