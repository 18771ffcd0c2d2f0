-- AlterTable
ALTER TABLE "sessions"."relation" ADD COLUMN     "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "sessions"."session" ADD COLUMN     "data" JSONB,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "relation_changed_at_idx" ON "sessions"."relation"("changed_at");
