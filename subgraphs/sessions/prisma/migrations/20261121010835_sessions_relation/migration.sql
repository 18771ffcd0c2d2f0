-- CreateTable
CREATE TABLE "sessions"."relation" (
    "low_id" UUID NOT NULL,
    "high_id" UUID NOT NULL,
    "are_friends" BOOLEAN NOT NULL,
    "is_blocked" BOOLEAN NOT NULL,

    CONSTRAINT "relation_pkey" PRIMARY KEY ("low_id","high_id")
);

-- CreateIndex
CREATE INDEX "relation_high_id_idx" ON "sessions"."relation"("high_id");
