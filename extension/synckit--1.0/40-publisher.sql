-- To look at.
CREATE FUNCTION @extschema@.synckit_health() RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_health() IS 'the state of synckit in this database, for a monitor';

CREATE FUNCTION @extschema@.synckit_stat_get_publisher(
    OUT state text, OUT pid integer, OUT connected boolean, OUT published bigint, OUT lag_deltas bigint,
    OUT lag_seconds double precision, OUT epoch bigint, OUT last_error text, OUT last_error_at timestamptz)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_stat_get_publisher() IS 'what view synckit_publisher_status shows';
REVOKE ALL ON FUNCTION @extschema@.synckit_stat_get_publisher() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.synckit_stat_get_publisher() TO pg_monitor;

CREATE VIEW @extschema@.synckit_publisher_status AS
    SELECT * FROM @extschema@.synckit_stat_get_publisher();
COMMENT ON VIEW @extschema@.synckit_publisher_status IS 'how the publisher of this database is doing';
GRANT SELECT ON @extschema@.synckit_publisher_status TO pg_monitor;
GRANT USAGE ON SCHEMA _synckit TO pg_monitor;
GRANT SELECT ON _synckit.publisher TO pg_monitor;

