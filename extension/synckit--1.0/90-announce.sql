-- Looks whether synckit can work here (0A000 if not), and tells the launcher of the publisher.
CREATE FUNCTION _synckit.announce() RETURNS void
    AS 'MODULE_PATHNAME', 'synckit_announce' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION _synckit.announce() IS 'called by CREATE EXTENSION';
REVOKE ALL ON FUNCTION _synckit.announce() FROM PUBLIC;
SELECT _synckit.announce();
