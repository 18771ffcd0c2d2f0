import type { IncomingHttpHeaders } from 'node:http';
import { HeaderMap, type ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import { maskError } from '../errors/error-masking.js';
import type { Answer } from '../http/send-answer.js';
import type { Logger } from '../logging/logger.js';

/** What Apollo Server answers to a POST with this body, which has been read as JSON. */
export async function askApollo<Context extends BaseContext>(
  server: ApolloServer<Context>,
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: unknown },
  context: Context,
): Promise<Answer & { readonly contentType: string | undefined }> {
  const headerMap = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) headerMap.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const response = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers: headerMap, search: '', body },
    context: () => Promise.resolve(context),
  });
  if (response.body.kind !== 'complete') throw new Error('Incremental delivery is not offered');
  const contentType = response.headers.get('content-type');
  // Those that are written with every answer.
  for (const name of ['content-type', 'content-length']) response.headers.delete(name);
  return { status: response.status ?? 200, body: response.body.string, headers: [...response.headers].flat(), contentType };
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
