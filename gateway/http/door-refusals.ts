import { AppError } from '../../shared/errors/app-error.js';
import { responseTypes } from '../../shared/http/media-types.js';
import { refuseRequest } from './request-refusal.js';

export function noSubscriptions(): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    'Subscriptions do not fit into one answer. Connect to this address by WebSocket with the subprotocol graphql-transport-ws, or send the header "accept: text/event-stream" (GraphQL over SSE) or "accept: multipart/mixed;subscriptionSpec=1.0" (multipart HTTP).',
  );
}

export const noMutations = refuseRequest(405, 'By GET only queries run. Send mutations by POST.', ['allow', 'POST']);
export const notAcceptable = refuseRequest(
  406,
  `Answers are written as ${responseTypes.join(' or ')}, in parts as multipart/mixed;deferSpec=20220824, and streams of them as text/event-stream or multipart/mixed;subscriptionSpec=1.0: name one of them in "accept".`,
);
