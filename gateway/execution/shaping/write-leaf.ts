import { isEnumType, isSpecifiedScalarType, type GraphQLLeafType } from 'graphql';
import { stringText, valueText } from '../../../shared/json/json-text.js';

/** JSON text of a value that is not null; undefined when it is none of the type. */
export type WriteLeaf = (value: unknown) => string | undefined;

export function writeLeafOf(type: GraphQLLeafType): WriteLeaf {
  if (isEnumType(type)) {
    // Only those that clients may know.
    const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, JSON.stringify(name)]));
    return (value) => texts.get(value);
  }
  if (!isSpecifiedScalarType(type)) return valueText;
  switch (type.name) {
    case 'String':
      return (value) => (typeof value === 'string' ? stringText(value) : undefined);
    case 'ID':
      return (value) => {
        if (typeof value === 'string') return stringText(value);
        return Number.isInteger(value) ? `"${String(value)}"` : undefined;
      };
    case 'Int':
      return (value) => (typeof value === 'number' && (value | 0) === value ? String(value) : undefined);
    case 'Float':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined);
    default:
      return (value) => (typeof value === 'boolean' ? String(value) : undefined);
  }
}
