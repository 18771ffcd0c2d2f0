/** Opens an embedded database, migrates it, closes it, and prints how many timers still hold this process. */
import { join } from 'node:path';
import { projectRoot } from '../../shared/config/project-root.js';
import { openEmbedded } from '../../shared/database/embedded/embedded.js';

const database = await openEmbedded('memory://');
await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs', 'auth', 'prisma', 'migrations') });
await database.close();
process.stdout.write(`${String(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length)}\n`);
