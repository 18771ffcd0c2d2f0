import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType, type GraphQLLeafType } from 'graphql';
import { acrossTheWire } from '../../json/json-object.js';

/** Gives the JSON of a value that is neither null nor undefined. Throws what the type says about a value that is none of its own. */
export type WriteLeaf = (value: unknown) => unknown;

/** The result of a leaf type's `serialize()` as JSON: what a scalar of somebody's own gives may be a `Date`, or an object that others hold. */
export function leafWriter(type: GraphQLLeafType): WriteLeaf {
  const serialize = (value: unknown): unknown => {
    if (value instanceof Error) throw value;
    const serialized: unknown = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    throw new Error(`The value is none of the type ${type.name}: its serialize() gave ${String(serialized)}`);
  };
  switch (type) {
    case GraphQLString:
    case GraphQLID:
      return (value) => (typeof value === 'string' ? value : serialize(value));
    case GraphQLBoolean:
      return (value) => (typeof value === 'boolean' ? value : serialize(value));
    case GraphQLInt:
    case GraphQLFloat:
      // There is no minus zero in JSON.
      return (value) => positiveZero(serialize(value));
    default:
      return isEnumType(type) ? serialize : (value) => json(serialize(value));
  }
}

function positiveZero(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

function json(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'boolean' ? value : acrossTheWire(value);
}
