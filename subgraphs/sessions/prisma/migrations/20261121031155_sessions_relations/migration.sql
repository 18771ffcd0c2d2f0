-- Who of the two blocks. Until users announces it anew, both do: nothing is shown that was not shown before.
ALTER TABLE "sessions"."relation" ADD COLUMN "low_blocks" BOOLEAN, ADD COLUMN "high_blocks" BOOLEAN;
UPDATE "sessions"."relation" SET "low_blocks" = "is_blocked", "high_blocks" = "is_blocked";
ALTER TABLE "sessions"."relation" ALTER COLUMN "low_blocks" SET NOT NULL, ALTER COLUMN "high_blocks" SET NOT NULL, DROP COLUMN "is_blocked";
