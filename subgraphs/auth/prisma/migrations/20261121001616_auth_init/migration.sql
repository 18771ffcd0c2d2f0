-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "auth";

-- CreateTable
CREATE TABLE "auth"."outbox_event" (
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
CREATE TABLE "auth"."outbox_lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "auth"."inbox_event" (
    "id" UUID NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."account" (
    "id" UUID NOT NULL,
    "legacy_id" SERIAL NOT NULL,
    "username" TEXT NOT NULL,
    "username_lower" TEXT NOT NULL,
    "email" TEXT,
    "email_lower" TEXT,
    "email_verified_at" TIMESTAMPTZ(3),
    "roles" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."credential" (
    "account_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "credential_pkey" PRIMARY KEY ("account_id","kind")
);

-- CreateTable
CREATE TABLE "auth"."refresh_family" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "device" TEXT,
    "amr" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" TEXT,

    CONSTRAINT "refresh_family_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."refresh_token" (
    "hash" TEXT NOT NULL,
    "family_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "successor_salt" TEXT,

    CONSTRAINT "refresh_token_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "auth"."signing_key" (
    "kid" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "algorithm" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_jwk" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("kid")
);

-- CreateIndex
CREATE UNIQUE INDEX "outbox_event_id_key" ON "auth"."outbox_event"("id");

-- CreateIndex
CREATE INDEX "outbox_event_unpublished_idx" ON "auth"."outbox_event"("published_at", "sequence");

-- CreateIndex
CREATE INDEX "inbox_event_taken_at_idx" ON "auth"."inbox_event"("taken_at");

-- CreateIndex
CREATE UNIQUE INDEX "account_legacy_id_key" ON "auth"."account"("legacy_id");

-- CreateIndex
CREATE UNIQUE INDEX "account_username_lower_key" ON "auth"."account"("username_lower");

-- CreateIndex
CREATE INDEX "account_email_lower_idx" ON "auth"."account"("email_lower", "created_at");

-- CreateIndex
CREATE INDEX "refresh_family_account_id_idx" ON "auth"."refresh_family"("account_id");

-- CreateIndex
CREATE INDEX "refresh_family_expires_at_idx" ON "auth"."refresh_family"("expires_at");

-- CreateIndex
CREATE INDEX "refresh_token_used_at_idx" ON "auth"."refresh_token"("used_at");

-- CreateIndex
CREATE UNIQUE INDEX "refresh_token_family_id_generation_key" ON "auth"."refresh_token"("family_id", "generation");

-- CreateIndex
CREATE UNIQUE INDEX "signing_key_sequence_key" ON "auth"."signing_key"("sequence");

-- AddForeignKey
ALTER TABLE "auth"."credential" ADD CONSTRAINT "credential_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."refresh_family" ADD CONSTRAINT "refresh_family_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."refresh_token" ADD CONSTRAINT "refresh_token_family_id_fkey" FOREIGN KEY ("family_id") REFERENCES "auth"."refresh_family"("id") ON DELETE CASCADE ON UPDATE CASCADE;
