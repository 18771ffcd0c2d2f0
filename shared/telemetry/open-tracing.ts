import { z } from 'zod';
import { httpUrl } from '../config/environment.js';
import type { Tracing } from './tracing.js';

/** Where traces go. */
export interface TracingConfig {
  /** Without a path: OTLP over HTTP is spoken at its `/v1/traces`. */
  readonly endpoint: string;
  readonly serviceName: string | undefined;
  /** How many of the traces that begin here are kept, from 0 to 1. */
  readonly share: number;
}

const share = 'must be a number from 0 to 1';

/** To be spread into the schema of an entry's environment. The names are OpenTelemetry's. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1|[01]?\.\d+)$/, share)
    .transform(Number)
    .refine((value) => value <= 1, share)
    .default(1),
};

/** Undefined when nobody collects traces. */
export function toTracingConfig(values: z.output<z.ZodObject<typeof tracingVariables>>): TracingConfig | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = values;
  if (endpoint === undefined) return undefined;
  return { endpoint, serviceName: values.OTEL_SERVICE_NAME, share: values.OTEL_TRACES_SAMPLER_ARG };
}

/** Loads OpenTelemetry's SDK, which costs memory, where traces are wanted and nowhere else. */
export async function openTracing(config: TracingConfig | undefined, name: string): Promise<Tracing | undefined> {
  if (config === undefined) return undefined;
  const [{ BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler }, { OTLPTraceExporter }, { Resource }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${config.endpoint}/v1/traces`, timeoutMillis: 5_000 });
  const provider = new BasicTracerProvider({
    resource: new Resource({ 'service.name': config.serviceName ?? name }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.share) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000, maxQueueSize: 8_192, exportTimeoutMillis: 5_000 })],
  });
  return { tracer: provider.getTracer('galaxia'), close: () => provider.shutdown() };
}
