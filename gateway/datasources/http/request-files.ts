/** A file as it comes in. */
export interface ArrivedFile {
  /** As the client calls it, of any letters. */
  readonly fileName: string;
  /** As the client says, without parameters; null when it does not say. */
  readonly contentType: string | null;
  /** Read once, and to its end before the next file is asked for. Throws an `AppError` when the client is at fault. */
  readonly body: AsyncIterable<Buffer>;
}

/** Files that go with a request in a form, by the GraphQL multipart request specification. Can be sent once. */
export interface RequestFiles {
  /** Where each belongs in the variables, which have a null there; paths such as `variables.input.file`. */
  readonly paths: readonly (readonly string[])[];
  /** The next that comes, and which of `paths` is its; undefined after the last. Throws an `AppError` when the client is at fault. */
  next(): Promise<(ArrivedFile & { readonly index: number }) | undefined>;
  /** No more of them is wanted. */
  release(): void;
}
