# The publisher ended in the middle of its work, again and again; and the launcher.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Replay;

my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url);
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

# Short batches, so that most of the times it is ended in the middle of something.
set_conf($node, 'synckit.publish_batch' => 7);
my $replay = SyncKit::Replay->start($node, $redis, '--rate', 700, '--batch', 20, '--rollbacks', 10, '--wait', 120);
# A publisher that keeps ending is started again after longer and longer pauses: five times is enough.
my $ended = 0;
while ($replay->running && $ended < 5)
{
    $ended += end_publisher($node, 'postgres');
    sleep 0.3;
}
my $report = $replay->finish("ended $ended times");
cmp_ok($ended, '>=', 3, 'it was ended often enough');
is(scalar @{ $report->{messages}{epochs} }, 1, 'the epoch stays');

# The launcher is not needed while the worker works, and finds it when it is back.
my $worker = publisher_pid($node, 'postgres');
is($node->safe_psql('postgres',
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'synckit launcher'"),
    1, 'the launcher is ended');
ok($node->poll_query_until('postgres',
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'synckit launcher'"),
    'it is back');
$node->safe_psql('postgres', "SELECT synckit_apply_delta('after', 'test', 'set', 'a', '1')");
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'publishing goes on');
end_publisher($node, 'postgres');
ok(poll(sub { my $pid = publisher_pid($node, 'postgres'); $pid ne '' && $pid ne $worker }),
    'a publisher that is ended is started again');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'synckit publisher'"),
    1, 'there is one publisher');
log_is_clean($node);

done_testing();
