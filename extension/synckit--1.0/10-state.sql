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

