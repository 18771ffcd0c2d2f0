-- CreateTable
CREATE TABLE "sessions"."known_user" (
    "user_id" UUID NOT NULL,

    CONSTRAINT "known_user_pkey" PRIMARY KEY ("user_id")
);
