-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "users";

-- CreateEnum
CREATE TYPE "users"."profile_visibility" AS ENUM ('EVERYONE', 'FRIENDS', 'NOBODY');

-- CreateEnum
CREATE TYPE "users"."name_kind" AS ENUM ('USERNAME', 'DISPLAY_NAME');

-- CreateTable
CREATE TABLE "users"."profile" (
    "user_id" UUID NOT NULL,
    "display_name" TEXT,
    "bio" TEXT,
    "locale" TEXT,
    "visibility" "users"."profile_visibility" NOT NULL DEFAULT 'EVERYONE',
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "profile_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
-- By hand: COLLATE "C", in whose order of bytes the primary key serves both prefixes and the order of the results.
CREATE TABLE "users"."search_name" (
    "name" TEXT COLLATE "C" NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" "users"."name_kind" NOT NULL,
    "other_name" TEXT COLLATE "C",

    CONSTRAINT "search_name_pkey" PRIMARY KEY ("name","user_id")
);

-- CreateTable
CREATE TABLE "users"."outbox_event" (
    "sequence" BIGSERIAL NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_event_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "users"."outbox_lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "users"."inbox_event" (
    "id" UUID NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "search_name_user_id_idx" ON "users"."search_name"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "users"."outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_unpublished_idx" ON "users"."outbox_event"("published_at", "sequence");

-- CreateIndex
CREATE INDEX "inbox_event_taken_at_idx" ON "users"."inbox_event"("taken_at");
