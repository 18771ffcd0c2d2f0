-- Rows of the audit log are only ever added. The one exception is the erasure of a deleted account, whose transaction names the account in
-- the local setting `galaxia.erased_account`: its rows may then lose what is personal, and nothing else.
CREATE FUNCTION "auth"."refuse_audit_event_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erased TEXT := nullif(current_setting('galaxia.erased_account', true), '');
BEGIN
    IF TG_OP = 'UPDATE' AND erased IS NOT NULL
        AND (OLD."account_id"::text = erased OR OLD."actor_id"::text = erased)
        AND NEW."id" = OLD."id" AND NEW."action" = OLD."action" AND NEW."occurred_at" = OLD."occurred_at" THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER "audit_event_append_only" BEFORE UPDATE OR DELETE ON "auth"."audit_event"
    FOR EACH ROW EXECUTE FUNCTION "auth"."refuse_audit_event_change"();

CREATE TRIGGER "audit_event_no_truncate" BEFORE TRUNCATE ON "auth"."audit_event"
    FOR EACH STATEMENT EXECUTE FUNCTION "auth"."refuse_audit_event_change"();

-- For the events of which a person was the actor, at their erasure.
CREATE INDEX "audit_event_actor_id_idx" ON "auth"."audit_event"("actor_id");
