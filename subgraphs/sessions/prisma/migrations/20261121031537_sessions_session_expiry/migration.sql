-- DropIndex
DROP INDEX "sessions"."session_ended_at_idx";

-- AlterTable
ALTER TABLE "sessions"."session" ADD COLUMN     "is_device_named" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "session_ended_at_idx" ON "sessions"."session"("ended_at", "expires_at");
