-- The type vclock: its text form, and what is refused.
\pset null NULL
-- canonical: sorted by the ids' bytes, zeros left out
SELECT '{"bob": 1, "alice": 3}'::vclock, '{}'::vclock, '{"a": 0}'::vclock, ' { "a" : 0 , "b":2 } '::vclock;
SELECT '{"é": 1, "z": 2, "日本": 3, "😀": 4}'::vclock;
SELECT '{"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t": 7}'::vclock;
SELECT '{"6ba7b810-9dad-11d1-80b4-00c04fd430c8": 1, "6BA7B810-9dad-11d1-80b4-00c04fd430c8": 2,
         "6ba7b810": 3, "7": 4}'::vclock;
SELECT '{"max": 9223372036854775807}'::vclock;
SELECT length(('{"' || repeat('x', 255) || '": 1}')::vclock::text);

-- equality is a compare of bytes
SELECT '{"a": 1, "b": 2}'::vclock = '{"b":2,"a":1,"c":0}'::vclock AS equal,
       '{"a": 1}'::vclock = '{"a": 2}'::vclock AS other;

-- what is refused
CREATE FUNCTION pg_temp.refused(text) RETURNS TABLE (input text, code text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
    input := left($1, 60);
    PERFORM $1::vclock;
    code := 'accepted';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                            hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
\x on
SELECT r.* FROM unnest(ARRAY[
    '', ' ', '{', '[]', '{}x', '{} {}', 'null', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{"a":1 "b":2}',
    '{"a":-1}', '{"a":1.5}', '{"a":1e3}', '{"a":01}', '{"a":"1"}', '{"a":null}', '{"a":+1}', '{"a":-0}',
    '{"a":9223372036854775808}', '{"a":99999999999999999999999999}', '{"":1}', '{"a":1,"a":1}', '{"a":0,"a":1}',
    '{"\u0000":1}', '{"\ud800":1}', '{"\udc00":1}', '{"\ud800\u0041":1}', '{"\x":1}', '{"\u12":1}', '{"a',
    E'{"a\tb":1}', '{"' || repeat('x', 256) || '":1}', '{"' || repeat('é', 128) || '":1}']) t,
    LATERAL pg_temp.refused(t) r;
\x off
