-- CreateTable
CREATE TABLE "auth"."relation" (
    "low_id" UUID NOT NULL,
    "high_id" UUID NOT NULL,
    "are_friends" BOOLEAN NOT NULL,
    "low_blocks" BOOLEAN NOT NULL,
    "high_blocks" BOOLEAN NOT NULL,

    CONSTRAINT "relation_pkey" PRIMARY KEY ("low_id","high_id")
);

-- CreateIndex
CREATE INDEX "relation_high_id_idx" ON "auth"."relation"("high_id");
