-- To look at.
CREATE FUNCTION @extschema@.synckit_health() RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_health() IS 'the state of synckit in this database, for a monitor';

CREATE FUNCTION @extschema@.synckit_stat_get_publisher(
    OUT state text, OUT pid integer, OUT connected boolean, OUT published bigint, OUT lag_deltas bigint,
    OUT lag_seconds double precision, OUT epoch bigint, OUT redis_address text, OUT channel_prefix text,
    OUT last_error text, OUT last_error_at timestamptz, OUT outages bigint, OUT truncated bigint, OUT foreign_rows bigint)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_stat_get_publisher() IS 'what view synckit_publisher_status shows';
REVOKE ALL ON FUNCTION @extschema@.synckit_stat_get_publisher() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.synckit_stat_get_publisher() TO pg_monitor;

-- What the oldest transaction has written is published once it has ended.
CREATE VIEW @extschema@.synckit_publisher_status AS
    SELECT p.*, s.set_aside, s.requeued, t.pid AS oldest_transaction_pid, t.gid AS oldest_transaction_gid,
           t.xid AS oldest_transaction_xid, t.since AS oldest_transaction_since
    FROM @extschema@.synckit_stat_get_publisher() p
    CROSS JOIN (
        SELECT count(*) FILTER (WHERE NOT requeued) AS set_aside, count(*) FILTER (WHERE requeued) AS requeued
        FROM _synckit.set_aside
    ) s
    LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT a.pid, NULL::text AS gid, a.backend_xid AS xid, a.xact_start AS since
            FROM pg_stat_activity a
            WHERE a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
            UNION ALL
            SELECT NULL, x.gid, x.transaction, x.prepared
            FROM pg_prepared_xacts x WHERE x.database = current_database()
        ) running ORDER BY age(xid) DESC LIMIT 1
    ) t ON true;
COMMENT ON VIEW @extschema@.synckit_publisher_status IS 'how the publisher of this database is doing';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.state IS 'what it is doing';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.pid IS 'its process';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.connected IS 'whether it is connected to Redis';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.published IS 'messages that Redis has accepted, repeated ones included';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.lag_deltas IS 'deltas that are committed and not published';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.lag_seconds IS 'no delta that is older than this is unpublished';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.epoch IS 'the epoch that its messages carry';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.redis_address IS 'where it publishes to, without a password';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.channel_prefix IS 'what the names of its channels start with';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.last_error IS 'what went wrong last';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.last_error_at IS 'when';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.outages IS 'how often Redis was lost, since the server started';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.truncated IS 'messages that went without their value, since the server started';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.foreign_rows IS 'rows passed by as written elsewhere, since the server started';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.set_aside IS 'messages that could not be published and wait for synckit_requeue()';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.requeued IS 'messages that could not be published and are tried again';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.oldest_transaction_pid IS 'of the oldest transaction that writes in this database';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.oldest_transaction_gid IS 'its name, if it is a prepared one';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.oldest_transaction_xid IS 'its number';
COMMENT ON COLUMN @extschema@.synckit_publisher_status.oldest_transaction_since IS 'when it began, or was prepared';
GRANT SELECT ON @extschema@.synckit_publisher_status TO pg_monitor;
GRANT USAGE ON SCHEMA _synckit TO pg_monitor;
GRANT SELECT ON _synckit.publisher, _synckit.set_aside TO pg_monitor;

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

