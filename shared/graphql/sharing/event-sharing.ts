import {
  createSourceEventStream,
  isAbstractType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { Execute } from '../execution/compiled-execution.js';

/** The events of a subscription as graphql gives them, but the very same result for all who would get an equal one. */
export interface EventSharing {
  /** As graphql's `subscribe`. What it gives may be shared: nobody may change it. */
  subscribe(args: ExecutionArgs): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult>;
  /** Whether others may get this very object. */
  isShared(result: ExecutionResult): boolean;
}

interface EventSharingOptions {
  readonly schema: GraphQLSchema;
  /** Of `schema`. */
  readonly execute: Execute;
  readonly rootFields?: readonly string[] | undefined;
}

/**
 * Executes an event once for all subscribers of one document who get the same event object. `rootFields` names the subscriptions that
 * resolve their event by looking at it alone. A document is shared when all that it selects below them is answered by its parent object,
 * without a resolver that could ask who is asking, and when no variable matters there; everything else is executed for each.
 */
export function createEventSharing({ schema, execute, rootFields = [] }: EventSharingOptions): EventSharing {
  // Documents are those of query plans: few, and cached by who parses them.
  const shareable = new WeakMap<DocumentNode, boolean>();
  const results = new WeakMap<object, WeakMap<DocumentNode, ExecutionResult>>();
  const shared = new WeakSet<ExecutionResult>();

  function isShareable(document: DocumentNode): boolean {
    const known = shareable.get(document) ?? isAnsweredByEvent(schema, document, rootFields);
    shareable.set(document, known);
    return known;
  }

  function executeEvent(args: ExecutionArgs, event: unknown): ExecutionResult | Promise<ExecutionResult> {
    const alone = () => execute({ ...args, rootValue: event });
    if (typeof event !== 'object' || event === null || !isShareable(args.document)) return alone();
    const ofEvent = results.get(event) ?? new WeakMap<DocumentNode, ExecutionResult>();
    const known = ofEvent.get(args.document);
    if (known !== undefined) return known;
    // Without a context: what cannot be known cannot show in the result.
    const result = execute({ ...args, rootValue: event, contextValue: undefined });
    // Errors name the request of the one who is told.
    if (result instanceof Promise || result.errors !== undefined) return alone();
    results.set(event, ofEvent.set(args.document, result));
    shared.add(result);
    return result;
  }

  return {
    async subscribe(args) {
      const source = await createSourceEventStream(args);
      return Symbol.asyncIterator in source ? new ExecutedEvents(source, args, executeEvent) : source;
    },
    isShared: (result) => shared.has(result),
  };
}

function isAnsweredByEvent(schema: GraphQLSchema, document: DocumentNode, rootFields: readonly string[]): boolean {
  if (document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length !== 1) return false;
  const typeInfo = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  let isAnswered = true;
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      VariableDefinition: () => false,
      // The arguments of the root are for who subscribes, not for who resolves an event.
      Argument: () => (!typeInfo.getDirective() && typeInfo.getParentType() === root ? false : undefined),
      Variable: () => void (isAnswered = false),
      Field({ name: { value: name } }) {
        if (name === '__typename') return;
        const field = typeInfo.getFieldDef();
        if (typeInfo.getParentType() === root ? !rootFields.includes(name) : !field || field.resolve !== undefined) isAnswered = false;
      },
      SelectionSet() {
        const type = typeInfo.getParentType();
        if (!isAbstractType(type)) return;
        const isDecided = Boolean(type.resolveType) || schema.getPossibleTypes(type).some(({ isTypeOf }) => Boolean(isTypeOf));
        if (isDecided) isAnswered = false;
      },
    }),
  );
  return isAnswered;
}

type ExecuteEvent = (args: ExecutionArgs, event: unknown) => ExecutionResult | Promise<ExecutionResult>;

const done: IteratorReturnResult<undefined> = { value: undefined, done: true };

/**
 * `return()` acts at once, which that of an `async function*` does not while a `next()` waits. A class: there is one for each subscription, and
 * there are tens of thousands.
 */
class ExecutedEvents implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #source: AsyncIterator<unknown>;
  readonly #args: ExecutionArgs;
  readonly #execute: ExecuteEvent;

  constructor(source: AsyncIterable<unknown>, args: ExecutionArgs, execute: ExecuteEvent) {
    this.#source = source[Symbol.asyncIterator]();
    this.#args = args;
    this.#execute = execute;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const result = await this.#source.next();
    if (result.done === true) return done;
    try {
      return { value: await this.#execute(this.#args, result.value), done: false };
    } catch (error) {
      await this.#source.return?.();
      throw error;
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#source.return?.();
    return done;
  }

  async throw(error: unknown): Promise<never> {
    await this.#source.return?.();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.();
  }
}
