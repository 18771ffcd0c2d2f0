import { AppError } from '../../../shared/errors/app-error.js';
import { MultipartError, type FormPart } from '../../../shared/http/multipart.js';
import type { ArrivedFile } from '../../datasources/http/request-files.js';
import type { UploadedFile } from './uploaded-file.js';

/** The files of a form on their way to those who wait for them, one after the other and never ahead of whoever reads. */
export interface FormFiles {
  /** Begins to wait for files. Each belongs to one waiter. */
  claim(files: ReadonlySet<UploadedFile>): FileClaim;
  /** Nobody waits for any file any more. Resolves when nothing is read any more. */
  end(): Promise<void>;
}

export interface FileClaim {
  /** The next of its files in the order of the form; undefined when all have come. Throws an `AppError` when no more will come. */
  next(): Promise<(ArrivedFile & { readonly file: UploadedFile }) | undefined>;
  /** It wants nothing more: what is left of its files is skipped. */
  release(): void;
}

export interface FormFilesOptions {
  /** Behind `operations` and `map`. */
  readonly parts: AsyncGenerator<FormPart, void, undefined>;
  /** Stops the reading of `parts` at once, also while the client is waited for. */
  readonly stop: () => void;
  /** By the names of their fields. What has another name is skipped. */
  readonly files: ReadonlyMap<string, UploadedFile>;
  readonly maxFileBytes: number;
  /** How long a file may be in the way of another that is waited for, in ms. */
  readonly stallMs: number;
  /** What nobody will wait for is skipped. */
  readonly isUsed: (file: UploadedFile) => boolean;
  /** Whether nobody waits for `later` before whoever waits for `earlier` has all of its own. */
  readonly isAfter: (later: UploadedFile, earlier: UploadedFile) => boolean;
}

interface Waiter {
  readonly missing: Set<UploadedFile>;
  isReleased: boolean;
  /** Called with the next file, or when there will be none. */
  receive: ((part: FormPart | undefined, file?: UploadedFile) => void) | undefined;
  /** Skips the file that is being read. */
  drop: (() => void) | undefined;
}

export function createFormFiles(options: FormFilesOptions): FormFiles {
  const { parts, stop, files, maxFileBytes, stallMs, isUsed, isAfter } = options;
  const waiters: Waiter[] = [];
  const missing = new Set([...files.values()].filter(isUsed));
  let failure: unknown;
  let isEnded = false;
  let reading: Promise<void> | undefined;
  /** Looks again at whoever waits. */
  let onChange: ((hasChanged: boolean) => void) | undefined;

  function change(hasChanged = true): void {
    onChange?.(hasChanged);
    onChange = undefined;
  }

  async function read(): Promise<void> {
    try {
      for await (const part of parts) {
        // What the map names is a file, whatever its own headers say: some clients send no name for it.
        const file = files.get(part.name);
        if (file === undefined || !missing.delete(file)) continue;
        const waiter = await waiterOf(file);
        if (waiter !== undefined) await hand(part, file, waiter);
        if (isEnded) return;
      }
      const [absent] = missing;
      if (absent !== undefined) failure = new AppError('BAD_USER_INPUT', `The form has no file "${absent.name}".`);
    } catch (error) {
      failure = toRefusal(error);
    }
    for (const waiter of waiters) waiter.receive?.(undefined);
  }

  /** Undefined when nobody wants it any more. */
  async function waiterOf(file: UploadedFile): Promise<Waiter | undefined> {
    for (;;) {
      if (isEnded) return undefined;
      const owner = waiters.find((waiter) => waiter.missing.has(file));
      if (owner?.isReleased === true) return undefined;
      if (owner?.receive !== undefined) return owner;
      const blocked = waiters.filter((waiter) => waiter.receive !== undefined);
      // It would never be waited for, because who comes first waits for a file behind this one.
      if (blocked.some(({ missing: awaited }) => [...awaited].some((earlier) => isAfter(file, earlier)))) throw outOfOrder(file);
      const timer = blocked.length === 0 ? undefined : setTimeout(() => change(false), stallMs);
      const hasChanged = await new Promise<boolean>((resolve) => (onChange = resolve));
      clearTimeout(timer);
      if (!hasChanged) throw outOfOrder(file);
    }
  }

  /** Resolves when the file is read, or not wanted. */
  async function hand(part: FormPart, file: UploadedFile, waiter: Waiter): Promise<void> {
    const body = limited(part, file);
    let done: (() => void) | undefined;
    const dropped = new Promise<void>((resolve) => (waiter.drop = resolve));
    const finished = new Promise<void>((resolve) => (done = resolve));
    waiter.missing.delete(file);
    const fileName = part.isFile ? part.fileName : file.name;
    waiter.receive?.({ ...part, fileName, body: noticed(body, () => done?.()) }, file);
    await Promise.race([dropped, finished]);
    waiter.drop = undefined;
    // Waits for what is being read: two readers at once would each get a half.
    await body.return();
  }

  async function* limited({ body }: FormPart, { name }: UploadedFile): AsyncGenerator<Buffer, void, undefined> {
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > maxFileBytes) throw new AppError('BAD_USER_INPUT', `The file "${name}" has more than ${maxFileBytes} bytes.`);
        yield chunk;
      }
    } catch (error) {
      throw toRefusal(error);
    }
  }

  return {
    claim(wanted) {
      const waiter: Waiter = { missing: new Set(wanted), isReleased: false, receive: undefined, drop: undefined };
      waiters.push(waiter);
      return {
        next() {
          if (waiter.missing.size === 0) return Promise.resolve(undefined);
          if (failure !== undefined) return Promise.reject(toError(failure));
          return new Promise((resolve, reject) => {
            waiter.receive = (part, file) => {
              waiter.receive = undefined;
              if (part !== undefined && file !== undefined) resolve({ ...part, file });
              else reject(toError(failure));
            };
            reading ??= read();
            change();
          });
        },
        release() {
          waiter.isReleased = true;
          waiter.receive?.(undefined);
          waiter.drop?.();
          change();
        },
      };
    },
    async end() {
      isEnded = true;
      stop();
      for (const waiter of waiters) waiter.drop?.();
      change();
      await reading;
    },
  };
}

/** Calls `onEnd` when `chunks` has ended, well or not. */
async function* noticed(chunks: AsyncGenerator<Buffer, void, undefined>, onEnd: () => void): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of chunks) yield chunk;
  } finally {
    onEnd();
  }
}

function outOfOrder({ name }: UploadedFile): AppError {
  return new AppError('BAD_USER_INPUT', `The file "${name}" comes before others that are needed first: send them in that order.`);
}

/** What is wrong with a form is for its sender to know. */
function toRefusal(error: unknown): unknown {
  return error instanceof MultipartError ? new AppError('BAD_USER_INPUT', error.message) : error;
}

function toError(failure: unknown): Error {
  return failure instanceof Error ? failure : new AppError('BAD_USER_INPUT', 'The form is not read any further.');
}
