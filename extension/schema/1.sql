-- Schema version 1: documents, deltas, tombstones, sessions, and views of them. Run by synckit_migrate() as its caller,
-- with nothing but pg_catalog in search_path; @extschema@ stands for the schema of the extension's objects.

CREATE TABLE synckit.documents (
    id         varchar(255) COLLATE "C" NOT NULL,
    state      jsonb NOT NULL,
    version    bigint NOT NULL,
    clock      @extschema@.vclock NOT NULL,
    lamport    bigint NOT NULL,
    registers  @extschema@.synckit_registers NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT documents_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE synckit.documents IS 'Documents as they stand: one row each, merged from its deltas.';
COMMENT ON COLUMN synckit.documents.id IS 'The document''s name.';
COMMENT ON COLUMN synckit.documents.state IS 'Its fields: a JSON object.';
COMMENT ON COLUMN synckit.documents.version IS 'Counts its deltas, superseded ones included, across deletions.';
COMMENT ON COLUMN synckit.documents.clock IS 'For each client the greatest number of its deltas.';
COMMENT ON COLUMN synckit.documents.lamport IS 'Rises with every delta and lies above every stamp; in ticks of 1/1024 ms since 1970.';
COMMENT ON COLUMN synckit.documents.registers IS 'Who wrote each field last, and when.';
COMMENT ON COLUMN synckit.documents.created_at IS 'When the document came into being, last time it did.';
COMMENT ON COLUMN synckit.documents.updated_at IS 'When its last delta was merged.';

-- A large state is rewritten with every delta: lz4 is two to three times as fast as pglz at that.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
               WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE synckit.documents ALTER COLUMN state SET COMPRESSION lz4;
    END IF;
END $$;

CREATE INDEX documents_updated_at_id_idx ON synckit.documents (updated_at DESC, id);

CREATE TABLE synckit.deltas (
    id             uuid NOT NULL DEFAULT @extschema@.synckit_uuidv7(),
    document_id    varchar(255) COLLATE "C" NOT NULL,
    client_id      varchar(255) COLLATE "C" NOT NULL,
    operation_type varchar(50) NOT NULL,
    field_path     varchar(500) NOT NULL,
    value          jsonb,
    clock_value    bigint NOT NULL,
    "timestamp"    timestamptz NOT NULL,
    clock          @extschema@.vclock,
    seen           bigint,
    stamp          bigint NOT NULL,
    lamport        bigint NOT NULL,
    version        bigint NOT NULL,
    outcome        text NOT NULL,
    changed_fields text[],
    server_id      text,
    seq            bigint NOT NULL,
    xid            xid8,
    CONSTRAINT deltas_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE synckit.deltas IS 'The log: every delta that was accepted, as it was merged.';
COMMENT ON COLUMN synckit.deltas.id IS 'Identity: a delta that is sent again is answered from here.';
COMMENT ON COLUMN synckit.deltas.document_id IS 'The document.';
COMMENT ON COLUMN synckit.deltas.client_id IS 'Who wrote it.';
COMMENT ON COLUMN synckit.deltas.operation_type IS 'set, delete or merge.';
COMMENT ON COLUMN synckit.deltas.field_path IS 'The field; empty for a merge and for the deletion of the document.';
COMMENT ON COLUMN synckit.deltas.value IS 'The value of a set, the object of a merge.';
COMMENT ON COLUMN synckit.deltas.clock_value IS 'The writer''s number: rises with the versions.';
COMMENT ON COLUMN synckit.deltas."timestamp" IS 'The writer''s wall clock as it came, else when it was merged.';
COMMENT ON COLUMN synckit.deltas.clock IS 'What the writer had seen, as a clock, clipped to the document''s.';
COMMENT ON COLUMN synckit.deltas.seen IS 'What the writer had seen, as a lamport, clipped.';
COMMENT ON COLUMN synckit.deltas.stamp IS 'What decides against other writes; in ticks.';
COMMENT ON COLUMN synckit.deltas.lamport IS 'The document''s lamport after it; in ticks.';
COMMENT ON COLUMN synckit.deltas.version IS 'The document''s version after it.';
COMMENT ON COLUMN synckit.deltas.outcome IS 'applied or superseded.';
COMMENT ON COLUMN synckit.deltas.changed_fields IS 'The fields that it changed; null: all that it names.';
COMMENT ON COLUMN synckit.deltas.server_id IS 'The server that it came through.';
COMMENT ON COLUMN synckit.deltas.seq IS 'Orders the log as it was merged, document by document.';
COMMENT ON COLUMN synckit.deltas.xid IS 'The transaction that wrote it; null: not written here, never published.';

CREATE SEQUENCE synckit.deltas_seq AS bigint CACHE 1 OWNED BY synckit.deltas.seq;
COMMENT ON SEQUENCE synckit.deltas_seq IS 'Draws deltas.seq, under the document''s lock.';

CREATE INDEX deltas_document_id_version_idx ON synckit.deltas (document_id, version);
CREATE INDEX deltas_xid_seq_idx ON synckit.deltas (xid, seq);

CREATE TABLE synckit.tombstones (
    id         varchar(255) COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    clock      @extschema@.vclock NOT NULL,
    lamport    bigint NOT NULL,
    registers  @extschema@.synckit_registers NOT NULL,
    deleted_at timestamptz NOT NULL,
    CONSTRAINT tombstones_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE synckit.tombstones IS 'What deleted documents leave behind, so that they go on where they ended.';
COMMENT ON COLUMN synckit.tombstones.id IS 'The document.';
COMMENT ON COLUMN synckit.tombstones.version IS 'Its last version.';
COMMENT ON COLUMN synckit.tombstones.clock IS 'Its last clock.';
COMMENT ON COLUMN synckit.tombstones.lamport IS 'Its last lamport.';
COMMENT ON COLUMN synckit.tombstones.registers IS 'Its deletion, and tombstones of fields that are later.';
COMMENT ON COLUMN synckit.tombstones.deleted_at IS 'When it was deleted.';

CREATE TABLE synckit.sessions (
    id           varchar(255) COLLATE "C" NOT NULL,
    user_id      varchar(255) COLLATE "C" NOT NULL,
    client_id    varchar(255) COLLATE "C",
    connected_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    last_seen    timestamptz NOT NULL DEFAULT pg_catalog.now(),
    metadata     jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT sessions_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE synckit.sessions IS 'Who is connected, as far as servers say so. Nothing of synckit relies on it.';
COMMENT ON COLUMN synckit.sessions.id IS 'The connection.';
COMMENT ON COLUMN synckit.sessions.user_id IS 'The user.';
COMMENT ON COLUMN synckit.sessions.client_id IS 'The client, as deltas name it.';
COMMENT ON COLUMN synckit.sessions.connected_at IS 'When the connection was made.';
COMMENT ON COLUMN synckit.sessions.last_seen IS 'When it last showed signs of life.';
COMMENT ON COLUMN synckit.sessions.metadata IS 'What else is worth knowing: a JSON object.';

CREATE INDEX sessions_user_id_idx ON synckit.sessions (user_id);

-- As their caller: a view that ran as its owner would show what row-level security hides.
CREATE VIEW synckit.vector_clocks WITH (security_invoker = true) AS
    SELECT d.id AS document_id, e.client_id::varchar(255) COLLATE "C" AS client_id, e.clock_value, d.updated_at
    FROM synckit.documents d CROSS JOIN LATERAL @extschema@.vclock_entries(d.clock) e;
COMMENT ON VIEW synckit.vector_clocks IS
    'The clocks of the documents, a row an entry; to write an entry is to raise it.';
COMMENT ON COLUMN synckit.vector_clocks.document_id IS 'The document.';
COMMENT ON COLUMN synckit.vector_clocks.client_id IS 'The client.';
COMMENT ON COLUMN synckit.vector_clocks.clock_value IS 'The client''s counter.';
COMMENT ON COLUMN synckit.vector_clocks.updated_at IS 'When the document''s last delta was merged.';

CREATE TRIGGER zzz_synckit_raise INSTEAD OF INSERT OR UPDATE OR DELETE ON synckit.vector_clocks
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_vector_clocks_trigger();
COMMENT ON TRIGGER zzz_synckit_raise ON synckit.vector_clocks IS 'Raises the entry in the document''s clock.';

CREATE VIEW synckit.documents_with_clocks WITH (security_invoker = true) AS
    SELECT id, state, version, created_at, updated_at, clock::jsonb AS vector_clock FROM synckit.documents;
COMMENT ON VIEW synckit.documents_with_clocks IS 'The documents, each with its clock as JSON.';
COMMENT ON COLUMN synckit.documents_with_clocks.id IS 'The document''s name.';
COMMENT ON COLUMN synckit.documents_with_clocks.state IS 'Its fields: a JSON object.';
COMMENT ON COLUMN synckit.documents_with_clocks.version IS 'Counts its deltas.';
COMMENT ON COLUMN synckit.documents_with_clocks.created_at IS 'When the document came into being, last time it did.';
COMMENT ON COLUMN synckit.documents_with_clocks.updated_at IS 'When its last delta was merged.';
COMMENT ON COLUMN synckit.documents_with_clocks.vector_clock IS 'For each client the greatest number of its deltas.';

-- Triggers run in the order of their names: before a row is written ours have to see last what the others made of it,
-- and once it is written they come first. They look themselves at session_replication_role, hence ENABLE ALWAYS.
CREATE TRIGGER zzz_synckit_merge BEFORE INSERT OR UPDATE OR DELETE ON synckit.documents
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_documents_trigger();
CREATE TRIGGER "000_synckit_log" AFTER INSERT OR UPDATE OR DELETE ON synckit.documents
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_documents_trigger();
CREATE TRIGGER zzz_synckit_truncate BEFORE TRUNCATE ON synckit.documents
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.synckit_documents_trigger();
CREATE TRIGGER "000_synckit_begin" BEFORE INSERT OR UPDATE ON synckit.deltas
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.synckit_deltas_trigger();
CREATE TRIGGER zzz_synckit_merge BEFORE INSERT OR UPDATE ON synckit.deltas
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_deltas_trigger();
CREATE TRIGGER "000_synckit_write" AFTER INSERT ON synckit.deltas
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_deltas_trigger();
CREATE TRIGGER "000_synckit_end" AFTER INSERT ON synckit.deltas
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.synckit_deltas_trigger();
CREATE TRIGGER zzz_synckit_guard BEFORE INSERT OR UPDATE OR DELETE ON synckit.tombstones
    FOR EACH ROW EXECUTE FUNCTION @extschema@.synckit_tombstones_trigger();
CREATE TRIGGER zzz_synckit_truncate BEFORE TRUNCATE ON synckit.tombstones
    FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.synckit_tombstones_trigger();
COMMENT ON TRIGGER zzz_synckit_merge ON synckit.documents IS 'Makes deltas of what is written.';
COMMENT ON TRIGGER "000_synckit_log" ON synckit.documents IS 'Logs those deltas.';
COMMENT ON TRIGGER zzz_synckit_truncate ON synckit.documents IS 'Refuses TRUNCATE, which would forget versions.';
COMMENT ON TRIGGER "000_synckit_begin" ON synckit.deltas IS 'Begins a statement; refuses UPDATE.';
COMMENT ON TRIGGER zzz_synckit_merge ON synckit.deltas IS 'Merges what is inserted; refuses UPDATE.';
COMMENT ON TRIGGER "000_synckit_write" ON synckit.deltas IS 'Writes the documents once all rows are in.';
COMMENT ON TRIGGER "000_synckit_end" ON synckit.deltas IS 'Ends a statement.';
COMMENT ON TRIGGER zzz_synckit_guard ON synckit.tombstones IS 'Refuses what is not the end of a document.';
COMMENT ON TRIGGER zzz_synckit_truncate ON synckit.tombstones IS 'Refuses TRUNCATE, which would forget versions.';
ALTER TABLE synckit.documents ENABLE ALWAYS TRIGGER zzz_synckit_merge;
ALTER TABLE synckit.documents ENABLE ALWAYS TRIGGER "000_synckit_log";
ALTER TABLE synckit.documents ENABLE ALWAYS TRIGGER zzz_synckit_truncate;
ALTER TABLE synckit.deltas ENABLE ALWAYS TRIGGER "000_synckit_begin";
ALTER TABLE synckit.deltas ENABLE ALWAYS TRIGGER zzz_synckit_merge;
ALTER TABLE synckit.deltas ENABLE ALWAYS TRIGGER "000_synckit_write";
ALTER TABLE synckit.deltas ENABLE ALWAYS TRIGGER "000_synckit_end";
ALTER TABLE synckit.tombstones ENABLE ALWAYS TRIGGER zzz_synckit_guard;
ALTER TABLE synckit.tombstones ENABLE ALWAYS TRIGGER zzz_synckit_truncate;

CREATE FUNCTION synckit.schema_version() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT 1';
COMMENT ON FUNCTION synckit.schema_version() IS 'The version of these tables; replaced by synckit_migrate().';
COMMENT ON SCHEMA synckit IS 'synckit''s tables: yours, made by synckit_migrate().';
