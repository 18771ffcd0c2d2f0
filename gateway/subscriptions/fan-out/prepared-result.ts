/** A result that goes to many: serialised and encoded once. */
export interface PreparedResult {
  /** In bytes. */
  readonly size: number;
  /** Ids, in small letters, of the users for whom it does not hold. */
  readonly except: ReadonlySet<string>;
  /** The `next` message for the operation `id`. */
  message(id: string): Buffer;
}

/** `data` must be what JSON knows. */
export function prepareResult(data: unknown, except: ReadonlySet<string>): PreparedResult {
  const tail = Buffer.from(`,"type":"next","payload":{"data":${JSON.stringify(data)}}}`);
  // Most clients number their operations from 1, and so do not differ.
  let last: { readonly id: string; readonly message: Buffer } | undefined;
  return {
    size: tail.length,
    except,
    message(id) {
      if (last?.id !== id) last = { id, message: Buffer.concat([Buffer.from(`{"id":${JSON.stringify(id)}`), tail]) };
      return last.message;
    },
  };
}
