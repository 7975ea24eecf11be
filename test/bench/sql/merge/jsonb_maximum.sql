-- The maximum in plain SQL: onto a what of b is greater or new. Written into the query as an inlined function would
-- be, so that no call is paid for. This was the fastest of five ways to write it, but for the next one on many
-- entries.
INSERT INTO bench.sides VALUES ('merge', 'jsonb maximum', 'to_jsonb_value',
    'a || (SELECT coalesce(jsonb_object_agg(key, value), ''{}'')
           FROM jsonb_each(b) WHERE (value > (a -> key)) IS NOT FALSE)',
    'result = merged');
