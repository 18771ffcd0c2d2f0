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
  };
}
