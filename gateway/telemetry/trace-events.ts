import { SpanKind, trace, type Link, type Span } from '@opentelemetry/api';
import { contextOf, endSpan, isTraceparent, traceparentOf, type Tracing } from '../../shared/telemetry/tracing.js';
import type { Ask } from '../execution/execution-state.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { EventPlan } from '../subscriptions/event-plan.js';
import { codeOf } from './operation-report.js';
import { addTraceparent } from './operation-tracing.js';

/**
 * The same plan, whose events are traces of their own where other subgraphs are asked to complete them: linked to the subscription's, in
 * which days of them would be no trace any more, and kept or not by themselves. An event that many share is completed for nobody's sake,
 * and linked to none. One that needs nobody else has no span: it would cost more than all that is done with it.
 */
export function traceEvents(plan: EventPlan, { operation }: ParsedOperation, tracing: Tracing | undefined): EventPlan {
  if (tracing === undefined) return plan;
  const { tracer } = tracing;
  const name = ['event of subscription', ...(operation.name === undefined ? [] : [operation.name.value])].join(' ');

  function begin(subscription: string | undefined): Span {
    const links = linksTo(subscription);
    const attributes = { 'galaxia.event.shared': links.length === 0 };
    return tracer.startSpan(name, { kind: SpanKind.CONSUMER, root: true, links, attributes });
  }

  return {
    ...plan,
    async complete(event, request, ask) {
      const { traceparent } = request.caller.subgraphHeaders;
      let span: Span | undefined;
      const traced: Ask = (source, question, caller) => {
        span ??= begin(traceparent);
        return ask(source, question, { ...caller, subgraphHeaders: addTraceparent(caller.subgraphHeaders, traceparentOf(span)) });
      };
      let code = 'INTERNAL_SERVER_ERROR';
      try {
        const result = await plan.complete(event, request, traced);
        code = codeOf({ errors: result.errors, hasLeft: false });
        return result;
      } finally {
        endSpan(span, code);
      }
    },
  };
}

function linksTo(traceparent: string | undefined): Link[] {
  const context = isTraceparent(traceparent) ? trace.getSpanContext(contextOf(traceparent)) : undefined;
  return context === undefined ? [] : [{ context }];
}
