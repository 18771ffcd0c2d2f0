import type { ObjectRemovalRepository, Reservation } from '../services/pictures/object-removals.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { ImagesPrisma } from './prisma.js';

export function createObjectRemovalRepository(prisma: ImagesPrisma): ObjectRemovalRepository {
  return {
    add: (removal) =>
      prisma.$transaction(async (tx) => {
        const added = await putDown(tx, removal);
        if (added.length === removal.keys.length) return true;
        await crossOut(tx, { ...removal, keys: added });
        return false;
      }),

    async claim({ now, until, limit }) {
      // A row that another process claims at this moment is passed over; one that it has claimed before is not due any more.
      const claimed = await prisma.$queryRaw<{ key: string }[]>`
        UPDATE images.object_removal SET due_at = ${iso(until)}::timestamptz WHERE key IN (
          SELECT key FROM images.object_removal WHERE due_at <= ${iso(now)}::timestamptz
          ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ) RETURNING key`;
      return { keys: claimed.map(({ key }) => key), dueAt: until };
    },

    async forget(removal) {
      await deleteRows(prisma, removal);
    },
  };
}

/** Puts keys down in the transaction that unpublishes their objects. Answers those that were not down already. */
export async function putDown(tx: Prisma.TransactionClient, { keys, dueAt }: Reservation): Promise<readonly string[]> {
  const added = await tx.$queryRaw<{ key: string }[]>`
    INSERT INTO images.object_removal (key, due_at) SELECT key, ${iso(dueAt)}::timestamptz FROM (${values(keys)}) AS new (key)
    ON CONFLICT DO NOTHING RETURNING key`;
  return added.map(({ key }) => key);
}

/** In the transaction that publishes the objects of a reservation. False, and the transaction must not publish, when it is not kept up. */
export async function crossOut(tx: Prisma.TransactionClient, reservation: Reservation): Promise<boolean> {
  return (await deleteRows(tx, reservation)) === reservation.keys.length;
}

function deleteRows(tx: Pick<ImagesPrisma, '$executeRaw'>, { keys, dueAt }: Reservation): PromiseLike<number> {
  return tx.$executeRaw`DELETE FROM images.object_removal WHERE key IN (${values(keys)}) AND due_at = ${iso(dueAt)}::timestamptz`;
}

/** In one order, so that two who put down the same keys wait for each other only one way. */
function values(keys: readonly string[]): Prisma.Sql {
  return Prisma.sql`SELECT jsonb_array_elements_text(${JSON.stringify([...keys].sort())}::jsonb)`;
}

function iso(time: Date): string {
  return time.toISOString();
}
