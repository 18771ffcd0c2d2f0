-- AlterTable
ALTER TABLE "sessions"."relation" ADD COLUMN     "friends_until" TIMESTAMPTZ(3);
