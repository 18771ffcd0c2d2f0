import { GraphQLError, OperationTypeNode } from 'graphql';
import { Histogram, type Registry } from 'prom-client';
import { durationBuckets } from '../../shared/telemetry/metrics-registry.js';
import { createTally, type Count } from '../../shared/telemetry/tally.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import { limitVariableNames } from '../policy/operation-limits.js';
import { codeOf, type OnOperation, type OperationReport } from './operation-report.js';

/** Subgraphs choose codes of their own. */
const maximumCodes = 100;
const other = 'other';
const limitNames = new Set<unknown>(Object.values(limitVariableNames));

/** Counts operations and their results. */
export function createOperationMetrics(registry: Registry, nameOf: (operation: ParsedOperation) => string): OnOperation {
  const durations = new Histogram({
    name: 'galaxia_operation_duration_seconds',
    help: 'Queries and mutations that were accepted, from their arrival to their answer.',
    labelNames: ['operation', 'type'],
    buckets: durationBuckets,
    registers: [registry],
  });
  const results = createTally(registry, {
    name: 'galaxia_operation_results_total',
    help: 'Operations of every kind by the code of their first error: OK without one, CLIENT_LEFT when nobody waited.',
    labelNames: ['door', 'code'],
  });
  const refusals = createTally(registry, {
    name: 'galaxia_limit_refusals_total',
    help: 'Operations that were refused because of a limit, by the variable that sets it.',
    labelNames: ['limit'],
  });
  const observers = new WeakMap<ParsedOperation, { observe(seconds: number): void }>();
  const counts: Readonly<Record<OperationReport['door'], Map<string, Count>>> = {
    http: new Map(),
    websocket: new Map(),
    sse: new Map(),
    multipart: new Map(),
  };

  function observerOf(operation: ParsedOperation) {
    let observer = observers.get(operation);
    if (observer === undefined) {
      observer = durations.labels(nameOf(operation), operation.operation.operation);
      observers.set(operation, observer);
    }
    return observer;
  }

  function countOf(door: OperationReport['door'], code: string): Count {
    const ofDoor = counts[door];
    let count = ofDoor.get(code);
    if (count === undefined) {
      if (ofDoor.size >= maximumCodes || !/^[A-Z][A-Z_]{0,59}$/.test(code)) return results.of(door, other);
      count = results.of(door, code);
      ofDoor.set(code, count);
    }
    return count;
  }

  return (report) => {
    const { door, operation, errors, ms } = report;
    const code = codeOf(report);
    countOf(door, code).value += 1;
    if (operation !== undefined && operation.operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      observerOf(operation).observe(ms / 1000);
    }
    if (code === 'OPERATION_TOO_COMPLEX' || code === 'RATE_LIMITED') {
      const [first] = errors;
      const limit = first instanceof GraphQLError ? first.extensions.limit : undefined;
      refusals.of(limitNames.has(limit) ? String(limit) : code).value += 1;
    }
  };
}
