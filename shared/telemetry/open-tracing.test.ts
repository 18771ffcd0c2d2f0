import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { z } from 'zod';
import { startTraceCollector, type TraceCollector } from '../../tests/testkit/gateway/trace-collector.js';
import { openTracing, toTracingConfig, tracingVariables } from './open-tracing.js';

let collector: TraceCollector;
let lines: string[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });

beforeEach(async () => {
  lines = [];
  collector = await startTraceCollector();
});
afterEach(() => collector.close());

const read = (variables: Record<string, string>) => toTracingConfig(z.object(tracingVariables).parse(variables));

async function sendOne(variables: Record<string, string> = {}): Promise<void> {
  const tracing = await openTracing(read({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...variables }), { name: 'auth', logger });
  tracing?.tracer.startSpan('one').end();
  await tracing?.close();
}

describe('Traces', () => {
  it('are not made without a collector', async () => {
    expect(await openTracing(read({}), { name: 'auth', logger })).toBeUndefined();
  });

  it('say which process they are from, and which version runs there', async () => {
    await sendOne();
    expect(collector.sent()).toMatch(/"service\.name","value":\{"stringValue":"auth"\}/);
    expect(collector.sent()).toMatch(/"service\.version","value":\{"stringValue":"\d+\.\d+\.\d+"\}/);
    expect(collector.sent()).toMatch(/"service\.instance\.id","value":\{"stringValue":"[^"]+:\d+"\}/);
  });

  it('are sent with the headers that the collector asks for', async () => {
    await sendOne({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc==,x-team=blue' });
    expect(collector.headers()).toMatchObject({ authorization: 'Basic abc==', 'x-team': 'blue' });
  });

  it.each(['', 'authorization', 'a=b,', 'a=b c', 'a b=c', 'a=b\r\nc: d'])(
    'SECURITY 52: are not sent with headers such as %j',
    (headers) => {
      expect(() => read({ OTEL_EXPORTER_OTLP_HEADERS: headers })).toThrow('name=value');
    },
  );

  it('that nobody takes are a line in the log, without what was to be sent', async () => {
    const { endpoint } = collector;
    collector.close();
    await sendOne({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hunter2' });
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['traces cannot be sent, and are dropped']);
    expect(lines.join()).not.toContain('hunter2');
  });
});
