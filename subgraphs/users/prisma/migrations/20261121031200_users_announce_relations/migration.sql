-- By hand: auth, images and sessions keep of their own who blocks whom and whose profile is hidden. What was so before they did is
-- announced once more; whoever knows it already changes nothing.
INSERT INTO "users"."outbox_event" ("id", "type", "key", "payload", "occurred_at")
SELECT
  gen_random_uuid(), 'relation.changed', "low_id"::text,
  jsonb_build_object(
    'userIds', jsonb_build_array("low_id", "high_id"),
    'friends', EXISTS (SELECT 1 FROM "users"."friendship" WHERE "friendship"."low_id" = "pair"."low_id" AND "friendship"."high_id" = "pair"."high_id"),
    'blockers', (
      SELECT coalesce(jsonb_agg("blocker_id" ORDER BY "blocker_id"), '[]') FROM "users"."block"
      WHERE ("blocker_id" = "low_id" AND "blocked_id" = "high_id") OR ("blocker_id" = "high_id" AND "blocked_id" = "low_id")
    )
  ),
  now()
FROM (
  SELECT "low_id", "high_id" FROM "users"."friendship"
  UNION SELECT least("blocker_id", "blocked_id"), greatest("blocker_id", "blocked_id") FROM "users"."block"
) AS "pair";

INSERT INTO "users"."outbox_event" ("id", "type", "key", "payload", "occurred_at")
SELECT gen_random_uuid(), 'profile.changed', "user_id"::text, jsonb_build_object('userId', "user_id", 'visibility', "visibility"), now()
FROM "users"."profile" WHERE "visibility" <> 'EVERYONE';
