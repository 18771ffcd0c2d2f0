import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** As OTLP writes it in JSON. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** What `OTEL_EXPORTER_OTLP_ENDPOINT` names, in this process. */
export interface TraceCollector {
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  /** Of their names, sorted. */
  names(): readonly string[];
  /** The only one of this name. */
  named(name: string): CollectedSpan;
  /** Of the last request. */
  headers(): IncomingHttpHeaders;
  /** All that was sent, as text. */
  sent(): string;
  close(): void;
}

export async function startTraceCollector(): Promise<TraceCollector> {
  let sent = '';
  let headers: IncomingHttpHeaders = {};
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    let body = '';
    ({ headers } = request);
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url !== '/v1/traces') {
        response.writeHead(404).end();
        return;
      }
      sent += body;
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const names = () => spans.map(({ name }) => name).sort();
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    spans,
    names,
    named(name) {
      const [found, ...more] = spans.filter((span) => span.name === name);
      if (found === undefined || more.length > 0) throw new Error(`not one span is named ${name} of ${names().join(', ')}`);
      return found;
    },
    headers: () => headers,
    sent: () => sent,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
