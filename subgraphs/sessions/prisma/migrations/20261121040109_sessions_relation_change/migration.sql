-- DropIndex
DROP INDEX "sessions"."relation_changed_at_idx";

-- AlterTable
ALTER TABLE "sessions"."relation" DROP COLUMN "changed_at";

-- CreateTable
CREATE TABLE "sessions"."relation_change" (
    "user_id" UUID NOT NULL,
    "other_id" UUID NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "friends_until" TIMESTAMPTZ(3),

    CONSTRAINT "relation_change_pkey" PRIMARY KEY ("user_id","other_id")
);

-- CreateIndex
CREATE INDEX "relation_change_other_id_idx" ON "sessions"."relation_change"("other_id");

-- CreateIndex
CREATE INDEX "relation_change_changed_at_idx" ON "sessions"."relation_change"("changed_at");
