import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const imageUsage: NonNullable<QueryResolvers['imageUsage']> = (_parent, _arguments, context) => context.imageUsage(context.viewer);
