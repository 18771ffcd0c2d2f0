import { hostname } from 'node:os';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import { httpUrl } from '../config/environment.js';
import { productVersion } from '../config/product-version.js';
import type { Logger } from '../logging/logger.js';
import type { Tracing } from './tracing.js';

/** Where traces go. */
export interface TracingConfig {
  /** Without a path: OTLP over HTTP is spoken at its `/v1/traces`. */
  readonly endpoint: string;
  readonly serviceName: string | undefined;
  /** Sent to it with every request: what it lets us in by. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many of the traces that begin here are kept, from 0 to 1. */
  readonly share: number;
}

const share = 'must be a number from 0 to 1';
const pair = String.raw`[\w-]+=[\x21-\x2b\x2d-\x7e]*`;

/** To be spread into the schema of an entry's environment. The names are OpenTelemetry's. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(new RegExp(`^${pair}(,${pair})*$`), 'must be name=value, and more of them after commas; blanks as %20')
    .transform(readHeaders)
    .optional(),
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
  const { OTEL_EXPORTER_OTLP_HEADERS: headers = {}, OTEL_SERVICE_NAME: serviceName, OTEL_TRACES_SAMPLER_ARG: share } = values;
  return { endpoint, serviceName, headers, share };
}

function readHeaders(pairs: string): Record<string, string> {
  return Object.fromEntries(
    pairs.split(',').map((each) => {
      const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(each) ?? [];
      return [name, decoded(value)];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Loads OpenTelemetry's SDK, which costs memory, where traces are wanted and nowhere else. `name` is that of the process. */
export async function openTracing(
  config: TracingConfig | undefined,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): Promise<Tracing | undefined> {
  if (config === undefined) return undefined;
  const [{ BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler }, { OTLPTraceExporter }, { Resource }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const { endpoint, headers } = config;
  const exporter = withWordOnFailure(new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers, timeoutMillis: 5_000 }), logger);
  const provider = new BasicTracerProvider({
    resource: new Resource({
      'service.name': config.serviceName ?? name,
      'service.version': productVersion(),
      'service.instance.id': `${hostname()}:${process.pid}`,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.share) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000, maxQueueSize: 8_192, exportTimeoutMillis: 5_000 })],
  });
  return {
    tracer: provider.getTracer('galaxia'),
    // That the last ones were not taken is in the log, and no reason to end in failure.
    close: () => provider.shutdown().catch(() => undefined),
  };
}

/** The SDK says nothing of a collector that takes nothing: once when it begins, and once when it is over. */
function withWordOnFailure(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const fails = result.error !== undefined;
        if (fails && !isFailing) logger.warn({ err: result.error }, 'traces cannot be sent, and are dropped');
        if (!fails && isFailing) logger.info('traces are sent again');
        isFailing = fails;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}
