-- By hand: Prisma has no words for these. services/friends/relation.ts keeps the same rules; here they hold whatever the code does.
ALTER TABLE "users"."friendship" ADD CONSTRAINT "friendship_order_check" CHECK ("low_id" < "high_id");
ALTER TABLE "users"."friend_request" ADD CONSTRAINT "friend_request_self_check" CHECK ("from_id" <> "to_id");
ALTER TABLE "users"."block" ADD CONSTRAINT "block_self_check" CHECK ("blocker_id" <> "blocked_id");

-- One request between two users, in whichever direction.
CREATE UNIQUE INDEX "friend_request_pair_key" ON "users"."friend_request" (least("from_id", "to_id"), greatest("from_id", "to_id"));

-- Who registered before there was this table. Their names are folded here, until they are announced anew; without a number none of it
-- reaches `user.events`.
INSERT INTO "users"."known_user" ("user_id", "username")
SELECT "user_id", "name" FROM "users"."search_name" WHERE "kind" = 'USERNAME'
ON CONFLICT DO NOTHING;
