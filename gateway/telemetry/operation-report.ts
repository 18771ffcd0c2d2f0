import { shownCode } from '../../shared/errors/error-masking.js';
import type { ParsedOperation } from '../operations/operation-store.js';

/** An operation that a door is through with. */
export interface OperationReport {
  readonly door: 'http' | 'websocket' | 'sse' | 'multipart';
  readonly requestId: string;
  /** Undefined when it was refused before it was accepted. */
  readonly operation: ParsedOperation | undefined;
  /** Not masked yet: what is looked at are their codes. */
  readonly errors: readonly unknown[];
  /** The client did not wait for it. */
  readonly hasLeft: boolean;
  /** From its arrival to its answer; of a subscription, to its end. */
  readonly ms: number;
}

/** Called for each. Must be quick, and must not throw. */
export type OnOperation = (report: OperationReport) => void;

/** What is said of a result in one word: the code of its first error, as the client is told it. */
export function codeOf({ errors, hasLeft }: Pick<OperationReport, 'errors' | 'hasLeft'>): string {
  if (hasLeft) return 'CLIENT_LEFT';
  if (errors.length === 0) return 'OK';
  const code = shownCode(errors[0]);
  // A subgraph may say anything, and this goes into logs and traces.
  return code.length <= 60 ? code : 'other';
}
