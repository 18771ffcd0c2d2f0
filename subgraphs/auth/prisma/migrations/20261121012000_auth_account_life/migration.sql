-- A keyed hash instead of the name: a name stays held after its account was erased, and must then not tell whose it was. Nothing has
-- written to this table yet.
ALTER TABLE "auth"."username_hold" RENAME COLUMN "username_lower" TO "name_hash";

-- Nobody's, once the account that gave the name up is erased.
ALTER TABLE "auth"."username_hold" ALTER COLUMN "account_id" DROP NOT NULL;

-- The few accounts that a change of roles has to count and lock.
CREATE INDEX "account_admin_idx" ON "auth"."account"("id") WHERE 'ADMIN' = ANY("roles");

-- The announcements of deletions, after which the outbox forgets the user as well.
CREATE INDEX "outbox_event_user_deleted_idx" ON "auth"."outbox_event"("key") WHERE "type" = 'user.deleted';
