# The main job: recorded edits through synckit_apply_deltas() to a Redis subscriber.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Replay;

my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url);

my $report = SyncKit::Replay->start($node, $redis, '--rollbacks', 5)->finish('first run');
my $recorded = $report->{deltas}{recorded};
is($recorded, 7061, 'all that was recorded was fed');
is($report->{deltas}{refused}, 0, 'nothing was refused');
is($report->{messages}{received}, $recorded, 'a message for each');
is($report->{messages}{repeats}, 0, 'none twice');
is(scalar @{ $report->{messages}{epochs} }, 1, 'one epoch');

ok(await_status($node, 'postgres', "state = 'publishing' AND connected AND published = $recorded AND lag_deltas = 0"),
    'the status says so');
is(status($node, 'postgres', 'epoch'), $report->{messages}{epochs}[0], 'the epoch of the status is that of the messages');
is(status($node, 'postgres', 'lag_seconds'), '0', 'nothing is late');
is(status($node, 'postgres', 'last_error IS NULL'), 't', 'no error');
is($node->safe_psql('postgres', "SELECT synckit_health() ->> 'status'"), 'ok', 'in good health');
ok($node->poll_query_until('postgres', "SELECT published = $recorded FROM _synckit.publisher"), 'the cursor is saved');

$report = SyncKit::Replay->start($node, $redis)->finish('second run');
is($report->{deltas}{duplicate}, $recorded, 'all of it once more: duplicates');
is($report->{messages}{received}, 0, 'nothing is published again');

$node->restart;
$report = SyncKit::Replay->start($node, $redis)->finish('after a restart');
is($report->{messages}{received}, 0, 'nor after a clean restart');
log_is_clean($node);

done_testing();
