import { parsePage, toConnection, type PageArguments, type PageRequest } from '../../../shared/graphql/connection.js';
import type { Image, ImagePosition } from '../services/image.js';
import { z } from 'zod';

const position = z.object({ createdAt: z.int().min(0).max(8.64e15), id: z.uuid() });

export async function toImageConnection(
  { first, after }: PageArguments,
  list: (page: PageRequest<ImagePosition>) => Promise<readonly Image[]>,
) {
  const page = parsePage({ first, after }, (value) => position.safeParse(value).data);
  return toConnection(await list(page), page, {
    node: (image) => image,
    position: ({ createdAt, id }): ImagePosition => ({ createdAt: createdAt.getTime(), id }),
  });
}
