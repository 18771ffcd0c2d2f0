import { isEnumType, isSpecifiedScalarType, type GraphQLLeafType } from 'graphql';

/** JSON text of a value that is not null; undefined when it is none of the type. */
export type WriteLeaf = (value: unknown) => string | undefined;

/** What JSON must escape, and lone surrogates, which UTF-8 cannot say. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

function writeString(value: string): string {
  return needsEscape.test(value) ? JSON.stringify(value) : `"${value}"`;
}

export function writeLeafOf(type: GraphQLLeafType): WriteLeaf {
  if (isEnumType(type)) {
    // Only those that clients may know.
    const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, JSON.stringify(name)]));
    return (value) => texts.get(value);
  }
  if (!isSpecifiedScalarType(type)) return (value) => JSON.stringify(value);
  switch (type.name) {
    case 'String':
      return (value) => (typeof value === 'string' ? writeString(value) : undefined);
    case 'ID':
      return (value) => {
        if (typeof value === 'string') return writeString(value);
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
