import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseType, StreamType } from '../../shared/http/media-types.js';
import type { Answer } from '../../shared/http/send-answer.js';
import type { IncrementalResult } from '../execution/deferred/incremental-result.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { OperationReport } from '../telemetry/operation-report.js';
import type { OperationTrace } from '../telemetry/operation-tracing.js';

/** An answer, and what is told of it to operators. */
export interface OperationAnswer extends Answer {
  readonly operation?: ParsedOperation | undefined;
  readonly errors: OperationReport['errors'];
  /** Headers in place of `noStore`. */
  readonly caching?: readonly string[] | undefined;
  /** Where it is not the one that is negotiated. */
  readonly contentType?: string;
  /** What comes after `body`; undefined when that is all. */
  readonly later?: IncrementalResult | undefined;
}

/** What is asked, and how it is to be answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly trace: OperationTrace;
  /** Of one result; undefined when the client can read none. */
  readonly type: ResponseType | undefined;
  /** Of several; undefined when the client does not ask for them. */
  readonly streamType: StreamType | undefined;
}
