import { GraphQLError, type GraphQLFormattedError } from 'graphql';

const code = 'SUBSCRIPTION_LOST';

/**
 * The last event of a subscription whose client does not keep up: thrown by its resolver. An error would end the operation for good, so the
 * gateway closes the client's socket instead, with the code that makes it come back and resume.
 */
export function subscriptionLost(): GraphQLError {
  return new GraphQLError('You read too slowly: connect again and resume.', { extensions: { code } });
}

export function isSubscriptionLost(errors: readonly GraphQLFormattedError[]): boolean {
  return errors.some(({ extensions }) => extensions?.code === code);
}
