import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { answerHeaders } from './answer-headers.js';
import type { CacheHints } from './sharing/cache-hints.js';
import type { Sharing, SharingPolicy } from './sharing/sharing.js';

/** Says of each answer who may have it and for how long, in the response headers. */
export function answerHeadersPlugin<Context extends BaseContext & { readonly sharing?: Sharing }>({
  policy,
  hints,
}: {
  readonly policy: SharingPolicy | undefined;
  readonly hints: CacheHints | undefined;
}): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        async willSendResponse({ response, document, errors, contextValue: { sharing } }) {
          if (document === undefined) return;
          const isFaultless = errors === undefined || errors.length === 0;
          const scope = sharing === undefined ? undefined : await policy?.scopeOf(sharing, document, isFaultless);
          const hint = isFaultless ? hints?.(document) : undefined;
          for (const [name, value] of answerHeaders({ scope, hint, policy })) response.http.headers.set(name, value);
        },
      }),
  };
}
