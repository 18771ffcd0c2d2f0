-- AlterTable
ALTER TABLE "users"."profile" ADD COLUMN     "time_zone" TEXT;

-- CreateTable
CREATE TABLE "users"."known_user" (
    "user_id" UUID NOT NULL,
    "legacy_id" INTEGER,
    "username" TEXT NOT NULL,
    "avatar_url" TEXT,

    CONSTRAINT "known_user_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "users"."friendship" (
    "low_id" UUID NOT NULL,
    "high_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "friendship_pkey" PRIMARY KEY ("low_id","high_id")
);

-- CreateTable
CREATE TABLE "users"."friend_request" (
    "from_id" UUID NOT NULL,
    "to_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "friend_request_pkey" PRIMARY KEY ("from_id","to_id")
);

-- CreateTable
CREATE TABLE "users"."block" (
    "blocker_id" UUID NOT NULL,
    "blocked_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "block_pkey" PRIMARY KEY ("blocker_id","blocked_id")
);

-- CreateIndex
CREATE INDEX "friendship_high_id_idx" ON "users"."friendship"("high_id");

-- CreateIndex
CREATE INDEX "friend_request_to_id_idx" ON "users"."friend_request"("to_id", "created_at");

-- CreateIndex
CREATE INDEX "block_blocked_id_idx" ON "users"."block"("blocked_id");
