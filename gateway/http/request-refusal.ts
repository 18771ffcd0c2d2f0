/** Why a request is answered without a look at its operation. */
export interface RequestRefusal {
  readonly kind: 'refused';
  /** 4xx. */
  readonly status: number;
  /** What to do instead. */
  readonly message: string;
  readonly headers: readonly string[];
}

/** `headers` are names and values in turn, as `writeHead` takes them. */
export function refuseRequest(status: number, message: string, headers: readonly string[] = []): RequestRefusal {
  return { kind: 'refused', status, message, headers };
}
