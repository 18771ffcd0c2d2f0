/** Writes the JSON Schema of the gateway's configuration file from its zod schema: `npx tsx tools/write-config-schema.ts`. A test says when that is due. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { configFileJsonSchema } from '../gateway/config/file/json-schema.js';

writeFileSync(join(resolve(import.meta.dirname, '..'), 'gateway', 'config', 'file', 'config.schema.json'), configFileJsonSchema());
