import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';

/** Validation rule: JavaScript reads `1e400` as infinity, which no scalar means, and which JSON would pass on to subgraphs as null. */
export function finiteNumbers(context: ValidationContext): ASTVisitor {
  return {
    FloatValue(node) {
      if (Number.isFinite(Number(node.value))) return;
      context.reportError(new GraphQLError('A number in the document is too large.', { nodes: [node] }));
    },
  };
}

/** Whether all numbers in the variables are finite. They come out of JSON, however deep. */
export function areFinite(variables: unknown): boolean {
  const open: unknown[] = [variables];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) open.push(each);
  }
  return true;
}
