-- AlterTable
ALTER TABLE "auth"."refresh_family" ADD COLUMN     "is_browser" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "auth"."signing_key" ADD COLUMN     "activates_at" TIMESTAMPTZ(3);

-- Keys that are there have signed since they were made.
UPDATE "auth"."signing_key" SET "activates_at" = "created_at";

-- AlterTable
ALTER TABLE "auth"."signing_key" ALTER COLUMN "activates_at" SET NOT NULL;
