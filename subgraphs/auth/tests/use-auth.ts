import { afterAll, beforeAll } from '@jest/globals';
import type { OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { startAuth, type AuthHarness } from './auth-harness.js';

/** What the tests of a suite share: one auth subgraph on one database, and a client of it. */
export interface AuthOfSuite<Client> {
  readonly opened: OpenedDatabase;
  readonly harness: AuthHarness;
  readonly client: Client;
}

/** To be called once in a `describe`. Its parts are there from the first `beforeAll` after it on, and end with the suite. */
export function useAuth<Client>(open: () => Promise<OpenedDatabase>, createClient: (harness: AuthHarness) => Client): AuthOfSuite<Client> {
  let parts: AuthOfSuite<Client> | undefined;
  const present = (): AuthOfSuite<Client> => {
    if (parts === undefined) throw new Error('it is there from the first test on');
    return parts;
  };
  beforeAll(async () => {
    const opened = await open();
    const harness = await startAuth(opened.database);
    parts = { opened, harness, client: createClient(harness) };
  });
  afterAll(async () => {
    await parts?.harness.close();
    await parts?.opened.close();
  });
  return {
    get opened() {
      return present().opened;
    },
    get harness() {
      return present().harness;
    },
    get client() {
      return present().client;
    },
  };
}
