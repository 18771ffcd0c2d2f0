import { z } from 'zod';
import { commaSeparated } from './environment.js';

/** What auth reads about passkeys, as a process of its own and in the all-in-one. To be spread into the schema of an environment. */
export const passkeyVariables = {
  WEBAUTHN_RP_ID: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'must be a host name, such as example.org')
    .optional(),
  /** Pages by their origin; apps by what their platform says instead, such as android:apk-key-hash:… */
  WEBAUTHN_ORIGINS: commaSeparated
    .refine(
      (origins) => origins.length > 0 && origins.every((origin) => !/^https?:/.test(origin) || isOrigin(origin)),
      'must be origins without a path, such as https://play.example.org, with commas between them',
    )
    .optional(),
};

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
