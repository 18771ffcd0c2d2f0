import type { Fetcher } from '@graphiql/toolkit';
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';
import { authorizationOf, sendableHeaders } from './headers.js';
import type { Operation, SubscriptionObserver, Subscriptions } from './subscriptions.js';

export interface FetcherOptions {
  url: string;
  subscriptions: Subscriptions;
  /** Told of every answer to a query or mutation. */
  readonly onAnswer: (answer: unknown) => void;
}

/** Sends what GraphiQL runs: subscriptions by WebSocket, everything else by POST. */
export function createFetcher({ url, subscriptions, onAnswer }: FetcherOptions): Fetcher {
  return (asked, options) => {
    const operation = withoutStaleName(asked);
    const headers = sendableHeaders(options?.headers);
    // Documentation and completion must outlive the token: with an expired one, the schema would not load.
    if (operation.operationName === 'IntrospectionQuery') return post(url, operation, {});
    if (!isSubscription(operation)) {
      return post(url, operation, headers).then((answer) => {
        onAnswer(answer);
        return withPlanAsLines(answer);
      });
    }
    return {
      subscribe(observer?: SubscriptionObserver | ((result: object) => void)) {
        if (typeof observer !== 'object') throw new TypeError('GraphiQL gives an observer, not callbacks');
        return subscriptions.subscribe(operation, authorizationOf(headers), observer);
      },
    };
  };
}

/** GraphiQL learns the operation's name a moment after the tab was opened: run at once, it sends the name of the tab before. */
function withoutStaleName(operation: Operation): Operation {
  const operations = operationsOf(operation.query);
  const isStale = operations.length === 1 && operations[0]?.name?.value !== operation.operationName;
  return isStale ? { ...operation, operationName: operations[0]?.name?.value ?? null } : operation;
}

function isSubscription({ query, operationName }: Operation): boolean {
  const operations = operationsOf(query);
  const chosen = operations.length === 1 ? operations[0] : operations.find(({ name }) => name?.value === operationName);
  return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
}

function operationsOf(query: string): readonly OperationDefinitionNode[] {
  try {
    return parse(query).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  } catch {
    // A syntax error is for the server to explain.
    return [];
  }
}

/** In a list: as one text it would be all on a line, with `\n` where each of its own ends. */
function withPlanAsLines(answer: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { extensions } = answer;
  if (typeof extensions !== 'object' || extensions === null || !('queryPlan' in extensions)) return answer;
  const { queryPlan } = extensions;
  return typeof queryPlan === 'string' ? { ...answer, extensions: { ...extensions, queryPlan: queryPlan.split('\n') } } : answer;
}

export async function post(url: string, operation: Operation, headers: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { accept: 'application/graphql-response+json, application/json', ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(operation),
    });
  } catch {
    return { errors: [{ message: `Cannot reach the server at ${url}. Is it running?` }] };
  }
  const text = await response.text();
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return { ...answer };
  } catch {
    // Not the GraphQL server's words: a proxy's page, or nothing at all.
  }
  return {
    errors: [{ message: `The server answered ${response.status} ${response.statusText}`.trim(), extensions: { body: text.slice(0, 500) } }],
  };
}
