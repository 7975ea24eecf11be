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
    SELECT p.*, (SELECT count(*) FROM _synckit.set_aside) AS set_aside
    FROM @extschema@.synckit_stat_get_publisher() p;
COMMENT ON VIEW @extschema@.synckit_publisher_status IS 'how the publisher of this database is doing';
GRANT SELECT ON @extschema@.synckit_publisher_status TO pg_monitor;
GRANT USAGE ON SCHEMA _synckit TO pg_monitor;
GRANT SELECT ON _synckit.publisher, _synckit.broadcasts, _synckit.set_aside TO pg_monitor;

-- To operate it.
CREATE FUNCTION @extschema@.synckit_requeue(id bigint DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_requeue(bigint) IS
    'has what was set aside published again, one or all of it; how many that are';

CREATE FUNCTION @extschema@.synckit_new_epoch() RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_new_epoch() IS
    'begins a new epoch, which tells every receiver to read again; the epoch';

CREATE FUNCTION @extschema@.synckit_broadcast(event text, data jsonb) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_broadcast(text, jsonb) IS
    'sends an event to everybody who listens to the broadcast channel, when the transaction commits';

