import { GraphQLError, OperationTypeNode } from 'graphql';
import { AppError } from '../../../shared/errors/app-error.js';
import type { Identity } from '../../authentication/authenticate.js';
import type { RequestFiles } from '../../datasources/http/request-files.js';
import { missing, type WireResult } from '../../datasources/wire.js';
import type { Caller, FetchRequest, SubgraphDataSource } from '../../datasources/subgraph-data-source.js';
import type { ExecutionRequest } from '../../execution/execution-state.js';
import type { AcceptedOperation } from '../../operations/accept-operation.js';
import type { SupergraphGeneration } from '../../supergraph/generation.js';
import { misplacedFile, routeFiles } from './check-files.js';
import { createFormFiles, type FormFiles, type FormFilesOptions } from './form-files.js';
import type { UploadLimits } from './upload-limits.js';
import type { UploadSlots } from './upload-slots.js';
import { findFiles, type UploadedFile } from './uploaded-file.js';

/** The files of a request whose operation is known already. */
export interface Upload {
  /** Why the operation of this caller cannot have them; empty when it can. Called once, before `ask`. */
  refusals(accepted: AcceptedOperation, identity: Identity): readonly (GraphQLError | AppError)[];
  /** How it is executed: each request to a subgraph is sent with the files that are in its variables. */
  execution(caller: Caller, generation: Pick<SupergraphGeneration, 'deadline'>): Pick<ExecutionRequest, 'caller' | 'ask'>;
  /** The operation is done. Resolves when nothing reads the request any more. */
  end(): Promise<void>;
}

export interface UploadOptions extends Pick<FormFilesOptions, 'parts' | 'stop' | 'files'> {
  readonly limits: UploadLimits;
  readonly slots: UploadSlots;
}

/** A request takes no longer to come in (shared/http/server.ts), and its files are part of it. */
const longestUploadMs = 300_000;

export function createUpload({ parts, stop, files, limits: { maxFileBytes, stallMs }, slots }: UploadOptions): Upload {
  const sent = new Set<UploadedFile>();
  let release: (() => void) | undefined;
  let form: FormFiles | undefined;

  function ask(source: SubgraphDataSource, request: FetchRequest, caller: Caller): Promise<WireResult> {
    const found = findFiles(request.given ?? request.variables);
    if (form === undefined || found.size === 0) return source.fetch(request, caller);
    // As the plan said, unless labels of @override have led elsewhere.
    if (source.takesFiles !== true || [...found.keys()].some((file) => sent.has(file))) {
      return Promise.resolve(missing({ message: 'No file can be sent here.', extensions: { code: 'BAD_USER_INPUT' } }));
    }
    for (const file of found.keys()) sent.add(file);
    const files = filesFor(found, form);
    const { query, operationName, variables, variablesText } = request;
    const isAnsweredBy = (data: Readonly<Record<string, unknown>>): boolean => request.isAnsweredBy?.(data) ?? true;
    const text = variablesText === undefined ? {} : { variablesText };
    return source.fetch({ query, operationName, variables, ...text, isAnsweredBy, files }, caller);
  }

  return {
    refusals(accepted, identity) {
      if (accepted.operation.operation.operation === OperationTypeNode.SUBSCRIPTION)
        return [refuse('Files go with queries and mutations.')];
      const misplaced = misplacedFile(accepted);
      if (misplaced !== undefined) return [refuse(misplaced)];
      const { problem, ...routes } = routeFiles(accepted);
      if (problem !== undefined) return [refuse(problem)];
      const taken = slots.take(identity);
      if (taken instanceof AppError) return [taken];
      release = taken;
      form = createFormFiles({ parts, stop, files, maxFileBytes, stallMs, ...routes });
      return [];
    },
    execution: (caller, generation) => ({ caller: { ...caller, deadline: generation.deadline() + longestUploadMs }, ask }),
    async end() {
      if (form === undefined) stop();
      else await form.end();
      release?.();
    },
  };
}

function filesFor(found: ReadonlyMap<UploadedFile, readonly string[]>, form: FormFiles): RequestFiles {
  const order = [...found.keys()];
  const claim = form.claim(new Set(order));
  return {
    paths: [...found.values()].map((paths) => paths.map((path) => `variables.${path}`)),
    async next() {
      const arrived = await claim.next();
      return arrived === undefined ? undefined : { ...arrived, index: order.indexOf(arrived.file) };
    },
    release: () => claim.release(),
  };
}

function refuse(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
