-- CreateIndex
CREATE INDEX "mail_token_email_lower_idx" ON "auth"."mail_token"("email_lower", "created_at");

-- An address belongs to whoever verified it; until then anybody may claim it. Prisma's schema cannot say that.
CREATE UNIQUE INDEX "account_verified_email_key" ON "auth"."account"("email_lower") WHERE "email_verified_at" IS NOT NULL;
