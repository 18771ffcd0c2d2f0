import { signedIn } from '../actors.js';
import type { RootTable } from '../table.js';

export const mutationsOfSessions: RootTable = {
  'Mutation.createSession': {
    owner: 'the caller',
    given: () => ({ input: { data: { mine: true } } }),
    gets: signedIn('CreateSessionPayload'),
  },
  'Mutation.updateSession': {
    owner: 'new',
    given: ({ owner }) => ({ input: { id: owner.sessionId, device: 'Taken over', data: { mine: true } } }),
    gets: signedIn('SessionNotFoundError', { owner: 'SessionPayload' }),
  },
  'Mutation.endOtherSessions': { owner: 'the caller', gets: signedIn('EndOtherSessionsPayload') },
  'Mutation.endSession': {
    owner: 'new',
    given: ({ owner }) => ({ input: { id: owner.sessionId } }),
    // Those in charge end sessions with `endUserSessions`.
    gets: signedIn('SessionNotFoundError', { owner: 'EndSessionPayload' }),
  },
  'Mutation.updatePresence': {
    owner: 'the caller',
    given: () => ({ input: { statusMessage: 'Mine' } }),
    untried: { 'input.activity.gameId': "the application's own id, which names nothing here" },
    gets: signedIn('PresencePayload'),
  },
  'Mutation.presenceHeartbeat': { owner: 'the caller', gets: signedIn('PresencePayload') },
  'Mutation.goOffline': { owner: 'the caller', gets: signedIn('PresencePayload') },
};
