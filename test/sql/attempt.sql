-- What comes of a statement: 'works', or the class of its error. For \i in tests.
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'works';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
