import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from '@opentelemetry/api';

/** Traces as OpenTelemetry has them. Contexts are handed on as `traceparent` (W3C Trace Context), and nothing hides in async hooks, which cost on every promise. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is left. */
  close(): Promise<void>;
}

const pattern = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** Whether it is what the standard says; anything else must not reach a subgraph as a header of ours. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value) && trace.isSpanContextValid(spanContextOf(value));
}

/** The context of a parent elsewhere; of none for `undefined` and what is no traceparent. */
export function contextOf(traceparent: string | undefined): Context {
  if (!isTraceparent(traceparent)) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, spanContextOf(traceparent));
}

export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The part of a subgraph in an operation of its gateway; undefined when that is not traced. */
export function startServerSpan(tracing: Tracing | undefined, name: string, traceparent: unknown): Span | undefined {
  if (tracing === undefined || !isTraceparent(traceparent)) return undefined;
  return tracing.tracer.startSpan(name, { kind: SpanKind.SERVER }, contextOf(traceparent));
}

/** `code`: `OK`, or what went wrong in one word. */
export function endSpan(span: Span | undefined, code: string): void {
  if (span === undefined) return;
  if (code !== 'OK') span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  span.end();
}

function spanContextOf(traceparent: string) {
  const [, traceId = '', spanId = '', flags = ''] = pattern.exec(traceparent) ?? [];
  return { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
}
