import type { QueryResolvers } from '../../__generated__/resolvers.js';
import { toImageConnection } from '../image-connection.js';

export const images: NonNullable<QueryResolvers['images']> = (_parent, page, { gallery, viewer }) =>
  toImageConnection(page, (request) => gallery.list(viewer, request));
