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

CREATE FUNCTION @extschema@.synckit_documents_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_documents_trigger() IS
    'makes deltas of what is written to synckit.documents, and logs them';

CREATE FUNCTION @extschema@.synckit_deltas_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_deltas_trigger() IS
    'merges what is inserted into synckit.deltas';

CREATE FUNCTION @extschema@.synckit_tombstones_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_tombstones_trigger() IS
    'refuses direct writes to synckit.tombstones';

CREATE FUNCTION @extschema@.synckit_vector_clocks_trigger() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_vector_clocks_trigger() IS
    'writes an entry of view synckit.vector_clocks into its document''s clock';

CREATE FUNCTION @extschema@.synckit_state_index(wanted boolean) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_state_index(boolean) IS
    'makes the GIN index on the documents'' states, or drops it; whether there was anything to do';

CREATE FUNCTION @extschema@.synckit_uuidv7() RETURNS uuid
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.synckit_uuidv7() IS 'a UUID of version 7: time-ordered, random';

-- Documents and deltas. A type that is named costs a call less than one that is put together from parameters.
CREATE TYPE @extschema@.synckit_delta_result AS (
    ordinality bigint, id uuid, document_id text, version bigint, clock_value bigint, lamport bigint, field_path text,
    outcome text, changed_fields text[], "timestamp" timestamptz, error_code text, error_message text);
COMMENT ON TYPE @extschema@.synckit_delta_result IS 'what became of a delta';

CREATE FUNCTION @extschema@.synckit_apply_delta(
    document_id text, client_id text, operation_type text, field_path text, value jsonb DEFAULT NULL,
    clock_value bigint DEFAULT NULL, clock @extschema@.vclock DEFAULT NULL, "timestamp" timestamptz DEFAULT NULL,
    id uuid DEFAULT NULL, seen bigint DEFAULT NULL, server_id text DEFAULT NULL, stamp bigint DEFAULT NULL)
    RETURNS @extschema@.synckit_delta_result
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_apply_delta(
    text, text, text, text, jsonb, bigint, @extschema@.vclock, timestamptz, uuid, bigint, text, bigint) IS
    'merges one delta into its document and logs it';

CREATE FUNCTION @extschema@.synckit_apply_deltas(deltas jsonb)
    RETURNS SETOF @extschema@.synckit_delta_result
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_apply_deltas(jsonb) IS
    'merges an array of deltas in one go; a bad one is reported in its row';

CREATE FUNCTION @extschema@.synckit_get_document(document_id text)
    RETURNS TABLE (id text, state jsonb, version bigint, clock @extschema@.vclock, lamport bigint,
                   created_at timestamptz, updated_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.synckit_get_document(text) IS 'the document as it stands; no row if there is none';

CREATE FUNCTION @extschema@.synckit_save_document(
    document_id text, state jsonb, expected_version bigint DEFAULT NULL, OUT id text, OUT state jsonb,
    OUT version bigint, OUT clock @extschema@.vclock, OUT lamport bigint, OUT created_at timestamptz,
    OUT updated_at timestamptz)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_save_document(text, jsonb, bigint) IS
    'writes the whole state of a document, which it creates if there is none';

CREATE FUNCTION @extschema@.synckit_update_document(
    document_id text, state jsonb, expected_version bigint DEFAULT NULL, OUT id text, OUT state jsonb,
    OUT version bigint, OUT clock @extschema@.vclock, OUT lamport bigint, OUT created_at timestamptz,
    OUT updated_at timestamptz)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_update_document(text, jsonb, bigint) IS
    'writes the whole state of a document that exists';

CREATE FUNCTION @extschema@.synckit_delete_document(document_id text) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_delete_document(text) IS
    'deletes a document; false if there is none';

CREATE FUNCTION @extschema@.synckit_list_documents("limit" integer DEFAULT 100, "offset" integer DEFAULT 0)
    RETURNS TABLE (id text, state jsonb, version bigint, clock @extschema@.vclock, lamport bigint,
                   created_at timestamptz, updated_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_list_documents(integer, integer) IS
    'documents, the one updated last first';

CREATE FUNCTION @extschema@.synckit_list_documents_before(
    updated_at timestamptz, id text, "limit" integer DEFAULT 100)
    RETURNS TABLE (id text, state jsonb, version bigint, clock @extschema@.vclock, lamport bigint,
                   created_at timestamptz, updated_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_list_documents_before(timestamptz, text, integer) IS
    'the documents that follow this one in the list';

CREATE FUNCTION @extschema@.synckit_get_clock(document_id text) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.synckit_get_clock(text) IS 'the document''s clock; null if there is no such document';

CREATE FUNCTION @extschema@.synckit_merge_clock(document_id text, clock @extschema@.vclock)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_merge_clock(text, @extschema@.vclock) IS
    'raises the document''s clock; never lowers it';

CREATE FUNCTION @extschema@.synckit_cleanup(
    old_sessions_hours integer DEFAULT 24, old_deltas_days integer DEFAULT 30,
    old_tombstones_days integer DEFAULT NULL, "limit" bigint DEFAULT NULL, OUT sessions_deleted bigint,
    OUT deltas_deleted bigint, OUT tombstones_deleted bigint)
    RETURNS record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_cleanup(integer, integer, integer, bigint) IS
    'removes old sessions, old deltas that are published, and old tombstones of fields';

CREATE FUNCTION @extschema@.synckit_update_clock(document_id text, client_id text, clock_value bigint)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_update_clock(text, text, bigint) IS
    'raises one entry of the document''s clock; never lowers it';

-- The log.
CREATE FUNCTION @extschema@.synckit_get_deltas(document_id text, "limit" integer DEFAULT 100)
    RETURNS TABLE (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
                   clock_value bigint, "timestamp" timestamptz, clock @extschema@.vclock, seen bigint, stamp bigint,
                   lamport bigint, version bigint, outcome text, changed_fields text[], server_id text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_get_deltas(text, integer) IS 'deltas of the document, the newest first';

CREATE FUNCTION @extschema@.synckit_deltas_since(document_id text, version bigint)
    RETURNS TABLE (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
                   clock_value bigint, "timestamp" timestamptz, clock @extschema@.vclock, seen bigint, stamp bigint,
                   lamport bigint, version bigint, outcome text, changed_fields text[], server_id text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_deltas_since(text, bigint) IS
    'the deltas after this version, or an error if the log does not hold them all';

CREATE FUNCTION @extschema@.synckit_deltas_unseen(document_id text, clock @extschema@.vclock)
    RETURNS TABLE (id uuid, document_id text, client_id text, operation_type text, field_path text, value jsonb,
                   clock_value bigint, "timestamp" timestamptz, clock @extschema@.vclock, seen bigint, stamp bigint,
                   lamport bigint, version bigint, outcome text, changed_fields text[], server_id text)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.synckit_deltas_unseen(text, @extschema@.vclock) IS
    'the deltas that this clock has not seen, or an error if the log may not hold them all';

-- Sessions.
CREATE FUNCTION @extschema@.synckit_save_session(
    id text, user_id text, client_id text DEFAULT NULL, metadata jsonb DEFAULT '{}')
    RETURNS TABLE (id text, user_id text, client_id text, connected_at timestamptz, last_seen timestamptz,
                   metadata jsonb)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.synckit_save_session(text, text, text, jsonb) IS
    'begins a session, or takes over the one with this id';

CREATE FUNCTION @extschema@.synckit_update_session(
    id text, last_seen timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL)
    RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_update_session(text, timestamptz, jsonb) IS
    'notes that a session is alive; whether there is one';

CREATE FUNCTION @extschema@.synckit_delete_session(id text) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.synckit_delete_session(text) IS 'ends a session; whether there was one';

CREATE FUNCTION @extschema@.synckit_get_sessions(user_id text)
    RETURNS TABLE (id text, user_id text, client_id text, connected_at timestamptz, last_seen timestamptz,
                   metadata jsonb)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION @extschema@.synckit_get_sessions(text) IS 'the sessions of a user, the newest first';

-- From the database of a SyncKit server in TypeScript. A procedure: it commits as it goes.
CREATE PROCEDURE @extschema@.synckit_import(source_schema text)
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.synckit_import(text) IS
    'takes over documents, clocks, deltas and sessions of a SyncKit server in TypeScript from this schema';

