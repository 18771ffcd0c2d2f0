-- CreateEnum
CREATE TYPE "images"."profile_visibility" AS ENUM ('FRIENDS', 'NOBODY');

-- CreateTable
CREATE TABLE "images"."relation" (
    "low_id" UUID NOT NULL,
    "high_id" UUID NOT NULL,
    "are_friends" BOOLEAN NOT NULL,
    "low_blocks" BOOLEAN NOT NULL,
    "high_blocks" BOOLEAN NOT NULL,

    CONSTRAINT "relation_pkey" PRIMARY KEY ("low_id","high_id")
);

-- CreateTable
CREATE TABLE "images"."hidden_profile" (
    "user_id" UUID NOT NULL,
    "visibility" "images"."profile_visibility" NOT NULL,

    CONSTRAINT "hidden_profile_pkey" PRIMARY KEY ("user_id")
);

-- CreateIndex
CREATE INDEX "relation_high_id_idx" ON "images"."relation"("high_id");
