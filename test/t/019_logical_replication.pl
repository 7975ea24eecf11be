# Logical replication of the tables: rows arrive as they are, without being merged, logged or published a second time.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use Test::More;

use SyncKit::Node;

my $source = new_node('source', init => { allows_streaming => 'logical' });
my $target = new_node('target');
for my $node ($source, $target)
{
    $node->start;
    set_up($node, 'postgres');
}

sub contents
{
    my ($node) = @_;
    return $node->safe_psql('postgres', <<'SQL');
SELECT 'document', id, state, version, clock, lamport, registers, created_at, updated_at FROM synckit.documents ORDER BY id;
SELECT 'tombstone', t.* FROM synckit.tombstones t ORDER BY id;
SELECT 'delta', to_jsonb(d) - 'xid' FROM synckit.deltas d ORDER BY seq;
SQL
}
sub same
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $source->wait_for_catchup('all');
    is(contents($target), contents($source), $name);
    is($target->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas WHERE xid IS NOT NULL'), 0, 'without transactions of their own');
    return;
}

$source->safe_psql('postgres', <<'SQL');
SELECT synckit_apply_delta('d' || g % 5, 'c', 'set', 'f' || g, to_jsonb(g)) FROM generate_series(1, 20) g;
DELETE FROM synckit.documents WHERE id = 'd1';
CREATE PUBLICATION all_tables FOR TABLE synckit.documents, synckit.deltas, synckit.tombstones;
SQL
my $connection = $source->connstr . ' dbname=postgres application_name=all';
$target->safe_psql('postgres', "CREATE SUBSCRIPTION \"all\" CONNECTION '$connection' PUBLICATION all_tables");
$target->wait_for_subscription_sync;
same('the first copy');

# Each door, functions, births and deaths, many rows a statement, a rollback.
$source->safe_psql('postgres', <<'SQL');
INSERT INTO synckit.documents (id, state) SELECT 'i' || g, jsonb_build_object('n', g) FROM generate_series(1, 5) g;
UPDATE synckit.documents SET state = (state - 'n') || '{"t": 1.50}';
INSERT INTO synckit.deltas (document_id, operation_type, field_path, value) SELECT 'd' || g % 7, 'set', 'x', to_jsonb(g) FROM generate_series(1, 30) g;
SELECT synckit_delete_document('i2');
DELETE FROM synckit.documents WHERE id IN ('i3', 'd4');
INSERT INTO synckit.documents (id, state) VALUES ('i3', '{"again": 1}');
SELECT synckit_merge_clock('i3', '{"c": 9}');
BEGIN;
UPDATE synckit.documents SET state = '{}';
ROLLBACK;
SQL
same('what is written afterwards');

$source->safe_psql('postgres', "UPDATE synckit.documents SET state = state || '{\"u\": 1}'");
same('once more');

# Promoted, so to speak: the target goes on from what it was given.
$target->safe_psql('postgres', 'DROP SUBSCRIPTION "all"');
my $version = $target->safe_psql('postgres', "SELECT version FROM synckit.documents WHERE id = 'd1'");
is($target->safe_psql('postgres', "UPDATE synckit.documents SET state = state || '{\"here\": 1}' WHERE id = 'd1' RETURNING version"), $version + 1,
    'a write of the target\'s own');
is($target->safe_psql('postgres', "SELECT version FROM synckit.deltas WHERE document_id = 'd1' AND xid IS NOT NULL"), $version + 1, 'is logged');
log_is_clean($_) for $source, $target;

done_testing();
