import { join } from 'node:path';
import { openEmbedded } from '../../shared/database/embedded.js';
import type { Galaxia } from '../testkit/galaxia.js';
import type { Person } from '../testkit/person.js';

/** Makes somebody the first administrator, as an operator would: with the server stopped, since nobody else may use its data. */
export async function appointAdmin(galaxia: Galaxia, person: Person): Promise<void> {
  await galaxia.process('all-in-one').stop();
  const database = await openEmbedded(join(galaxia.dataDir, 'database'));
  const connection = await database.adapter.connect();
  await connection.executeRaw({
    sql: `UPDATE auth.account SET roles = '{USER,ADMIN}' WHERE id = '${person.id}'`,
    args: [],
    argTypes: [],
  });
  await connection.dispose();
  await database.close();
  await galaxia.restart('all-in-one');
}
