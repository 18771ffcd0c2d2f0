import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ReceivedMail {
  readonly file: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** From its link; undefined when there is none. */
  readonly token: string | undefined;
}

export interface Mailbox {
  /** Every mail so far, in the order of writing. */
  all(): Promise<readonly ReceivedMail[]>;
  /** Waits for a mail to `to` whose subject has `subject` in it and that was not answered before. */
  next(to: string, subject: string): Promise<ReceivedMail>;
}

/** Reads the folder that mails are written into while no SMTP server is configured; also of a whole product that runs. */
export function createMailbox(folder: string): Mailbox {
  const read = new Set<string>();

  async function all(): Promise<ReceivedMail[]> {
    // It is made with the first mail.
    const names = existsSync(folder) ? await readdir(folder) : [];
    const files = names.filter((file) => file.endsWith('.txt')).map((file) => join(folder, file));
    const mails = await Promise.all(
      files.map(async (file) => ({ ...parse(file, await readFile(file, 'utf8')), written: (await stat(file)).mtimeMs })),
    );
    return mails.sort((one, other) => one.written - other.written);
  }

  return {
    all,
    async next(to, subject) {
      for (;;) {
        const found = (await all()).find((mail) => !read.has(mail.file) && mail.to === to && mail.subject.includes(subject));
        if (found !== undefined) {
          read.add(found.file);
          return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

function parse(file: string, content: string): ReceivedMail {
  const [head = '', ...body] = content.split('\n\n');
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1] ?? '';
  const text = body.join('\n\n');
  return { file, to: header('To'), subject: header('Subject'), text, token: /#token=([\w-]+)$/m.exec(text)?.[1] };
}
