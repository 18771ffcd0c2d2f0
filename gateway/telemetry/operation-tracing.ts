import { SpanKind, trace } from '@opentelemetry/api';
import { contextOf, endSpan, isTraceparent, traceparentOf, type Tracing } from '../../shared/telemetry/tracing.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import { codeOf, type OperationReport } from './operation-report.js';

/** One operation on its way. */
export interface OperationTrace {
  /** For subgraphs; undefined when there is no trace. */
  readonly traceparent: string | undefined;
  /** It is known now what it is. `preparedFrom` is when it began to be parsed and planned (`Date.now()`), unless that was done before. */
  accepted(operation: ParsedOperation, preparedFrom: number | undefined): void;
  end(report: Pick<OperationReport, 'errors' | 'hasLeft'>): void;
}

export interface OperationTracing {
  /** `traceparent` is what the client has sent. */
  begin(traceparent: unknown): OperationTrace;
}

/** Without `tracing` a client's own trace goes on to the subgraphs all the same, if it is trusted. */
export function createOperationTracing(tracing: Tracing | undefined, trustsClients: boolean): OperationTracing {
  return {
    begin(given) {
      const parent = trustsClients && isTraceparent(given) ? given : undefined;
      if (tracing === undefined) return { ...untraced, traceparent: parent };
      const { tracer } = tracing;
      const span = tracer.startSpan('graphql', { kind: SpanKind.SERVER }, contextOf(parent));
      return {
        traceparent: traceparentOf(span),
        accepted({ operation }, preparedFrom) {
          const name = operation.name?.value;
          span.updateName(name === undefined ? operation.operation : `${operation.operation} ${name}`);
          span.setAttribute('graphql.operation.type', operation.operation);
          if (name !== undefined) span.setAttribute('graphql.operation.name', name);
          if (preparedFrom !== undefined) {
            tracer.startSpan('parse, validate and plan', { startTime: preparedFrom }, trace.setSpan(contextOf(parent), span)).end();
          }
        },
        end: (report) => endSpan(span, codeOf(report)),
      };
    },
  };
}

const untraced: Omit<OperationTrace, 'traceparent'> = { accepted: () => undefined, end: () => undefined };
