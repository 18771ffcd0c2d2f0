import { HeaderMap, type ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import { maskError } from '../errors/error-masking.js';
import type { Logger } from '../logging/logger.js';

/** Answers one HTTP request with `server`, as GraphQL over HTTP wants it. */
export async function answerGraphQL<Context extends BaseContext>(
  server: ApolloServer<Context>,
  request: FastifyRequest,
  reply: FastifyReply,
  context: Context,
): Promise<FastifyReply> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const response = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: request.method, headers, search: searchOf(request.url), body: request.body },
    context: () => Promise.resolve(context),
  });
  for (const [name, value] of response.headers) reply.header(name, value);
  if (response.body.kind === 'complete') return reply.code(response.status ?? 200).send(response.body.string);
  throw new Error('Incremental delivery is not offered');
}

function searchOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at);
}

/** Masks the errors of every operation, with the request id of its context. Belongs together with `formatRequestError`. */
export function maskErrorsPlugin<Context extends BaseContext & { readonly requestId: string }>(
  logger: Logger,
): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ response, errors, contextValue }) {
          if (errors !== undefined && response.body.kind === 'single') {
            // From the errors themselves: Apollo Server has reduced those in the body already.
            response.body.singleResult.errors = errors.map((error) => maskError(error, { logger, requestId: contextValue.requestId }));
          }
          return Promise.resolve();
        },
      }),
  };
}

/** For `formatError`: covers requests that fail before there is an operation. Their causes are the client's own, or logged by Apollo Server. */
export function formatRequestError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const { stacktrace: _stacktrace, ...extensions } = formatted.extensions ?? {};
  if (extensions.code !== 'INTERNAL_SERVER_ERROR') return { ...formatted, extensions };
  return { message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
}
