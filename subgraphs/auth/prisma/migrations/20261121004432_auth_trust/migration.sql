-- AlterTable
ALTER TABLE "auth"."account" ADD COLUMN     "deletes_at" TIMESTAMPTZ(3),
ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "is_guest" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "username_changed_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "auth"."mail_token" (
    "hash" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "email_lower" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "mail_token_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "auth"."mail" (
    "id" UUID NOT NULL,
    "content" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."totp" (
    "account_id" UUID NOT NULL,
    "secret" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "confirmed_at" TIMESTAMPTZ(3),
    "last_step" BIGINT NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMPTZ(3),

    CONSTRAINT "totp_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "auth"."recovery_code" (
    "account_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_code_pkey" PRIMARY KEY ("account_id","hash")
);

-- CreateTable
CREATE TABLE "auth"."mfa_challenge" (
    "hash" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "device" TEXT,
    "amr" TEXT[],
    "tries" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "mfa_challenge_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "auth"."passkey" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "credential_id" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "counter" BIGINT NOT NULL,
    "transports" TEXT[],
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "passkey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."passkey_ceremony" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "challenge" TEXT NOT NULL,
    "account_id" UUID,
    "mfa_hash" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "passkey_ceremony_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."guest_device" (
    "device_id_hash" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "guest_device_pkey" PRIMARY KEY ("device_id_hash")
);

-- CreateTable
CREATE TABLE "auth"."known_device" (
    "account_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "known_device_pkey" PRIMARY KEY ("account_id","hash")
);

-- CreateTable
CREATE TABLE "auth"."username_hold" (
    "username_lower" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "username_hold_pkey" PRIMARY KEY ("username_lower")
);

-- CreateTable
CREATE TABLE "auth"."audit_event" (
    "id" UUID NOT NULL,
    "action" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "account_id" UUID,
    "actor_id" UUID,
    "session_id" UUID,
    "details" JSONB NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."import_progress" (
    "file" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "import_progress_pkey" PRIMARY KEY ("file")
);

-- CreateIndex
CREATE INDEX "mail_token_account_id_purpose_idx" ON "auth"."mail_token"("account_id", "purpose");

-- CreateIndex
CREATE INDEX "mail_token_expires_at_idx" ON "auth"."mail_token"("expires_at");

-- CreateIndex
CREATE INDEX "mail_due_at_idx" ON "auth"."mail"("due_at");

-- CreateIndex
CREATE INDEX "mfa_challenge_expires_at_idx" ON "auth"."mfa_challenge"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "passkey_credential_id_key" ON "auth"."passkey"("credential_id");

-- CreateIndex
CREATE INDEX "passkey_account_id_idx" ON "auth"."passkey"("account_id");

-- CreateIndex
CREATE INDEX "passkey_ceremony_expires_at_idx" ON "auth"."passkey_ceremony"("expires_at");

-- CreateIndex
CREATE INDEX "guest_device_account_id_idx" ON "auth"."guest_device"("account_id");

-- CreateIndex
CREATE INDEX "username_hold_account_id_idx" ON "auth"."username_hold"("account_id");

-- CreateIndex
CREATE INDEX "username_hold_held_until_idx" ON "auth"."username_hold"("held_until");

-- CreateIndex
CREATE INDEX "audit_event_account_id_idx" ON "auth"."audit_event"("account_id", "id");

-- CreateIndex
CREATE INDEX "account_deletes_at_idx" ON "auth"."account"("deletes_at");

-- AddForeignKey
ALTER TABLE "auth"."mail_token" ADD CONSTRAINT "mail_token_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."totp" ADD CONSTRAINT "totp_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."recovery_code" ADD CONSTRAINT "recovery_code_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."mfa_challenge" ADD CONSTRAINT "mfa_challenge_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."passkey" ADD CONSTRAINT "passkey_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."guest_device" ADD CONSTRAINT "guest_device_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "auth"."known_device" ADD CONSTRAINT "known_device_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "auth"."account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
