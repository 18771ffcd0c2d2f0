import { OperationTypeNode } from 'graphql';
import type { Logger } from '../../shared/logging/logger.js';
import { codeOf, type OnOperation } from './operation-report.js';

/**
 * One line for each operation that was refused, had errors, or took `slowMs` or longer (subscriptions are not slow): its name and that of
 * its document, never the document itself or what stood in its variables.
 */
export function createOperationLog(logger: Logger, slowMs = Infinity): OnOperation {
  return (report) => {
    const { operation, errors, door, requestId, ms } = report;
    const type = operation?.operation.operation;
    const isSlow = ms >= slowMs && operation !== undefined && type !== OperationTypeNode.SUBSCRIPTION;
    if (errors.length === 0 && !isSlow) return;
    const level = isSlow ? 'warn' : 'info';
    if (!logger.isLevelEnabled(level)) return;
    const line = {
      requestId,
      door,
      operation: operation?.operation.name?.value,
      type,
      document: operation?.hash,
      code: codeOf(report),
      ms: Math.round(ms * 10) / 10,
    };
    logger[level](line, isSlow ? 'slow operation' : operation === undefined ? 'operation refused' : 'operation with errors');
  };
}
