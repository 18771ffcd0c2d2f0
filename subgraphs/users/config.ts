import { z } from 'zod';
import { readEnvironment } from '../../shared/config/environment.js';
import { userEventsVariables } from '../../shared/config/user-events-variables.js';

export interface UsersConfig {
  readonly userEventsMaxLength: number;
}

/** What the users subgraph alone needs to know. Throws `ConfigurationError` with all problems at once. */
export function readUsersConfig(environment: Readonly<Record<string, string | undefined>>): UsersConfig {
  return { userEventsMaxLength: readEnvironment(z.object(userEventsVariables), environment).USER_EVENTS_MAX_LENGTH };
}
