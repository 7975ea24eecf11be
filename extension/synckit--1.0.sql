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
COMMENT ON COLUMN _synckit.publisher.publishing_to IS
    'A backlog being worked off: what this snapshot shows, up to position.';
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

CREATE FUNCTION @extschema@.vclock_has(clock @extschema@.vclock, client text) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_has(@extschema@.vclock, text) IS
    'whether the clock has an entry of the client';

CREATE FUNCTION @extschema@.vclock_tick(clock @extschema@.vclock, client text, by bigint DEFAULT 1)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_tick(@extschema@.vclock, text, bigint) IS
    'the clock with one counter raised by a step';

CREATE FUNCTION @extschema@.vclock_advance(clock @extschema@.vclock, client text, value bigint)
    RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_advance(@extschema@.vclock, text, bigint) IS
    'the clock with one counter raised to at least a value';

CREATE FUNCTION @extschema@.vclock_forget(clock @extschema@.vclock, client text) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_forget(@extschema@.vclock, text) IS 'the clock without one client''s entry';

CREATE FUNCTION @extschema@.vclock_merge(a @extschema@.vclock, b @extschema@.vclock) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_merge(@extschema@.vclock, @extschema@.vclock) IS
    'the least clock that has seen both: entry-wise maximum';

CREATE FUNCTION @extschema@.vclock_meet(a @extschema@.vclock, b @extschema@.vclock) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_meet(@extschema@.vclock, @extschema@.vclock) IS
    'the greatest clock that both have seen: entry-wise minimum';

CREATE FUNCTION @extschema@.vclock_compare(a @extschema@.vclock, b @extschema@.vclock) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_compare(@extschema@.vclock, @extschema@.vclock) IS
    'equal, before, after or concurrent';

CREATE FUNCTION @extschema@.vclock_size(clock @extschema@.vclock) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_size(@extschema@.vclock) IS 'number of entries';

CREATE FUNCTION @extschema@.vclock_entries(clock @extschema@.vclock, OUT client_id text, OUT clock_value bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 16;
COMMENT ON FUNCTION @extschema@.vclock_entries(@extschema@.vclock) IS
    'a row an entry, in the order of the client ids'' bytes';

CREATE FUNCTION @extschema@.vclock_build(client_ids text[], clock_values bigint[]) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_build(text[], bigint[]) IS
    'the clock of two arrays; a repeated client keeps the greater counter';

CREATE FUNCTION @extschema@.vclock_eq(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_eq(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of = operator';

CREATE FUNCTION @extschema@.vclock_ne(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_ne(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of <> operator';

CREATE FUNCTION @extschema@.vclock_lt(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_lt(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of < operator';

CREATE FUNCTION @extschema@.vclock_le(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_le(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of <= operator';

CREATE FUNCTION @extschema@.vclock_gt(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_gt(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of > operator';

CREATE FUNCTION @extschema@.vclock_ge(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_ge(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of >= operator';

CREATE FUNCTION @extschema@.vclock_before(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_before(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of << operator';

CREATE FUNCTION @extschema@.vclock_before_or_equal(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_before_or_equal(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of <<= operator';

CREATE FUNCTION @extschema@.vclock_after(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_after(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of >> operator';

CREATE FUNCTION @extschema@.vclock_after_or_equal(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_after_or_equal(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of >>= operator';

CREATE FUNCTION @extschema@.vclock_concurrent(a @extschema@.vclock, b @extschema@.vclock) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_concurrent(@extschema@.vclock, @extschema@.vclock) IS
    'implementation of >< operator';

CREATE FUNCTION @extschema@.vclock_cmp(a @extschema@.vclock, b @extschema@.vclock) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_cmp(@extschema@.vclock, @extschema@.vclock) IS 'less-equal-greater';

CREATE FUNCTION @extschema@.vclock_hash(clock @extschema@.vclock) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_hash(@extschema@.vclock) IS 'hash';

CREATE FUNCTION @extschema@.vclock_hash_extended(clock @extschema@.vclock, seed bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_hash_extended(@extschema@.vclock, bigint) IS 'hash';

CREATE OPERATOR @extschema@.= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_eq, COMMUTATOR = OPERATOR(@extschema@.=),
    NEGATOR = OPERATOR(@extschema@.<>), RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.vclock, @extschema@.vclock) IS 'equal';

CREATE OPERATOR @extschema@.<> (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_ne, COMMUTATOR = OPERATOR(@extschema@.<>),
    NEGATOR = OPERATOR(@extschema@.=), RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.vclock, @extschema@.vclock) IS 'not equal';

CREATE OPERATOR @extschema@.< (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_lt, COMMUTATOR = OPERATOR(@extschema@.>),
    NEGATOR = OPERATOR(@extschema@.>=), RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.vclock, @extschema@.vclock) IS 'less than, in the total order';

CREATE OPERATOR @extschema@.<= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_le, COMMUTATOR = OPERATOR(@extschema@.>=),
    NEGATOR = OPERATOR(@extschema@.>), RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.vclock, @extschema@.vclock) IS 'less than or equal, in the total order';

CREATE OPERATOR @extschema@.> (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_gt, COMMUTATOR = OPERATOR(@extschema@.<),
    NEGATOR = OPERATOR(@extschema@.<=), RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.vclock, @extschema@.vclock) IS 'greater than, in the total order';

CREATE OPERATOR @extschema@.>= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_ge, COMMUTATOR = OPERATOR(@extschema@.<=),
    NEGATOR = OPERATOR(@extschema@.<), RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.vclock, @extschema@.vclock) IS
    'greater than or equal, in the total order';

CREATE OPERATOR @extschema@.<< (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_before, COMMUTATOR = OPERATOR(@extschema@.>>),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.<< (@extschema@.vclock, @extschema@.vclock) IS 'happened before';

CREATE OPERATOR @extschema@.<<= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_before_or_equal, COMMUTATOR = OPERATOR(@extschema@.>>=),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.<<= (@extschema@.vclock, @extschema@.vclock) IS 'happened before, or equal';

CREATE OPERATOR @extschema@.>> (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_after, COMMUTATOR = OPERATOR(@extschema@.<<),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.>> (@extschema@.vclock, @extschema@.vclock) IS 'happened after';

CREATE OPERATOR @extschema@.>>= (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_after_or_equal, COMMUTATOR = OPERATOR(@extschema@.<<=),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.>>= (@extschema@.vclock, @extschema@.vclock) IS 'happened after, or equal';

CREATE OPERATOR @extschema@.>< (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_concurrent, COMMUTATOR = OPERATOR(@extschema@.><),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.>< (@extschema@.vclock, @extschema@.vclock) IS 'concurrent: neither has seen the other';

CREATE OPERATOR @extschema@.| (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_merge, COMMUTATOR = OPERATOR(@extschema@.|)
);
COMMENT ON OPERATOR @extschema@.| (@extschema@.vclock, @extschema@.vclock) IS 'merge: entry-wise maximum';

CREATE OPERATOR @extschema@.& (
    LEFTARG = @extschema@.vclock, RIGHTARG = @extschema@.vclock,
    FUNCTION = @extschema@.vclock_meet, COMMUTATOR = OPERATOR(@extschema@.&)
);
COMMENT ON OPERATOR @extschema@.& (@extschema@.vclock, @extschema@.vclock) IS 'meet: entry-wise minimum';

CREATE OPERATOR @extschema@.-> (
    LEFTARG = @extschema@.vclock, RIGHTARG = text, FUNCTION = @extschema@.vclock_get
);
COMMENT ON OPERATOR @extschema@.-> (@extschema@.vclock, text) IS 'the client''s counter, 0 if it has none';

CREATE OPERATOR @extschema@.? (
    LEFTARG = @extschema@.vclock, RIGHTARG = text,
    FUNCTION = @extschema@.vclock_has, RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR @extschema@.? (@extschema@.vclock, text) IS 'has an entry of the client';

CREATE OPERATOR @extschema@.- (
    LEFTARG = @extschema@.vclock, RIGHTARG = text, FUNCTION = @extschema@.vclock_forget
);
COMMENT ON OPERATOR @extschema@.- (@extschema@.vclock, text) IS 'without the client''s entry';

-- Aggregates. Rows in which something is null are skipped; over no rows they are null.
CREATE AGGREGATE @extschema@.vclock_meet(@extschema@.vclock) (
    SFUNC = @extschema@.vclock_meet, STYPE = @extschema@.vclock, COMBINEFUNC = @extschema@.vclock_meet, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.vclock_meet(@extschema@.vclock) IS
    'the greatest clock that all have seen: entry-wise minimum';

CREATE FUNCTION @extschema@.vclock_agg_transition(internal, text, bigint) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_agg_transition(internal, text, bigint) IS 'aggregate transition function';

CREATE FUNCTION @extschema@.vclock_merge_transition(internal, @extschema@.vclock) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_merge_transition(internal, @extschema@.vclock) IS
    'aggregate transition function';

CREATE FUNCTION @extschema@.vclock_agg_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_agg_combine(internal, internal) IS 'aggregate combine function';

CREATE FUNCTION @extschema@.vclock_agg_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_agg_serialize(internal) IS 'aggregate serial function';

CREATE FUNCTION @extschema@.vclock_agg_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_agg_deserialize(bytea, internal) IS 'aggregate deserial function';

CREATE FUNCTION @extschema@.vclock_agg_final(internal) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_agg_final(internal) IS 'aggregate final function';

CREATE AGGREGATE @extschema@.vclock_agg(client_id text, clock_value bigint) (
    SFUNC = @extschema@.vclock_agg_transition, STYPE = internal, FINALFUNC = @extschema@.vclock_agg_final,
    COMBINEFUNC = @extschema@.vclock_agg_combine, SERIALFUNC = @extschema@.vclock_agg_serialize,
    DESERIALFUNC = @extschema@.vclock_agg_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.vclock_agg(text, bigint) IS
    'the clock of the rows; a repeated client keeps the greater counter';

CREATE AGGREGATE @extschema@.vclock_merge(@extschema@.vclock) (
    SFUNC = @extschema@.vclock_merge_transition, STYPE = internal, FINALFUNC = @extschema@.vclock_agg_final,
    COMBINEFUNC = @extschema@.vclock_agg_combine, SERIALFUNC = @extschema@.vclock_agg_serialize,
    DESERIALFUNC = @extschema@.vclock_agg_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.vclock_merge(@extschema@.vclock) IS
    'the least clock that has seen all: entry-wise maximum';

-- Operator classes.
CREATE OPERATOR CLASS @extschema@.vclock_ops DEFAULT FOR TYPE @extschema@.vclock USING btree AS
    OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=,
    OPERATOR 5 @extschema@.>,
    FUNCTION 1 @extschema@.vclock_cmp(@extschema@.vclock, @extschema@.vclock),
    FUNCTION 4 pg_catalog.btequalimage(oid);
COMMENT ON OPERATOR CLASS @extschema@.vclock_ops USING btree IS 'a total order that extends causality';
COMMENT ON OPERATOR FAMILY @extschema@.vclock_ops USING btree IS 'a total order that extends causality';

CREATE OPERATOR CLASS @extschema@.vclock_ops DEFAULT FOR TYPE @extschema@.vclock USING hash AS
    OPERATOR 1 @extschema@.=,
    FUNCTION 1 @extschema@.vclock_hash(@extschema@.vclock),
    FUNCTION 2 @extschema@.vclock_hash_extended(@extschema@.vclock, bigint);
COMMENT ON OPERATOR CLASS @extschema@.vclock_ops USING hash IS 'equality';
COMMENT ON OPERATOR FAMILY @extschema@.vclock_ops USING hash IS 'equality';

CREATE FUNCTION @extschema@.vclock_gin_extract_value(@extschema@.vclock, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_gin_extract_value(@extschema@.vclock, internal) IS 'GIN support';

CREATE FUNCTION @extschema@.vclock_gin_extract_query(
    @extschema@.vclock, internal, int2, internal, internal, internal, internal)
    RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_gin_extract_query(
    @extschema@.vclock, internal, int2, internal, internal, internal, internal) IS
    'GIN support';

CREATE FUNCTION @extschema@.vclock_gin_consistent(
    internal, int2, @extschema@.vclock, int4, internal, internal, internal, internal)
    RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_gin_consistent(
    internal, int2, @extschema@.vclock, int4, internal, internal, internal, internal) IS
    'GIN support';

CREATE FUNCTION @extschema@.vclock_gin_triconsistent(
    internal, int2, @extschema@.vclock, int4, internal, internal, internal)
    RETURNS "char"
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_gin_triconsistent(
    internal, int2, @extschema@.vclock, int4, internal, internal, internal) IS
    'GIN support';

CREATE OPERATOR CLASS @extschema@.vclock_ops DEFAULT FOR TYPE @extschema@.vclock USING gin AS
    OPERATOR 1 @extschema@.? (@extschema@.vclock, text),
    OPERATOR 2 @extschema@.>>=,
    OPERATOR 3 @extschema@.>>,
    FUNCTION 1 pg_catalog.byteacmp(bytea, bytea),
    FUNCTION 2 @extschema@.vclock_gin_extract_value(@extschema@.vclock, internal),
    FUNCTION 3 @extschema@.vclock_gin_extract_query(
        @extschema@.vclock, internal, int2, internal, internal, internal, internal),
    FUNCTION 4 @extschema@.vclock_gin_consistent(
        internal, int2, @extschema@.vclock, int4, internal, internal, internal, internal),
    FUNCTION 6 @extschema@.vclock_gin_triconsistent(
        internal, int2, @extschema@.vclock, int4, internal, internal, internal),
    STORAGE bytea;
COMMENT ON OPERATOR CLASS @extschema@.vclock_ops USING gin IS 'the clients of clocks: for ?, >>= and >>';
COMMENT ON OPERATOR FAMILY @extschema@.vclock_ops USING gin IS 'the clients of clocks: for ?, >>= and >>';

-- So that vclock_has() finds the index that ? has.
CREATE FUNCTION @extschema@.vclock_has_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_has_support(internal) IS 'planner support';
ALTER FUNCTION @extschema@.vclock_has(@extschema@.vclock, text) SUPPORT @extschema@.vclock_has_support;

-- Casts. Those to and from text are Postgres's own, by way of input and output.
CREATE FUNCTION @extschema@.vclock_from_jsonb(json jsonb) RETURNS @extschema@.vclock
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_from_jsonb(jsonb) IS
    'a clock from a JSON object, read as strictly as its text';

CREATE FUNCTION @extschema@.vclock_to_jsonb(clock @extschema@.vclock) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_to_jsonb(@extschema@.vclock) IS 'a clock as a JSON object';

CREATE FUNCTION @extschema@.vclock_to_json(clock @extschema@.vclock) RETURNS json
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.vclock_to_json(@extschema@.vclock) IS 'a clock as a JSON object';

CREATE CAST (jsonb AS @extschema@.vclock) WITH FUNCTION @extschema@.vclock_from_jsonb(jsonb) AS ASSIGNMENT;
CREATE CAST (@extschema@.vclock AS jsonb) WITH FUNCTION @extschema@.vclock_to_jsonb(@extschema@.vclock) AS ASSIGNMENT;
CREATE CAST (@extschema@.vclock AS json) WITH FUNCTION @extschema@.vclock_to_json(@extschema@.vclock);
COMMENT ON CAST (jsonb AS @extschema@.vclock) IS 'read as strictly as the text of a clock';
COMMENT ON CAST (@extschema@.vclock AS jsonb) IS 'a clock as a JSON object';
COMMENT ON CAST (@extschema@.vclock AS json) IS 'a clock as a JSON object; row_to_json() uses it';

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
