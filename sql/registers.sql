-- The type synckit_registers: its text form, canonical, read strictly.
SELECT '{}'::synckit_registers, ' { "alive" : [ 1 , "a" , 1 ] } '::synckit_registers;
SELECT '{"alive": [2048, "bob", 2], "dead": [1024, "alice", 1], "horizon": 5,
         "fields": [["00ff00ff", 2048, "bob", 2], ["12345678"]],
         "tombstones": {"zz": [1024, "alice", 1], "b": [1024, "alice", 1], "é\n": [7, "c", 9223372036854775807]}}'::synckit_registers;
-- equal registers have equal bytes, whatever the order they were written in
SELECT encode(synckit_registers_send('{"tombstones": {"b": [1, "x", 1], "a": [2, "y", 1]}}'), 'hex') =
       encode(synckit_registers_send('{"tombstones": {"a": [2, "y", 1], "b": [1, "x", 1]}}'), 'hex') AS same;
-- a write that set many fields is stored once: 1,000 fields
SELECT pg_column_size(('{"fields": [' || string_agg(format('["%s", 1795365036040972, "alice", 1]', lpad(to_hex(i), 8, '0')), ', ') || ']}')::synckit_registers) < 5100 AS compact
FROM generate_series(1, 1000) i;

CREATE FUNCTION pg_temp.refused(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM input::synckit_registers;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', sqlstate, detail);
END $$;
SELECT input, pg_temp.refused(input) FROM unnest(ARRAY[
    '', '[]', 'null', '{"alive": null}', '{"alive": []}', '{"alive": [1, "a"]}', '{"alive": [1, "a", 1, 1]}',
    '{"alive": [0, "a", 1]}', '{"alive": [-1, "a", 1]}', '{"alive": [1.5, "a", 1]}', '{"alive": [9007199254740992, "a", 1]}',
    '{"alive": [1, "", 1]}', '{"alive": [1, 2, 1]}', '{"alive": [1, "a", 9223372036854775808]}',
    '{"dead": [1, "a", 1], "alive": [1, "a", 1]}', '{"alive": [1, "a", 1], "alive": [1, "a", 1]}', '{"other": 1}',
    '{"horizon": 0}', '{"fields": {}}', '{"fields": [[]]}', '{"fields": [["0"]]}', '{"fields": [["0000000G"]]}',
    '{"fields": [["0000000A"]]}', '{"fields": [["00000001", 1]]}', '{"tombstones": []}', '{"tombstones": {"": [1, "a", 1]}}',
    '{"tombstones": {"x": [1, "a", 1], "x": [2, "a", 1]}}', '{} x']) input;
