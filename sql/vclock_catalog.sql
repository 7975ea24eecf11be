-- What the catalog says about the extension and about vclock.

-- everything has a comment
CREATE TEMP TABLE members AS
SELECT classid, objid FROM pg_depend JOIN pg_extension e ON refobjid = e.oid
WHERE refclassid = 'pg_extension'::regclass AND extname = 'synckit' AND deptype = 'e';
SELECT pg_describe_object(classid, objid, 0) AS without_comment FROM members
WHERE obj_description(objid, classid::regclass::name) IS NULL
ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C";
SELECT count(*) > 80 AS many FROM members;

-- functions: all immutable and parallel safe; strict, but for those of the state of vclock_agg
CREATE TEMP TABLE functions AS
SELECT p.oid, p.proname, p.prokind, p.provolatile, p.proisstrict, p.proparallel, p.proleakproof, p.prosecdef
FROM pg_proc p JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid WHERE p.proname LIKE 'vclock%';
SELECT oid::regprocedure FROM functions WHERE (provolatile, proparallel, prosecdef) <> ('i', 's', false);
SELECT oid::regprocedure AS not_strict FROM functions WHERE NOT proisstrict AND prokind = 'f'
ORDER BY oid::regprocedure::text COLLATE "C";
SELECT oid::regprocedure AS function FROM functions WHERE prokind = 'f' ORDER BY oid::regprocedure::text COLLATE "C";
SELECT aggfnoid::oid::regprocedure AS aggregate, aggtranstype::regtype AS state,
       aggtransfn::oid::regprocedure AS transition,
       aggcombinefn::oid::regprocedure AS combine, aggserialfn, aggdeserialfn, aggfinalfn
FROM pg_aggregate WHERE aggfnoid IN (SELECT oid FROM functions) ORDER BY aggfnoid::oid::regprocedure::text COLLATE "C";

-- operators
CREATE TEMP TABLE operators AS
SELECT o.*, format('%s %s', oprname, oprright::regtype) AS name FROM pg_operator o WHERE oprleft = 'vclock'::regtype;
SELECT o.name, oprcode::oid::regprocedure AS function, oprresult::regtype AS result, c.oprname AS commutator,
       n.oprname AS negator,
       o.oprrest AS restrict, o.oprjoin AS join, o.oprcanmerge AS merges, o.oprcanhash AS hashes
FROM operators o LEFT JOIN (SELECT oid, oprname FROM pg_operator) c ON c.oid = oprcom
                 LEFT JOIN (SELECT oid, oprname FROM pg_operator) n ON n.oid = oprnegate
ORDER BY o.name COLLATE "C";
-- commutators and negators are mutual, and do what they say
SELECT o.name AS wrong
FROM operators o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE (c.oid IS NOT NULL AND (c.oprcom <> o.oid OR (c.oprleft, c.oprright) <> (o.oprright, o.oprleft)))
   OR (n.oid IS NOT NULL AND (n.oprnegate <> o.oid OR (n.oprleft, n.oprright) <> (o.oprleft, o.oprright)))
   OR (o.oprresult = 'bool'::regtype AND (o.oprrest = 0 OR o.oprjoin = 0));
CREATE FUNCTION pg_temp.holds(a vclock, operator text, b vclock) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT $1 OPERATOR(%s) $2', operator) INTO result USING a, b;
    RETURN result;
END $$;
CREATE TEMP TABLE clocks (clock vclock);
INSERT INTO clocks VALUES ('{}'), ('{"a": 1}'), ('{"a": 2}'), ('{"b": 1}'), ('{"a": 1, "b": 1}'), ('{"a": 1, "b": 2}');
SELECT count(*) AS compared, count(*) FILTER (WHERE (holds = commuted) IS NOT TRUE) AS wrong FROM (
    SELECT pg_temp.holds(a.clock, o.oprname, b.clock) AS holds, pg_temp.holds(b.clock, c.oprname, a.clock) AS commuted
    FROM operators o JOIN pg_operator c ON c.oid = o.oprcom, clocks a, clocks b) s;
SELECT count(*) AS compared, count(*) FILTER (WHERE (holds = negated) IS NOT FALSE) AS wrong FROM (
    SELECT pg_temp.holds(a.clock, o.oprname, b.clock) AS holds, pg_temp.holds(a.clock, n.oprname, b.clock) AS negated
    FROM operators o JOIN pg_operator n ON n.oid = o.oprnegate, clocks a, clocks b) s;

-- operator classes
SELECT amname, opcname, opcdefault, opckeytype::regtype, amvalidate(c.oid) FROM pg_opclass c
JOIN pg_am m ON m.oid = opcmethod
WHERE opcintype = 'vclock'::regtype ORDER BY amname COLLATE "C";
SELECT amname, amopstrategy AS strategy, amopopr::regoperator AS operator
FROM pg_amop JOIN pg_am m ON m.oid = amopmethod WHERE amoplefttype = 'vclock'::regtype
ORDER BY amname COLLATE "C", amopstrategy;
SELECT amname, amprocnum AS number, amproc AS function
FROM pg_amproc JOIN pg_opfamily f ON f.oid = amprocfamily JOIN pg_am m ON m.oid = opfmethod
WHERE amproclefttype = 'vclock'::regtype ORDER BY amname COLLATE "C", amprocnum;

-- the type
SELECT typlen, typbyval, typalign, typstorage, typcategory, typispreferred, typdelim, typinput, typoutput, typreceive,
       typsend, typarray::regtype
FROM pg_type WHERE oid = 'vclock'::regtype;
-- what clocks take: 3 bytes, for each UUID 16, for each of these counters 1; and the header of a value, which has 4
-- bytes, but 1 where the value is short and stored. Up to 64 clients they stay in the row as they are.
CREATE TEMP TABLE sizes (n int, clock vclock);
INSERT INTO sizes SELECT n, (SELECT vclock_agg(md5(i::text)::uuid::text, 100) FROM generate_series(1, n) i)
FROM unnest(ARRAY[1, 8, 64]) n;
SELECT n, pg_column_size(clock::text::vclock) AS in_memory, pg_column_size(clock) AS stored,
       pg_column_compression(clock) AS compression
FROM sizes ORDER BY n;
SELECT pg_relation_size(reltoastrelid) AS out_of_line FROM pg_class WHERE oid = 'sizes'::regclass;

-- estimates: between a row and all of them
CREATE FUNCTION pg_temp.estimate(condition text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM estimated WHERE ' || condition INTO plan;
    RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
CREATE TEMP TABLE estimated AS
SELECT vclock_build(ARRAY['client ' || i % 100, 'everybody'], ARRAY[i, 1]::bigint[]) AS clock
FROM generate_series(1, 2000) i;
CREATE TEMP VIEW estimates AS
SELECT c AS condition, pg_temp.estimate(c) AS rows FROM unnest(ARRAY[
    $$clock ? 'client 7'$$, $$clock ? 'nobody'$$, $$clock >>= '{"client 7": 1}'$$, $$clock >> '{}'$$,
    $$clock <<= '{}'$$, $$clock << '{}'$$, $$clock >< '{"x": 1}'$$, $$clock = '{}'$$, $$clock <> '{}'$$,
    $$clock < '{"a": 1}'$$,
    $$clock IN (SELECT clock FROM sizes)$$, $$clock <<= ANY (SELECT clock FROM sizes)$$]) c;
SELECT bool_and(rows >= 1) AS before_analyze FROM estimates;
ANALYZE estimated;
SELECT condition, rows BETWEEN 1 AND 2000 AS sane FROM estimates;
SELECT pg_temp.estimate($$clock = '{"client 7": 7, "everybody": 1}'$$) AS one,
       pg_temp.estimate($$clock ? 'client 7'$$) < 1000 AS few,
       pg_temp.estimate($$clock < '{"client 5": 1}'$$) BETWEEN 700 AND 1300 AS half;
