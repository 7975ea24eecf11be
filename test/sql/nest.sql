-- A trigger that runs its argument for the new row, as the statement's outermost trigger only. For \i in tests.
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        EXECUTE TG_ARGV[0] USING NEW;
    END IF;
    RETURN NEW;
END $$;
