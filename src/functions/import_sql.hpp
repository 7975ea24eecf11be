#pragma once

/*
 * The statements of synckit_import(). @source@ stands for the schema that is imported, quoted, and
 * @extschema@ for the extension's. They run with search_path pg_catalog: what is not qualified is
 * Postgres's own.
 *
 * Times go through a cast to timestamptz: a column with a time zone is taken as it is, one without
 * is read in the session's time zone, as now() had written it.
 */
namespace synckit::import_sql {

/* What has no name is found by no page. */
inline constexpr const char* nameless = R"sql(
SELECT (SELECT count(*) FROM @source@.documents WHERE id IS NULL), 'one has no id',
       (SELECT count(*) FROM @source@.vector_clocks WHERE document_id IS NULL), 'one has no document',
       (SELECT count(*) FROM @source@.deltas WHERE document_id IS NULL), 'one has no document',
       (SELECT count(*) FROM @source@.sessions WHERE id IS NULL), 'one has no id'
)sql";

/*
 * The next documents that are not here, neither as rows nor as tombstones, each with the number of
 * its deltas. By the source's own order, which its primary key serves; where it has none, an id may
 * be there twice. $1: where the last page ended, null for the first; $2: how many.
 */
inline constexpr const char* documents = R"sql(
SELECT page.id::text, (SELECT count(*) FROM @source@.deltas d WHERE d.document_id = page.id)
FROM (SELECT DISTINCT s.id
      FROM @source@.documents s
      WHERE s.id IS NOT NULL AND ($1 IS NULL OR s.id > $1)
        AND NOT EXISTS (SELECT FROM synckit.documents k WHERE k.id = s.id COLLATE "C")
        AND NOT EXISTS (SELECT FROM synckit.tombstones k WHERE k.id = s.id COLLATE "C")
      ORDER BY s.id LIMIT $2) page
ORDER BY page.id
)sql";

/* The same for documents of which only deltas are left. */
inline constexpr const char* deleted_documents = R"sql(
SELECT d.document_id::text, count(*)
FROM @source@.deltas d
WHERE d.document_id IS NOT NULL AND ($1 IS NULL OR d.document_id > $1)
  AND NOT EXISTS (SELECT FROM @source@.documents s WHERE s.id = d.document_id)
  AND NOT EXISTS (SELECT FROM synckit.documents k WHERE k.id = d.document_id COLLATE "C")
  AND NOT EXISTS (SELECT FROM synckit.tombstones k WHERE k.id = d.document_id COLLATE "C")
GROUP BY d.document_id ORDER BY d.document_id LIMIT $2
)sql";

/*
 * Takes over the documents with the ids $1, with all that belongs to them: one statement, so that
 * all of it is of one snapshot even while the old server goes on writing. $2: who deletes the
 * documents that are gone.
 *
 * - documents: one a version above 2^53 - 1 is left out, since readers of JSON count no further,
 * and the old server, in JavaScript, did not either.
 * - state: the object `fields`; of a text, what a text-state operation carries as `state`: the text
 *   of its whole CRDT state, a JSON string, which a server merges like one that a client sends.
 * - registers: none, so each field counts as written at stamp 1 by client ''.
 * - deltas: in the order of their times, with a last one for a document that is gone: its deletion.
 *   Stamps are their times; lamports rise with the versions as those of live deltas do.
 * - clock: the greater of vector_clocks and the deltas' numbers, since numbers rise from there.
 * - The rows are inserted, which locks the documents, in the order in which all of synckit does it.
 */
inline constexpr const char* take_over = R"sql(
WITH document AS MATERIALIZED (
    SELECT k.id, s.id IS NULL AS gone, o.state,
           least(greatest(s.version, 1), 1000000000000000)::bigint AS version,
           CASE WHEN isfinite(s.created_at::timestamptz) THEN s.created_at::timestamptz ELSE now() END AS created_at,
           CASE WHEN isfinite(s.updated_at::timestamptz) THEN s.updated_at::timestamptz ELSE now() END AS updated_at,
           (SELECT count(*) FROM jsonb_object_keys(o.state) AS field
            WHERE char_length(field) NOT BETWEEN 1 AND 500) AS bad_fields,
           CASE WHEN char_length(k.id) NOT BETWEEN 1 AND 255 THEN format('its id has %s characters', char_length(k.id))
                WHEN o.state IS NULL THEN 'its state is not an object'
                WHEN s.version > 1000000000000000 THEN format('its version is %s', s.version)
                WHEN row_number() OVER (PARTITION BY k.id ORDER BY s.version DESC NULLS LAST, s.updated_at DESC) > 1
                    THEN 'another one has its id, and no lower version' END AS problem
    FROM unnest($1) AS k (id)
    LEFT JOIN @source@.documents s ON s.id = k.id
    CROSS JOIN LATERAL (SELECT CASE
        WHEN s.id IS NULL THEN '{}'
        WHEN jsonb_typeof(s.state -> 'fields') = 'object' THEN s.state -> 'fields'
        WHEN s.state ->> 'type' = 'text' AND jsonb_typeof(s.state -> 'crdt') = 'string'
            THEN jsonb_build_object('text:import', s.state -> 'crdt')
        WHEN jsonb_typeof(s.state) = 'object' THEN s.state END AS state) o
),
found_delta AS (
    SELECT d.id::uuid AS id, c.id AS document_id, c.gone, d.client_id::text AS client_id,
           d.operation_type::text AS operation, d.field_path::text AS field, d.value,
           d.clock_value::bigint AS number,
           CASE WHEN isfinite(d."timestamp"::timestamptz) THEN d."timestamp"::timestamptz ELSE now() END AS "timestamp",
           CASE
               WHEN NOT ((d.id, d.client_id, d.operation_type, d.field_path, d.clock_value) IS NOT NULL)
                   THEN 'a column is null'
               WHEN d.operation_type NOT IN ('set', 'delete', 'merge')
                   THEN format('its operation is "%s"', d.operation_type)
               WHEN octet_length(d.client_id) NOT BETWEEN 1 AND 255
                   THEN format('its client id has %s bytes', octet_length(d.client_id))
               WHEN d.clock_value < 1 THEN format('its number is %s', d.clock_value)
               WHEN d.operation_type <> 'merge' AND char_length(d.field_path) NOT BETWEEN 1 AND 500
                   THEN format('its field name has %s characters', char_length(d.field_path))
               WHEN d.operation_type = 'merge'
                       AND (d.field_path <> '' OR jsonb_typeof(d.value) IS DISTINCT FROM 'object')
                   THEN 'it merges no object, or into a field'
               WHEN EXISTS (SELECT FROM synckit.deltas k WHERE k.id = d.id::uuid) THEN 'its id is in the log already'
           END AS problem
    FROM document c JOIN @source@.deltas d ON d.document_id = c.id
    WHERE c.problem IS NULL
),
delta AS MATERIALIZED (
    SELECT id, document_id, gone, client_id, operation, field, value, number, "timestamp",
           CASE WHEN problem IS NOT NULL THEN problem
                WHEN row_number() OVER (PARTITION BY id, problem IS NULL ORDER BY "timestamp", number, document_id) > 1
                    THEN 'an earlier one has its id' END AS problem
    FROM found_delta
),
entry AS MATERIALIZED (
    SELECT c.id AS document_id, v.client_id::text AS client_id, v.clock_value::bigint AS number,
           CASE
               WHEN NOT ((v.client_id, v.clock_value) IS NOT NULL) THEN 'a column is null'
               WHEN octet_length(v.client_id) NOT BETWEEN 1 AND 255
                   THEN format('the client id has %s bytes', octet_length(v.client_id))
               WHEN v.clock_value < 1 THEN format('the counter is %s', v.clock_value)
           END AS problem
    FROM document c JOIN @source@.vector_clocks v ON v.document_id = c.id
    WHERE c.problem IS NULL
),
taken AS (
    SELECT id, document_id, client_id, operation, field, number, "timestamp", false AS is_deletion,
           CASE operation WHEN 'set' THEN coalesce(value, 'null') WHEN 'merge' THEN value END AS value
    FROM delta WHERE problem IS NULL
    UNION ALL
    SELECT @extschema@.synckit_uuidv7(), document_id, $2, 'delete', '',
           least(coalesce(max(number) FILTER (WHERE client_id = $2), 0), 9223372036854775806) + 1, now(), true, NULL
    FROM delta WHERE problem IS NULL AND gone GROUP BY document_id
),
ordered AS (
    SELECT taken.*,
           row_number() OVER (PARTITION BY document_id ORDER BY is_deletion, "timestamp", number, id) AS place,
           greatest(trunc(extract(epoch FROM least("timestamp", now())) * 1024000)::bigint, 1) AS stamp
    FROM taken
),
placed AS MATERIALIZED (
    SELECT ordered.*,
           64 * place + max(stamp + 1 - 64 * place) OVER (PARTITION BY document_id ORDER BY place) AS lamport
    FROM ordered
),
total AS (
    SELECT document_id, count(*) AS deltas, max(lamport) AS lamport,
           max(format('{"dead":[%s,%s,%s]}', stamp, to_json(client_id), number)) FILTER (WHERE is_deletion) AS registers
    FROM placed GROUP BY document_id
),
clock AS (
    SELECT document_id, @extschema@.vclock_agg(client_id, number) AS clock
    FROM (SELECT document_id, client_id, number FROM entry WHERE problem IS NULL
          UNION ALL
          SELECT document_id, client_id, number FROM placed) e
    GROUP BY document_id
),
new_document AS (
    INSERT INTO synckit.documents AS k (id, state, version, clock, lamport, registers, created_at, updated_at)
    SELECT c.id,
           CASE c.bad_fields WHEN 0 THEN c.state
                ELSE (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(c.state) AS f
                      WHERE char_length(f.key) BETWEEN 1 AND 500) END,
           greatest(c.version, t.deltas),
           coalesce(e.clock, '{}'),
           greatest(t.lamport, trunc(extract(epoch FROM least(c.updated_at, now())) * 1024000)::bigint, 2),
           coalesce(t.registers, '{}')::@extschema@.synckit_registers,
           c.created_at, c.updated_at
    FROM document c LEFT JOIN total t ON t.document_id = c.id LEFT JOIN clock e ON e.document_id = c.id
    WHERE c.problem IS NULL AND (NOT c.gone OR t.deltas > 0)
    ORDER BY c.id COLLATE "C"
    ON CONFLICT (id) DO NOTHING
    RETURNING k.id, k.version
),
new_delta AS (
    INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, value, clock_value,
                                "timestamp", stamp, lamport, version, outcome, seq)
    SELECT p.id, p.document_id, p.client_id, p.operation, p.field, p.value, p.number,
           p."timestamp", p.stamp, p.lamport, n.version - t.deltas + p.place, 'applied', nextval('synckit.deltas_seq')
    FROM placed p JOIN total t ON t.document_id = p.document_id JOIN new_document n ON n.id = p.document_id
    ORDER BY p.document_id, p.place
    RETURNING 1
)
SELECT (SELECT count(*) FROM new_document), (SELECT count(*) FROM new_delta),
       (SELECT count(*) FROM placed p JOIN new_document n ON n.id = p.document_id),
       (SELECT array_agg(n.id::text) FROM new_document n JOIN document c ON c.id = n.id WHERE c.gone),
       bad_document.*, bad_field.*, bad_entry.*, bad_delta.*, no_value.*, unwritten.*
FROM (SELECT count(*), min(format('document "%s": %s', left(id, 100), problem))
      FROM document WHERE problem IS NOT NULL) bad_document,
     (SELECT coalesce(sum(bad_fields), 0)::bigint, min(format('document "%s"', id))
      FROM document WHERE problem IS NULL AND bad_fields > 0) bad_field,
     (SELECT count(*), min(format('document "%s": %s', document_id, problem))
      FROM entry WHERE problem IS NOT NULL) bad_entry,
     (SELECT count(*), min(format('delta %s of document "%s": %s', coalesce(id::text, 'null'), document_id, problem))
      FROM delta WHERE problem IS NOT NULL) bad_delta,
     (SELECT count(*), min(format('delta %s of document "%s"', id, document_id))
      FROM delta WHERE problem IS NULL AND operation = 'set' AND value IS NULL) no_value,
     (SELECT count(*), min(format('document "%s"', c.id))
      FROM document c LEFT JOIN total t ON t.document_id = c.id
      WHERE c.problem IS NULL AND (NOT c.gone OR t.deltas > 0)
        AND NOT EXISTS (SELECT FROM new_document n WHERE n.id = c.id)) unwritten
)sql";

/* The next sessions. $1: where the last page ended, null for the first; $2: how many. */
inline constexpr const char* sessions = R"sql(
WITH page AS MATERIALIZED (
    SELECT s.id::text AS id, s.user_id, s.client_id, s.metadata,
           coalesce(s.connected_at::timestamptz, now()) AS connected_at,
           coalesce(s.last_seen::timestamptz, now()) AS last_seen,
           CASE
               WHEN s.user_id IS NULL THEN 'it has no user'
               WHEN greatest(char_length(s.id), char_length(s.user_id), char_length(s.client_id)) > 255
                   THEN 'a name has more than 255 characters'
           END AS problem
    FROM @source@.sessions s
    WHERE s.id IS NOT NULL AND ($1 IS NULL OR s.id > $1)
    ORDER BY s.id LIMIT $2
),
new_session AS (
    INSERT INTO synckit.sessions (id, user_id, client_id, connected_at, last_seen, metadata)
    SELECT id, user_id, client_id, connected_at, last_seen, coalesce(metadata, '{}')
    FROM page WHERE problem IS NULL
    ON CONFLICT (id) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM new_session), (SELECT max(id) FROM page), bad_session.*
FROM (SELECT count(*), min(format('session "%s": %s', left(id, 100), problem))
      FROM page WHERE problem IS NOT NULL) bad_session
)sql";

} // namespace synckit::import_sql
