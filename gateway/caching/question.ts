import { isJsonObject } from '../../shared/json/json-object.js';
import type { FetchRequest } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';

/** A request as one or more items that are kept apart: the whole answer, or each object of `_entities`. */
export interface Question {
  readonly count: number;
  /** The request about these items alone. */
  about(items: readonly number[]): FetchRequest;
  /** What was answered to `about` the same items, in their order; undefined when it is not all there. */
  valuesOf(data: NonNullable<WireResult['data']>, items: readonly number[]): readonly unknown[] | undefined;
  /** Whether it is an answer about an item that is worth keeping. */
  isValue(value: unknown): boolean;
  /** The answer, from those about all items. */
  toData(values: readonly unknown[]): NonNullable<WireResult['data']>;
}

export function toQuestion(request: FetchRequest): Question {
  const { entities } = request;
  if (entities === undefined) {
    return {
      count: 1,
      about: () => request,
      valuesOf: (data) => [data],
      isValue: (value) => isJsonObject(value) && request.isAnsweredBy?.(value) !== false,
      toData: ([value]) => (isJsonObject(value) ? value : {}),
    };
  }
  const { representations } = entities;
  return {
    count: representations.length,
    about: (items) =>
      items.length === representations.length ? request : entities.about(items.map((item) => representations[item] ?? 'null')),
    valuesOf: ({ _entities: values }, items) => (Array.isArray(values) && values.length === items.length ? values : undefined),
    // An object that is not there may be there in a moment.
    isValue: isJsonObject,
    toData: (values) => ({ _entities: [...values] }),
  };
}
