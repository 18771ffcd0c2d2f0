import { SpanKind } from '@opentelemetry/api';
import { contextOf, endSpan, traceparentOf, type Tracing } from '../../shared/telemetry/tracing.js';
import type { SubgraphDataSource } from '../datasources/subgraph-data-source.js';

/** The same subgraph, whose requests are spans of the operations that they are for. */
export function traceSource(name: string, source: SubgraphDataSource, tracing: Tracing | undefined): SubgraphDataSource {
  if (tracing === undefined) return source;
  const options = { kind: SpanKind.CLIENT, attributes: { 'galaxia.subgraph': name } };
  return {
    ...source,
    async fetch(request, caller) {
      const { traceparent } = caller.subgraphHeaders;
      if (traceparent === undefined) return source.fetch(request, caller);
      const span = tracing.tracer.startSpan(`fetch ${name}`, options, contextOf(traceparent));
      const subgraphHeaders = { ...caller.subgraphHeaders, traceparent: traceparentOf(span) };
      const result = await source.fetch(request, { ...caller, subgraphHeaders });
      endSpan(span, result.errors === undefined ? 'OK' : 'ERRORS');
      return result;
    },
    subscribe(request) {
      const { traceparent } = request.headers;
      if (traceparent === undefined) return source.subscribe(request);
      const span = tracing.tracer.startSpan(`subscribe ${name}`, options, contextOf(traceparent));
      const subscription = source.subscribe({ ...request, headers: { ...request.headers, traceparent: traceparentOf(span) } });
      // Nobody says when it has begun, and it may be quiet for days: the subgraph's own span says what that took.
      span.end();
      return subscription;
    },
  };
}
