# A large backlog is worked off in little memory, and with a transaction open all the while: 1 million deltas in the long
# run (SYNCKIT_TEST_LONG), else 60,000.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::Node;
use SyncKit::Redis;

my $total = $ENV{SYNCKIT_TEST_LONG} ? 1_000_000 : 60_000;
my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url, conf => "synckit.publish = off\nmax_wal_size = '4GB'\nautovacuum = off\n");
ok(await_state($node, 'postgres', 'paused'), 'it is paused');

my $call = q{
\set n random(1, 1000000)
SELECT count(*) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'd' || (:n + i) % 2000, 'clientId', 'c' || :client_id,
        'operationType', 'set', 'fieldPath', 'f' || i % 5, 'value', :n + i))
    FROM generate_series(1, 500) i));
};
$node->pgbench('--no-vacuum --client=2 --jobs=1 --transactions=' . $total / 1000, 0, [], [qr/^$/], "$total deltas wait", { call => $call });
is($node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas'), $total, 'all of them');
$node->safe_psql('postgres', 'ANALYZE synckit.deltas');

# What the worker has for itself: neither shared memory nor the pages of programs.
sub own_kilobytes
{
    my ($pid) = @_;
    my ($kilobytes) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
    return $kilobytes;
}

# A snapshot that is held: no row that the publisher writes can be removed meanwhile.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM _synckit.publisher');
my $pid = publisher_pid($node, 'postgres');
my $before = own_kilobytes($pid);
my $most = $before;
my $start = time;
set_conf($node, 'synckit.publish' => 'on');
ok(poll(sub {
    my $now = own_kilobytes($pid);
    $most = $now if $now > $most;
    return status($node, 'postgres', "published >= $total AND lag_deltas = 0") eq 't';
}, 600), 'worked off');
my $seconds = time - $start;
is(publisher_pid($node, 'postgres'), $pid, 'by one publisher');
note(sprintf '%d deltas in %.1f s, own memory %d kB before, %d kB at most', $total, $seconds, $before, $most);
cmp_ok($most - $before, '<', 64 * 1024, 'it has not grown by more than 64 MB');

# Its bookkeeping: one row, written at most ten times a second, however much is published.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('after', 'c', 'set', 'a', '1')});
ok(await_status($node, 'postgres', "published > $total"), 'it goes on');
end_publisher($node, 'postgres');
ok(poll(sub { !kill 0, $pid }), 'ended, it has told its statistics');
my ($updates, $size) = split /\|/, $node->safe_psql('postgres',
    q{SELECT n_tup_upd, pg_total_relation_size(relid) FROM pg_stat_all_tables WHERE schemaname = '_synckit' AND relname = 'publisher'});
$seconds = time - $start;
note(sprintf '%d versions of the cursor in %.1f s, %d bytes', $updates, $seconds, $size);
cmp_ok($updates, '<=', 10 * $seconds + 10, 'the cursor is saved ten times a second at most');
cmp_ok($size, '<', 100_000 + 1000 * $updates, 'and takes what that takes');
$holder->query_safe('COMMIT');
$holder->quit;
$node->safe_psql('postgres', 'VACUUM _synckit.publisher');
is($node->safe_psql('postgres', 'SELECT count(*) FROM _synckit.publisher'), 1, 'it is one row');
log_is_clean($node);

done_testing();
