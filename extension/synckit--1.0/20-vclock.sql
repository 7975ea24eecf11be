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

