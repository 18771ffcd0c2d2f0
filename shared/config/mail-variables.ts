import { z } from 'zod';

/** To be spread into the schema of an entry's environment. */
export const mailVariables = {
  SMTP_URL: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '',
      'must be an smtp:// or smtps:// URL, as smtps://user:password@host:465',
    )
    .optional(),
  MAIL_FROM: z
    .string()
    .max(320)
    // One line: it becomes a header.
    .regex(/^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, 'must be an address, as Galaxia <no-reply@example.org>')
    .optional(),
};
