# Restores of every kind: the tables come out as they were, nothing is merged a second time, and versions go on where they
# ended. (009_dump_restore.pl has what is published.)
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;

my $node = new_node('main');
$node->start;
set_up($node, 'postgres');
my $folder = PostgreSQL::Test::Utils::tempdir();

# Through every door, with deletions, superseded deltas, raised clocks and a column of the user's.
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE synckit.documents ADD COLUMN owner text DEFAULT 'nobody';
SELECT synckit_apply_delta('d' || g % 7, 'c' || g % 3, 'set', 'f' || g % 5, to_jsonb(g)) FROM generate_series(1, 100) g;
INSERT INTO synckit.documents (id, state, owner) SELECT 'i' || g, jsonb_build_object('n', g, 'x', 1.50), 'eve' FROM generate_series(1, 5) g;
UPDATE synckit.documents SET state = state - 'n' WHERE id LIKE 'i%';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value, timestamp)
SELECT 'd' || g % 7, 'set', 'f1', to_jsonb(g), '2001-01-01' FROM generate_series(1, 20) g;
SELECT synckit_merge_clock('d1', '{"raised": 7}');
DELETE FROM synckit.documents WHERE id IN ('d2', 'i2');
SELECT synckit_delete_document('d3');
INSERT INTO synckit.documents (id, state) VALUES ('d3', '{"again": 1}');
SQL

sub contents
{
    my ($database) = @_;
    return $node->safe_psql($database, <<'SQL');
SELECT 'document', id, state, version, clock, lamport, registers, created_at, updated_at, owner FROM synckit.documents ORDER BY id;
SELECT 'tombstone', t.* FROM synckit.tombstones t ORDER BY id;
SELECT 'delta', to_jsonb(d) - 'xid' FROM synckit.deltas d ORDER BY seq;
SELECT 'seq', last_value FROM synckit.deltas_seq;
SQL
}
my $contents = contents('postgres');
like($contents, qr/^$_\|/m, "there are ${_}s") for qw(document tombstone delta);
like($contents, qr/"superseded"/, 'superseded deltas among them');

my $source = $node->connstr('postgres');
$node->command_ok([ 'pg_dump', '-f', "$folder/plain", $source ], 'pg_dump');
$node->command_ok([ 'pg_dump', '-Fd', '-f', "$folder/directory", $source ], 'pg_dump to a directory');
$node->command_ok([ 'pg_dump', '--data-only', '--schema', 'synckit', '-f', "$folder/data", $source ], 'pg_dump of the data');
$node->command_ok([ 'pg_dump', '--data-only', '--schema', 'synckit', '--disable-triggers', '-f', "$folder/disabled", $source ],
    'the same with triggers disabled');
$node->command_ok([ 'pg_dump', '--data-only', '--schema', 'synckit', '--inserts', '-f', "$folder/inserts", $source ], 'and as INSERTs');
my @copies = slurp_file("$folder/data") =~ /^COPY synckit\.(\w+)/mg;
is("@copies", 'deltas documents sessions tombstones', 'the log comes before what would be merged of it');

my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1');
my %restore = (
    plain     => sub { [ @psql, '-f', "$folder/plain", '-d', $_[0] ] },
    directory => sub { [ 'pg_restore', '-j2', '-d', $_[0], "$folder/directory" ] },
    data      => sub { [ @psql, '-f', "$folder/data", '-d', $_[0] ] },
    disabled  => sub { [ @psql, '-f', "$folder/disabled", '-d', $_[0] ] },
    replica   => sub { [ 'env', 'PGOPTIONS=-c session_replication_role=replica', @psql, '-f', "$folder/data", '-d', $_[0] ] },
    inserts   => sub { [ @psql, '-1', '-f', "$folder/inserts", '-d', $_[0] ] },
);
my %needs_tables = map { $_ => 1 } qw(data replica disabled inserts);
for my $kind (sort keys %restore)
{
    my $database = "to_$kind";
    $node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
    $node->safe_psql($database, 'CREATE EXTENSION synckit; SELECT synckit_migrate();'
            . "ALTER TABLE synckit.documents ADD COLUMN owner text DEFAULT 'nobody'") if $needs_tables{$kind};
    $node->command_ok($restore{$kind}->($node->connstr($database)), "$kind: restored");
    is(contents($database), $contents, "$kind: rows, clocks, versions, stamps, registers and tombstones are the same");

    # Rows that pass our trigger lose the numbers of their transactions.
    is($node->safe_psql($database, 'SELECT count(*) FROM synckit.deltas WHERE xid IS NOT NULL'), 0, "$kind: the rows are foreign")
        if $needs_tables{$kind} && $kind ne 'disabled';
    my $problems = $node->safe_psql($database, 'SELECT problems FROM synckit_schema_status()');
    if ($kind eq 'disabled')
    {
        like($problems, qr/trigger synckit\.$_ has another firing mode/, "$kind: $_ is reported")
            for qw(documents.zzz_synckit_merge documents.000_synckit_log deltas.zzz_synckit_merge tombstones.zzz_synckit_guard);
        is($node->safe_psql($database, 'SELECT synckit_migrate()'), 1, "$kind: synckit_migrate()");
        $problems = $node->safe_psql($database, 'SELECT problems FROM synckit_schema_status()');
        is(contents($database), $contents, "$kind: which mends the firing modes alone");
    }
    is($problems, '{}', "$kind: the schema is as expected");

    # Life goes on.
    is($node->safe_psql($database, "INSERT INTO synckit.documents (id, state) VALUES ('d2', '{}') RETURNING version"),
        $node->safe_psql('postgres', "SELECT version + 1 FROM synckit.tombstones WHERE id = 'd2'"), "$kind: a deleted document goes on");
    is($node->safe_psql($database, "UPDATE synckit.documents SET state = state || '{\"new\": 1}' WHERE id = 'd1' RETURNING version"),
        $node->safe_psql('postgres', "SELECT version + 1 FROM synckit.documents WHERE id = 'd1'"), "$kind: and so does one that lives");
    is($node->safe_psql($database, 'SELECT count(*) FROM synckit.deltas l JOIN synckit.deltas n USING (document_id) WHERE n.version > l.version AND n.seq <= l.seq'),
        0, "$kind: in the order of the log");
    is($node->safe_psql($database, "INSERT INTO synckit.deltas SELECT * FROM (TABLE synckit.deltas LIMIT 1) l ON CONFLICT DO NOTHING RETURNING 1"),
        '', "$kind: a row that is there is not restored twice");
}
is(contents('postgres'), $contents, 'the source is as it was');
log_is_clean($node);

done_testing();
