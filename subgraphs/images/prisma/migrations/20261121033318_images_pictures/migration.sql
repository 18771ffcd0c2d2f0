-- AlterTable
ALTER TABLE "images"."image" ADD COLUMN     "picture_id" UUID;

-- AlterTable
ALTER TABLE "images"."upload" ADD COLUMN     "idempotency_key" TEXT;

-- CreateTable
CREATE TABLE "images"."picture" (
    "id" UUID NOT NULL,
    "digest" TEXT NOT NULL,
    "object_name" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "variants" JSONB NOT NULL,
    "placeholder" TEXT,
    "dominant_color" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "picture_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "images"."object_removal" (
    "key" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "object_removal_pkey" PRIMARY KEY ("key")
);

-- Every image from before shows a picture of its own, whose object is named after it.
INSERT INTO "images"."picture" ("id", "digest", "object_name", "content_type", "size", "width", "height", "variants", "created_at")
SELECT "id", 'of image ' || "id", replace("name", '.webp', ''), "content_type", "size", "width", "height", '[]', "created_at"
FROM "images"."image";
UPDATE "images"."image" SET "picture_id" = "id";
ALTER TABLE "images"."image" ALTER COLUMN "picture_id" SET NOT NULL;

-- Uploads from before named the objects to be removed themselves.
INSERT INTO "images"."object_removal" ("key", "due_at")
SELECT 'uploads/' || "object_name", "expires_at" + interval '1 hour' FROM "images"."upload"
UNION ALL
SELECT 'images/' || "object_name" || '.webp', "expires_at" + interval '1 hour' FROM "images"."upload"
WHERE NOT EXISTS (SELECT 1 FROM "images"."image" WHERE "image"."id" = "upload"."id");

-- CreateIndex
CREATE UNIQUE INDEX "picture_digest_key" ON "images"."picture"("digest");

-- CreateIndex
CREATE UNIQUE INDEX "picture_object_name_key" ON "images"."picture"("object_name");

-- CreateIndex
CREATE INDEX "object_removal_due_at_idx" ON "images"."object_removal"("due_at");

-- CreateIndex
CREATE INDEX "image_picture_id_idx" ON "images"."image"("picture_id");

-- CreateIndex
CREATE UNIQUE INDEX "upload_owner_id_idempotency_key_key" ON "images"."upload"("owner_id", "idempotency_key");

-- AddForeignKey
ALTER TABLE "images"."image" ADD CONSTRAINT "image_picture_id_fkey" FOREIGN KEY ("picture_id") REFERENCES "images"."picture"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
