import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { scopeHeaders, type Sharing, type SharingPolicy } from './sharing.js';

/** Says of each answer to an anonymous caller for whom it holds, in the response headers. */
export function sharingPlugin<Context extends BaseContext & { readonly sharing?: Sharing }>(
  policy: SharingPolicy,
): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        async willSendResponse({ response, document, errors, contextValue: { sharing } }) {
          if (sharing === undefined || document === undefined) return;
          const scope = await policy.scopeOf(sharing, document, errors === undefined || errors.length === 0);
          if (scope === undefined) return;
          for (const [name, value] of scopeHeaders(scope)) response.http.headers.set(name, value);
        },
      }),
  };
}
