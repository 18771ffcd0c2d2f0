import { SpanKind, trace, type Context, type Span } from '@opentelemetry/api';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { contextOf, endSpan, isTraceparent, traceparentOf, type Tracing } from '../../shared/telemetry/tracing.js';
import type { OperationStore, ParsedOperation } from '../operations/operation-store.js';
import { codeOf, type OperationReport } from './operation-report.js';

/** One operation on its way. */
export interface OperationTrace {
  /** For subgraphs; undefined when there is no trace. */
  readonly traceparent: string | undefined;
  /** To be called before it is looked at; what it returns is called when it is known what it is. */
  preparing(store: Pick<OperationStore, 'misses'>): (operation: ParsedOperation) => void;
  /**
   * A subscription runs. Its span ends, and its end will be one of its own: a span is sent when it ends, and this may run for days.
   */
  subscribed(): void;
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
      if (tracing !== undefined) return beginTrace(tracing, contextOf(parent));
      return parent === undefined ? untraced : { ...untraced, traceparent: parent };
    },
  };
}

/** The same headers when there is no trace. */
export function addTraceparent(headers: SubgraphHeaders, traceparent: string | undefined): SubgraphHeaders {
  return traceparent === undefined ? headers : { ...headers, traceparent };
}

const untraced: OperationTrace = {
  traceparent: undefined,
  preparing: () => () => undefined,
  subscribed: () => undefined,
  end: () => undefined,
};

function beginTrace({ tracer }: Tracing, parent: Context): OperationTrace {
  let name = 'graphql';
  /** Undefined once it has ended. */
  let span: Span | undefined = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
  const traceparent = traceparentOf(span);
  let subscribedAt = 0;
  return {
    traceparent,
    preparing(store) {
      const [before, at] = [store.misses(), Date.now()];
      return ({ operation }) => {
        const operationName = operation.name?.value;
        name = operationName === undefined ? operation.operation : `${operation.operation} ${operationName}`;
        span?.updateName(name);
        span?.setAttribute('graphql.operation.type', operation.operation);
        if (operationName !== undefined) span?.setAttribute('graphql.operation.name', operationName);
        if (store.misses() === before || span === undefined) return;
        tracer.startSpan('parse, validate and plan', { startTime: at }, trace.setSpan(parent, span)).end();
      };
    },
    subscribed() {
      span?.end();
      span = undefined;
      subscribedAt = Date.now();
    },
    end(report) {
      const ended = span ?? tracer.startSpan(`${name}, until its end`, { startTime: subscribedAt }, contextOf(traceparent));
      endSpan(ended, codeOf(report));
    },
  };
}
