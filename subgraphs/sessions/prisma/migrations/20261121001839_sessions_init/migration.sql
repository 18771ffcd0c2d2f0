-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "sessions";

-- CreateTable
CREATE TABLE "sessions"."outbox_event" (
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
CREATE TABLE "sessions"."outbox_lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "sessions"."inbox_event" (
    "id" UUID NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions"."session" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "device" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "end_reason" TEXT,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions"."presence_setting" (
    "user_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "is_busy" BOOLEAN NOT NULL DEFAULT false,
    "status_message" TEXT,
    "visibility" TEXT NOT NULL DEFAULT 'EVERYONE',
    "last_connection_at" TIMESTAMPTZ(3),

    CONSTRAINT "presence_setting_pkey" PRIMARY KEY ("user_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "sessions"."outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_unpublished_idx" ON "sessions"."outbox_event"("published_at", "sequence");

-- CreateIndex
CREATE INDEX "inbox_event_taken_at_idx" ON "sessions"."inbox_event"("taken_at");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "sessions"."session"("user_id", "expires_at");

-- CreateIndex
CREATE INDEX "session_ended_at_idx" ON "sessions"."session"("ended_at");
