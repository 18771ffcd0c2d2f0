import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { MailTransport } from './mail-transport.js';

/**
 * Stands in for mail while no SMTP server is configured: each mail becomes a text file, readable by this user alone, since there may be
 * a token in it. The log tells the file's name and nothing of what it says.
 */
export function createFolderTransport({ folder, logger }: { folder: string; logger: Logger }): MailTransport {
  return {
    async deliver({ id, template, to, subject, text, createdAt }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const name = `${createdAt.toISOString().replaceAll(':', '-')}-${template}-${id}.txt`;
      const draft = join(folder, `.${id}.draft`);
      await writeFile(draft, `To: ${to}\nSubject: ${subject}\nDate: ${createdAt.toUTCString()}\n\n${text}`, { mode: 0o600 });
      // Whoever watches the folder never sees half a mail.
      await rename(draft, join(folder, name));
      logger.warn({ file: join(folder, name) }, 'SMTP_URL is not set: a mail was written to a file instead of being sent');
      return { kind: 'Sent' };
    },
  };
}
