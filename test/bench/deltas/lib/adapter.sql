-- SyncKit's own tables and indexes, with the same documents.
CREATE SCHEMA adapter;
CREATE TABLE adapter.documents (
    id varchar(255) PRIMARY KEY,
    state jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON adapter.documents (updated_at DESC);
CREATE TABLE adapter.vector_clocks (
    document_id varchar(255) NOT NULL REFERENCES adapter.documents ON DELETE CASCADE,
    client_id varchar(255) NOT NULL,
    clock_value bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, client_id)
);
CREATE TABLE adapter.deltas (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    document_id varchar(255) NOT NULL REFERENCES adapter.documents ON DELETE CASCADE,
    client_id varchar(255) NOT NULL,
    operation_type varchar(50) NOT NULL,
    field_path varchar(500) NOT NULL,
    value jsonb,
    clock_value bigint NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON adapter.deltas (document_id, "timestamp" DESC);
-- Its trigger: the version counts, and the time is when.
CREATE FUNCTION adapter.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON adapter.documents FOR EACH ROW EXECUTE FUNCTION adapter.touch();
INSERT INTO adapter.documents (id, state) SELECT id, state FROM synckit.documents;
INSERT INTO adapter.vector_clocks SELECT id, 'client', 1 FROM synckit.documents;
VACUUM ANALYZE adapter.documents;
VACUUM ANALYZE adapter.vector_clocks;
