import type { QueryResolvers } from '../../__generated__/resolvers.js';
import { toImageConnection } from '../image-connection.js';

export const myImages: NonNullable<QueryResolvers['myImages']> = (_parent, page, { gallery, viewer }) =>
  toImageConnection(page, (request) => gallery.listOwn(viewer, request));
