-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "images";

-- CreateEnum
CREATE TYPE "images"."image_purpose" AS ENUM ('AVATAR', 'GALLERY');

-- CreateEnum
CREATE TYPE "images"."rejection_code" AS ENUM ('UNSUPPORTED_TYPE', 'TYPE_MISMATCH', 'TOO_LARGE', 'TOO_MANY_PIXELS', 'CORRUPT');

-- CreateTable
CREATE TABLE "images"."upload" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "purpose" "images"."image_purpose" NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "object_name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "rejection" "images"."rejection_code",

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "images"."image" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "purpose" "images"."image_purpose" NOT NULL,
    "name" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "image_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "images"."avatar" (
    "user_id" UUID NOT NULL,
    "image_id" UUID NOT NULL,
    "set_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "avatar_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "images"."outbox_event" (
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
CREATE TABLE "images"."outbox_lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "images"."inbox_event" (
    "id" UUID NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "upload_object_name_key" ON "images"."upload"("object_name");

-- CreateIndex
CREATE INDEX "upload_owner_id_expires_at_idx" ON "images"."upload"("owner_id", "expires_at");

-- CreateIndex
CREATE INDEX "upload_expires_at_idx" ON "images"."upload"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "image_name_key" ON "images"."image"("name");

-- CreateIndex
CREATE INDEX "image_purpose_created_at_id_idx" ON "images"."image"("purpose", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "image_owner_id_created_at_id_idx" ON "images"."image"("owner_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "avatar_image_id_idx" ON "images"."avatar"("image_id");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "images"."outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_unpublished_idx" ON "images"."outbox_event"("published_at", "sequence");

-- CreateIndex
CREATE INDEX "inbox_event_taken_at_idx" ON "images"."inbox_event"("taken_at");

-- AddForeignKey
ALTER TABLE "images"."avatar" ADD CONSTRAINT "avatar_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"."image"("id") ON DELETE CASCADE ON UPDATE CASCADE;
