import type { ExecutionArgs, ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { acceptAgain, type AcceptedOperation } from '../operations/accept-operation.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { OperationReport } from '../telemetry/operation-report.js';
import { addTraceparent, type OperationTrace } from '../telemetry/operation-tracing.js';
import type { ClientSocket } from './client-socket.js';
import type { PreparedResult } from './fan-out/prepared-result.js';
import type { LiveClients } from './live-clients.js';
import { runOperation, type RunOptions } from './operations.js';
import type { SocketExtra } from './protocol.js';
import type { SocketIdentity } from './websocket.js';

/** What all operations of a door have in common. */
export interface SocketOperationDoor {
  readonly live: LiveClients;
  readonly policy: OperationPolicy;
  mask(extra: SocketExtra, errors: readonly unknown[]): readonly GraphQLFormattedError[];
  report(extra: SocketExtra, ended: Omit<OperationReport, 'door' | 'requestId'>): void;
}

export interface SocketOperationOptions {
  readonly id: string;
  readonly accepted: AcceptedOperation;
  readonly extra: SocketExtra;
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly trace: OperationTrace;
}

/** An accepted operation of a socket: what graphql-ws keeps as the context of it, and hands on from one hook to the other. */
export interface SocketOperation {
  /** `args` are kept by graphql-ws for as long as it runs. */
  run(args: ExecutionArgs): AsyncIterableIterator<ExecutionResult, undefined>;
}

export const nobody: SocketIdentity = { viewer: null, subgraphHeaders: {} };

export function createSocketOperation(door: SocketOperationDoor, options: SocketOperationOptions): SocketOperation {
  return new Operation(door, options);
}

/** A class, as all that there is one of for each subscription. */
class Operation implements SocketOperation, RunOptions {
  /** There is no way to say that one reads parts; who knows `@defer` does, and sends it over a socket for nothing else. */
  readonly takesParts = true;
  readonly #door: SocketOperationDoor;
  readonly #id: string;
  readonly #extra: SocketExtra;
  readonly #startedAt: number;
  readonly #trace: OperationTrace;
  /** By its end it may be another one, and what it replaced must be garbage. */
  #accepted: AcceptedOperation;
  #args: ExecutionArgs | undefined;

  constructor(door: SocketOperationDoor, { id, accepted, extra, startedAt, trace }: SocketOperationOptions) {
    this.#door = door;
    this.#id = id;
    this.#extra = extra;
    this.#startedAt = startedAt;
    this.#trace = trace;
    this.#accepted = accepted;
  }

  run(args: ExecutionArgs): AsyncIterableIterator<ExecutionResult, undefined> {
    this.#args = args;
    this.#extra.operations += 1;
    this.live.operations.running += 1;
    return runOperation(this.#accepted, this);
  }

  get live(): LiveClients {
    return this.#door.live;
  }

  get connection(): ClientSocket {
    return this.#extra.socket;
  }

  get viewer(): Viewer | null {
    return this.#identity.viewer;
  }

  get subgraphHeaders(): SubgraphHeaders {
    return addTraceparent(this.#identity.subgraphHeaders, this.#trace.traceparent);
  }

  get policy(): OperationPolicy {
    return this.#door.policy;
  }

  mask(errors: readonly unknown[]): readonly GraphQLFormattedError[] {
    return this.#door.mask(this.#extra, errors);
  }

  send(prepared: PreparedResult): void {
    this.#extra.socket.sendFrame(prepared.frame(this.#id));
  }

  onSubscribed(): void {
    this.#trace.subscribed();
  }

  onEnd(errors: readonly GraphQLError[] | undefined): void {
    this.#extra.operations -= 1;
    this.live.operations.running -= 1;
    const ended = { errors: errors ?? [], hasLeft: errors === undefined };
    this.#trace.end(ended);
    this.#door.report(this.#extra, { ...ended, operation: this.#accepted.operation, ms: performance.now() - this.#startedAt });
  }

  async acceptAgain(operation: AcceptedOperation, generation: SupergraphGeneration): Promise<AcceptedOperation | undefined> {
    const acceptance = await acceptAgain(operation, generation, { policy: this.#door.policy, identity: this.#identity });
    if (acceptance.kind === 'refused') return undefined;
    this.#accepted = acceptance.operation;
    if (this.#args !== undefined) {
      this.#args.schema = generation.schema;
      this.#args.document = acceptance.operation.operation.document;
    }
    return acceptance.operation;
  }

  get #identity(): SocketIdentity {
    return this.#extra.identity ?? nobody;
  }
}
