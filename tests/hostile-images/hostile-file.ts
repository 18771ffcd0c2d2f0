/** A file that somebody sends to do harm, made by the test itself. */
export interface HostileFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** What must become of it; null when every refusal is as good as a harmless picture. */
  readonly expected: 'published' | 'UNSUPPORTED_TYPE' | 'TOO_MANY_PIXELS' | 'CORRUPT' | 'refused' | null;
}

export type HostileFiles = Readonly<Record<string, () => Promise<HostileFile> | HostileFile>>;

/** Stands wherever a file says more than pixels. Nothing that is served may hold it. */
export const mark = 'SECRET-MARK';
export const script = `<script>alert("${mark}")</script>`;
