\echo Use "CREATE EXTENSION synckit" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- What the extension keeps for itself: members of it, not dumped, granted to nobody. Without IF NOT EXISTS: it must
-- be ours.
CREATE SCHEMA _synckit;
COMMENT ON SCHEMA _synckit IS 'synckit''s own state.';

CREATE TABLE _synckit.publisher (
    only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch              bigint NOT NULL,
    system_identifier  bigint NOT NULL,
    timeline           integer NOT NULL,
    published_to       pg_snapshot NOT NULL,
    publishing_to      pg_snapshot,
    position           bigint NOT NULL DEFAULT 0,
    broadcast_position bigint NOT NULL DEFAULT 0,
    published          bigint NOT NULL DEFAULT 0,
    announced          boolean NOT NULL DEFAULT false,
    destination        text,
    destination_since  timestamptz,
    saved_at           timestamptz NOT NULL DEFAULT now()
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
COMMENT ON COLUMN _synckit.publisher.broadcast_position IS
    'The greatest id of a broadcast in it that has been published; they follow its deltas.';
COMMENT ON COLUMN _synckit.publisher.published IS 'Messages that Redis has accepted, repeated ones included.';
COMMENT ON COLUMN _synckit.publisher.announced IS 'Whether Redis has accepted the announcement of the epoch.';
COMMENT ON COLUMN _synckit.publisher.destination IS 'The Redis server and the channel prefix that it publishes to.';
COMMENT ON COLUMN _synckit.publisher.destination_since IS
    'Since when; of two databases with one destination the later one is refused.';
COMMENT ON COLUMN _synckit.publisher.saved_at IS 'When this row was written.';

-- Rows come by synckit_broadcast(), and go some time after they were published.
CREATE TABLE _synckit.broadcasts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event     text NOT NULL,
    data      jsonb,
    server_id text,
    sent_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE _synckit.broadcasts IS 'What synckit_broadcast() has sent and the publisher may still have to publish.';
COMMENT ON COLUMN _synckit.broadcasts.id IS 'Orders them.';
COMMENT ON COLUMN _synckit.broadcasts.xid IS 'The transaction that sent it.';
COMMENT ON COLUMN _synckit.broadcasts.event IS 'Its name.';
COMMENT ON COLUMN _synckit.broadcasts.data IS 'What it brings.';
COMMENT ON COLUMN _synckit.broadcasts.server_id IS 'The server that it came through.';
COMMENT ON COLUMN _synckit.broadcasts.sent_at IS 'When it was sent.';
COMMENT ON SEQUENCE _synckit.broadcasts_id_seq IS 'Draws broadcasts.id.';

CREATE INDEX broadcasts_xid_id_idx ON _synckit.broadcasts (xid, id);

CREATE TABLE _synckit.set_aside (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid          xid8 NOT NULL,
    seq          bigint NOT NULL,
    broadcast    bigint,
    delta_id     uuid,
    document_id  text,
    version      bigint,
    error        text NOT NULL,
    tries        integer NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now(),
    requeued     boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE _synckit.set_aside IS
    'What could not be published, and why: it is tried three times, and again when synckit_requeue() says so.';
COMMENT ON COLUMN _synckit.set_aside.id IS 'What synckit_requeue() takes.';
COMMENT ON COLUMN _synckit.set_aside.xid IS 'The transaction that wrote it.';
COMMENT ON COLUMN _synckit.set_aside.seq IS 'Of a delta: its place in synckit.deltas; 0 of a broadcast.';
COMMENT ON COLUMN _synckit.set_aside.broadcast IS 'Of a broadcast: its id in _synckit.broadcasts.';
COMMENT ON COLUMN _synckit.set_aside.delta_id IS 'The delta; null where the row could not be read.';
COMMENT ON COLUMN _synckit.set_aside.document_id IS 'Its document.';
COMMENT ON COLUMN _synckit.set_aside.version IS 'The document''s version after it.';
COMMENT ON COLUMN _synckit.set_aside.error IS 'What Redis answered last, or why no message could be made of it.';
COMMENT ON COLUMN _synckit.set_aside.tries IS 'How often it was tried.';
COMMENT ON COLUMN _synckit.set_aside.set_aside_at IS 'When it was tried last.';
COMMENT ON COLUMN _synckit.set_aside.requeued IS 'Whether it is to be tried again.';
COMMENT ON SEQUENCE _synckit.set_aside_id_seq IS 'Draws set_aside.id.';

-- Found by what they are while the cursor stands before them, and by what is to be tried again.
CREATE INDEX set_aside_xid_seq_idx ON _synckit.set_aside (xid, seq);
CREATE INDEX set_aside_requeued_idx ON _synckit.set_aside (id) WHERE requeued;

