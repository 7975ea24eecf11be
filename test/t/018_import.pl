# synckit_import() on some 20,000 documents: killed with the whole server in its midst, ended by pg_terminate_backend(),
# and left in peace, it comes to the same; nothing of it is published; and writes go on from there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $documents = 20_000;
my $redis = SyncKit::Redis->new;
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_node('import', redis_url => $redis->url);
$node->start;

# The tables of a SyncKit server in TypeScript: documents of fields and texts, with 0 to 6 deltas each (one with 30,000,
# more than a batch), documents that are gone, sessions. The same each time.
my $source = <<"SQL";
CREATE SCHEMA old;
CREATE TABLE old.documents (id varchar(255) PRIMARY KEY, state jsonb NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, version bigint NOT NULL);
CREATE TABLE old.vector_clocks (document_id varchar(255) NOT NULL, client_id varchar(255) NOT NULL,
    clock_value bigint NOT NULL, PRIMARY KEY (document_id, client_id));
CREATE TABLE old.deltas (id uuid PRIMARY KEY, document_id varchar(255) NOT NULL, client_id varchar(255) NOT NULL,
    operation_type varchar(50) NOT NULL, field_path varchar(500) NOT NULL, value jsonb, clock_value bigint NOT NULL,
    "timestamp" timestamptz NOT NULL);
CREATE INDEX ON old.deltas (document_id, "timestamp" DESC);
CREATE TABLE old.sessions (id varchar(255) PRIMARY KEY, user_id varchar(255) NOT NULL, client_id varchar(255),
    connected_at timestamptz NOT NULL, last_seen timestamptz NOT NULL, metadata jsonb);
INSERT INTO old.documents
    SELECT md5(i::text),
        CASE i % 10 WHEN 0 THEN jsonb_build_object('type', 'text', 'content', '', 'crdt', repeat('x', i % 3000))
            ELSE jsonb_build_object('id', md5(i::text), 'fields', jsonb_build_object('a', i, 'b', repeat('y', i % 500))) END,
        '2024-01-01Z', timestamptz '2024-01-01Z' + i * interval '1 s', 1 + i % 9
    FROM generate_series(1, $documents) i;
INSERT INTO old.vector_clocks
    SELECT md5(i::text), 'conn-' || n, 1 + i % 5 FROM generate_series(1, $documents) i, generate_series(1, i % 4) n;
INSERT INTO old.deltas
    SELECT md5(i || '-' || n)::uuid, md5(i::text), 'conn-' || (1 + n % 3), 'set', 'a', to_jsonb(n), 1 + n / 3,
        timestamptz '2024-01-01Z' + n * interval '1 ms'
    FROM generate_series(1, $documents + 50) i, generate_series(1, CASE i WHEN 77 THEN 30000 ELSE i % 7 END) n;
INSERT INTO old.sessions SELECT 's' || i, 'u', 'c', '2024-01-01Z', '2024-01-01Z', '{}' FROM generate_series(1, 2500) i;
SQL

my @databases = qw(postgres killed terminated);
for my $database (@databases)
{
    $node->safe_psql('postgres', "CREATE DATABASE $database") if $database ne 'postgres';
    set_up($node, $database);
    $node->safe_psql($database, $source);
}

# The CALL, in a session of its own that is known by its name.
sub start_import
{
    my ($database) = @_;
    my $connection = $node->connstr($database) . " application_name=import_$database";
    return IPC::Run::start(
        [ 'psql', '--no-psqlrc', '--dbname', $connection, '--command', q(CALL synckit_import('old')) ],
        '<', \undef, '>', \my $out, '2>', \my $err);
}

sub imported
{
    my ($database) = @_;
    return $node->safe_psql($database, 'SELECT count(*) FROM synckit.documents');
}

# All that was taken over, but for the order of the batches. The deletion of what was gone has the time of its import.
sub contents
{
    my ($database) = @_;
    return $node->safe_psql($database, <<'SQL');
SELECT 'documents', count(*), md5(string_agg(k::text, ' ' ORDER BY id)) FROM synckit.documents k;
SELECT 'deltas', count(*), md5(string_agg(concat_ws(' ', id, document_id, client_id, operation_type, field_path, value,
        clock_value, "timestamp", clock, seen, stamp, lamport, version, outcome, changed_fields, server_id), ' '
    ORDER BY document_id, version)) FROM synckit.deltas WHERE operation_type <> 'delete';
SELECT 'deletions', count(*), md5(string_agg(concat_ws(' ', document_id, client_id, field_path, clock_value, version), ' '
    ORDER BY document_id, version)) FROM synckit.deltas WHERE operation_type = 'delete';
SELECT 'tombstones', count(*), md5(string_agg(concat_ws(' ', id, version, clock), ' ' ORDER BY id)) FROM synckit.tombstones;
SELECT 'sessions', count(*), md5(string_agg(s::text, ' ' ORDER BY id)) FROM synckit.sessions s;
SQL
}

my ($stdout, $stderr);
is($node->psql('postgres', q(CALL synckit_import('old')), stdout => \$stdout, stderr => \$stderr), 0, 'the import in peace');
cmp_ok(scalar(() = $stderr =~ /NOTICE:  imported so far/g), '>', 20, 'it tells how far it is, batch by batch');
like($stderr, qr/Documents: $documents; deltas: \d+; deleted documents: 43; sessions: 2500\./,
    'and what it did in the end');
my $contents = contents('postgres');
like($contents, qr/^documents\|$documents\|/m, 'all documents are there');
is($node->safe_psql('postgres', <<'SQL'), 't|t', 'each log is an unbroken run that ends at its document\'s version');
SELECT bool_and(d.last = k.version), bool_and(d.last - d.first + 1 = d.number)
FROM (SELECT id, version FROM synckit.documents UNION ALL SELECT id, version FROM synckit.tombstones) k
JOIN (SELECT document_id, min(version) AS first, max(version) AS last, count(*) AS number FROM synckit.deltas GROUP BY 1) d
    ON d.document_id = k.id
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM synckit.documents k JOIN synckit.deltas d ON d.document_id = k.id'
            . ' WHERE k.lamport <= d.stamp OR k.lamport < d.lamport'), '0', 'lamports are above all stamps');

my $import = start_import('killed');
ok(poll(sub { imported('killed') > 2000 }), 'the import has begun');
kill_server($node);
$import->finish;
$node->start;
my $left = imported('killed');
cmp_ok($left, '>', 0, "what was committed is there after the crash: $left documents");
cmp_ok($left, '<', $documents, 'the import was in its midst');
$node->safe_psql('killed', q(CALL synckit_import('old')));
is(contents('killed'), $contents, 'killed and called again, it comes to the same');

$import = start_import('terminated');
ok(poll(sub { imported('terminated') > 2000 }), 'the import has begun');
$node->safe_psql('postgres',
    q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'import_terminated'));
$import->finish;
$left = imported('terminated');
cmp_ok($left, '<', $documents, "the import was in its midst: $left documents");
# Two at a time: each takes what the other has not.
my @both = map { start_import('terminated') } 1 .. 2;
is(scalar(grep { $_->finish } @both), 2, 'two sessions import at once');
is(contents('terminated'), $contents, 'ended and called again, it comes to the same');

# What is written from now on is published, and nothing before it.
$node->safe_psql('postgres', q(SELECT synckit_apply_delta('live', 'test', 'set', 'a', '1')));
ok($subscriber->await(sub { grep { $_->{document} eq 'live' } $subscriber->deltas }), 'a live delta is heard');
$subscriber->listen(1);
is(join(' ', map { $_->{document} } $subscriber->deltas), 'live', 'nothing that was imported was published');
is($node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas WHERE xid IS NOT NULL'), '1', 'nor will it ever be');

is($node->safe_psql('postgres', <<'SQL'), 't|t|t|t|applied', 'an old write beats what was imported');
WITH before AS MATERIALIZED (SELECT * FROM synckit.documents WHERE id = md5('77')),
after AS (SELECT d.* FROM before,
    synckit_apply_delta(before.id, 'conn-1', 'set', 'a', '"new"', "timestamp" => timestamptz '2020-01-01Z') d)
SELECT after.version = before.version + 1, before.version = 30000, after.clock_value = (before.clock -> 'conn-1') + 1,
    after.lamport > before.lamport, after.outcome
FROM before, after
SQL
is($node->safe_psql('postgres', q(SELECT state -> 'a' FROM synckit.documents WHERE id = md5('77'))), '"new"', 'it is the value');
ok($subscriber->await(sub { grep { $_->{version} == 30_001 } $subscriber->deltas }), 'and is published');

log_is_clean($node);
$node->stop;
done_testing;
