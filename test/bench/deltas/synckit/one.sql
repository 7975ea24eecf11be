\set document random(1, :documents)
\set value random(1, 100000)
SELECT version FROM synckit_apply_delta('document' || (:document)::text, 'client', 'set', 'field3', to_jsonb((:value)::integer));
