-- AlterTable
ALTER TABLE "auth"."signing_key" ADD COLUMN     "revoked_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "auth"."token_mail_count" (
    "address_key" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3)[],
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "token_mail_count_pkey" PRIMARY KEY ("address_key")
);

-- CreateIndex
CREATE INDEX "token_mail_count_last_at_idx" ON "auth"."token_mail_count"("last_at");

-- CreateIndex
CREATE INDEX "known_device_last_at_idx" ON "auth"."known_device"("last_at");
