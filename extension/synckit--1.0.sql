\echo Use "CREATE EXTENSION synckit" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- What the extension keeps for itself: members of it, not dumped, granted to nobody. Without IF NOT EXISTS: it must
-- be ours.
CREATE SCHEMA _synckit;
COMMENT ON SCHEMA _synckit IS 'synckit''s own state.';

CREATE TABLE _synckit.publisher (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch             bigint NOT NULL,
    system_identifier bigint NOT NULL,
    timeline          integer NOT NULL,
    published_to      pg_snapshot NOT NULL,
    publishing_to     pg_snapshot,
    position          bigint NOT NULL DEFAULT 0,
    published         bigint NOT NULL DEFAULT 0,
    announced         boolean NOT NULL DEFAULT false,
    saved_at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE _synckit.publisher IS 'How far this database''s publisher has come.';
COMMENT ON COLUMN _synckit.publisher.only_row IS 'There is one row at most.';
COMMENT ON COLUMN _synckit.publisher.epoch IS 'When this generation of the log began: microseconds since 1970.';
COMMENT ON COLUMN _synckit.publisher.system_identifier IS 'Of the cluster in which the epoch was drawn.';
COMMENT ON COLUMN _synckit.publisher.timeline IS 'Of the WAL in which the epoch was drawn.';
COMMENT ON COLUMN _synckit.publisher.published_to IS 'What this snapshot shows has been published.';
COMMENT ON COLUMN _synckit.publisher.publishing_to IS 'A backlog being worked off: what this snapshot shows, up to position.';
COMMENT ON COLUMN _synckit.publisher.position IS 'The greatest seq of that backlog that has been published.';
COMMENT ON COLUMN _synckit.publisher.published IS 'Messages that Redis has accepted, repeated ones included.';
COMMENT ON COLUMN _synckit.publisher.announced IS 'Whether Redis has accepted the announcement of the epoch.';
COMMENT ON COLUMN _synckit.publisher.saved_at IS 'When this row was written.';

-- The type vclock.
CREATE TYPE @extschema@.vclock;

CREATE FUNCTION @extschema@.vclock_in(cstring) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.vclock_out(@extschema@.vclock) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.vclock_recv(internal) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.vclock_send(@extschema@.vclock) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_in(cstring) IS 'I/O';
COMMENT ON FUNCTION @extschema@.vclock_out(@extschema@.vclock) IS 'I/O';
COMMENT ON FUNCTION @extschema@.vclock_recv(internal) IS 'I/O';
COMMENT ON FUNCTION @extschema@.vclock_send(@extschema@.vclock) IS 'I/O';

CREATE TYPE @extschema@.vclock (
    INPUT = @extschema@.vclock_in,
    OUTPUT = @extschema@.vclock_out,
    RECEIVE = @extschema@.vclock_recv,
    SEND = @extschema@.vclock_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE @extschema@.vclock IS 'vector clock: {"alice": 3, "bob": 1}';

CREATE FUNCTION @extschema@.vclock_get(clock @extschema@.vclock, client text) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_get(@extschema@.vclock, text) IS 'the client''s counter, 0 if it has none';

CREATE FUNCTION @extschema@.vclock_tick(clock @extschema@.vclock, client text, by bigint DEFAULT 1)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_tick(@extschema@.vclock, text, bigint) IS 'the clock with one counter raised';

CREATE FUNCTION @extschema@.vclock_merge(a @extschema@.vclock, b @extschema@.vclock) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_merge(@extschema@.vclock, @extschema@.vclock) IS
    'the least clock that has seen both: entry-wise maximum';

CREATE FUNCTION @extschema@.vclock_compare(a @extschema@.vclock, b @extschema@.vclock) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_compare(@extschema@.vclock, @extschema@.vclock) IS
    'equal, before, after or concurrent';

CREATE FUNCTION @extschema@.vclock_eq(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_eq(@extschema@.vclock, @extschema@.vclock) IS 'implementation of = operator';

CREATE OPERATOR @extschema@.= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock, FUNCTION = @extschema@.vclock_eq,
    COMMUTATOR = OPERATOR(@extschema@.=), RESTRICT = eqsel, JOIN = eqjoinsel
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.vclock, @extschema@.vclock) IS 'equal';

-- The type synckit_registers.
CREATE TYPE @extschema@.synckit_registers;

CREATE FUNCTION @extschema@.synckit_registers_in(cstring) RETURNS @extschema@.synckit_registers
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.synckit_registers_out(@extschema@.synckit_registers) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.synckit_registers_recv(internal) RETURNS @extschema@.synckit_registers
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION @extschema@.synckit_registers_send(@extschema@.synckit_registers) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.synckit_registers_in(cstring) IS 'I/O';
COMMENT ON FUNCTION @extschema@.synckit_registers_out(@extschema@.synckit_registers) IS 'I/O';
COMMENT ON FUNCTION @extschema@.synckit_registers_recv(internal) IS 'I/O';
COMMENT ON FUNCTION @extschema@.synckit_registers_send(@extschema@.synckit_registers) IS 'I/O';

CREATE TYPE @extschema@.synckit_registers (
    INPUT = @extschema@.synckit_registers_in,
    OUTPUT = @extschema@.synckit_registers_out,
    RECEIVE = @extschema@.synckit_registers_recv,
    SEND = @extschema@.synckit_registers_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE @extschema@.synckit_registers IS 'who wrote each field of a document last, and when';

-- The tables: synckit_migrate() makes them, in schema synckit, for whoever calls it.
CREATE FUNCTION @extschema@.synckit_migrate() RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_migrate() IS
    'creates synckit''s tables or upgrades them; returns their version';

CREATE FUNCTION @extschema@.synckit_schema_status(
    OUT schema_version integer, OUT library_version integer, OUT current boolean, OUT problems text[])
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.synckit_schema_status() IS
    'whether the tables are what this library expects, and if not, why';

CREATE FUNCTION @extschema@.synckit_guard_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_guard_trigger() IS
    'refuses direct writes to synckit''s tables, which would be stored unmerged';

CREATE FUNCTION @extschema@.synckit_uuidv7() RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.synckit_uuidv7() IS 'a UUID of version 7: time-ordered, random';

-- Documents and deltas.
CREATE FUNCTION @extschema@.synckit_apply_delta(
    document_id text, client_id text, operation_type text, field_path text, value jsonb DEFAULT NULL,
    clock_value bigint DEFAULT NULL, clock @extschema@.vclock DEFAULT NULL, "timestamp" timestamptz DEFAULT NULL,
    id uuid DEFAULT NULL, seen bigint DEFAULT NULL, server_id text DEFAULT NULL, stamp bigint DEFAULT NULL,
    OUT ordinality bigint, OUT id uuid, OUT document_id text, OUT version bigint, OUT clock_value bigint,
    OUT lamport bigint, OUT field_path text, OUT outcome text, OUT changed_fields text[],
    OUT "timestamp" timestamptz, OUT error_code text, OUT error_message text)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_apply_delta(
    text, text, text, text, jsonb, bigint, @extschema@.vclock, timestamptz, uuid, bigint, text, bigint) IS
    'merges one delta into its document and logs it';

CREATE FUNCTION @extschema@.synckit_apply_deltas(deltas jsonb)
    RETURNS TABLE (ordinality bigint, id uuid, document_id text, version bigint, clock_value bigint, lamport bigint,
                   field_path text, outcome text, changed_fields text[], "timestamp" timestamptz, error_code text,
                   error_message text)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_apply_deltas(jsonb) IS
    'merges an array of deltas in one go; a bad one is reported in its row';

CREATE FUNCTION @extschema@.synckit_get_document(document_id text)
    RETURNS TABLE (id text, state jsonb, version bigint, clock @extschema@.vclock, lamport bigint,
                   created_at timestamptz, updated_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.synckit_get_document(text) IS 'the document as it stands; no row if there is none';

CREATE FUNCTION @extschema@.synckit_get_clock(document_id text) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_get_clock(text) IS 'the document''s clock; null if there is no such document';

CREATE FUNCTION @extschema@.synckit_merge_clock(document_id text, clock @extschema@.vclock)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_merge_clock(text, @extschema@.vclock) IS
    'raises the document''s clock; never lowers it';

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

-- Looks whether synckit can work here (0A000 if not), and tells the launcher of the publisher.
CREATE FUNCTION _synckit.announce() RETURNS void
    AS 'MODULE_PATHNAME', 'synckit_announce' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION _synckit.announce() IS 'called by CREATE EXTENSION';
REVOKE ALL ON FUNCTION _synckit.announce() FROM PUBLIC;
SELECT _synckit.announce();
