import { z } from 'zod';
import { configFile } from './config-file.js';

/** The JSON Schema of the configuration file, for editors, as the text of `config.schema.json`. */
export function configFileJsonSchema(): string {
  const schema = z.toJSONSchema(configFile, {
    io: 'input',
    override({ jsonSchema }) {
      const { variable } = jsonSchema;
      delete jsonSchema.variable;
      if (typeof variable === 'string') jsonSchema.description = `${jsonSchema.description ?? ''} Environment variable: ${variable}.`;
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
