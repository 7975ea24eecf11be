# Redis away, breaking off, hanging, restarting: nothing is lost, nobody waits.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Replay;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $node = new_publisher('main', $proxy->url);
ok(await_state($node, 'postgres', 'publishing'), 'it publishes through the proxy');

sub write_delta
{
    my ($document) = @_;
    my $start = time;
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')");
    return time - $start;
}

# Ten seconds without Redis, while the subscriber stays.
my $replay = SyncKit::Replay->start($node, $redis, '--rate', 600, '--batch', 20, '--wait', 60);
sleep 1;
$proxy->refuse;
my $gone = time;
ok(await_state($node, 'postgres', 'connecting'), 'the status says that Redis is away');
like(status($node, 'postgres', 'last_error'), qr/connect|closed/, 'and why');
is(status($node, 'postgres', 'connected'), 'f', 'not connected');
is($node->safe_psql('postgres', "SELECT synckit_health() ->> 'status'"), 'degraded', 'health is degraded');
ok(await_status($node, 'postgres', 'lag_deltas > 100 AND lag_seconds > 1'), 'the lag is seen to grow');
sleep 0.1 while time < $gone + 10;
$proxy->pass;
$replay->finish('ten seconds without Redis');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0 AND lag_seconds = 0"), 'caught up');
cmp_ok($proxy->stats->{accepted}, '>=', 2, 'it has connected again');

# Broken off in the middle of a batch.
$node->safe_psql('postgres', 'CREATE DATABASE second');
my $subscriber = SyncKit::Subscriber->new($redis);
my $documents = 20;
my $deltas = join ',', map { sprintf '{"documentId":"cut/%d","clientId":"c","operationType":"set","fieldPath":"f%d","value":%d}',
    $_ % $documents, $_, $_ } 1 .. 400;
for my $round (1 .. 12)
{
    $proxy->cut_after(5_000 + 12_345 * $round);
    $node->safe_psql('postgres', qq{SELECT count(*) FROM synckit_apply_deltas('[$deltas]')});
}
ok($subscriber->await(sub { $subscriber->deltas('cut/1') >= 12 * 400 / $documents }), 'all arrives');
for my $document (map { "cut/$_" } 0 .. $documents - 1)
{
    ok($subscriber->await_versions($document, join(' ', 1 .. 12 * 400 / $documents)),
        "broken off in the middle of a batch: $document has every version, in order");
}
cmp_ok($proxy->stats->{cuts}, '>=', 3, 'it was broken off often enough');

# Redis hangs: connections stand, answers do not come.
ok(await_state($node, 'postgres', 'publishing'), 'it publishes again');
$proxy->freeze;
my $slowest = 0;
for (1 .. 10)
{
    my $took = write_delta('hang');
    $slowest = $took if $took > $slowest;
}
cmp_ok($slowest, '<', 4, 'writes go on while Redis hangs');
my $stopping = time;
my $worker = publisher_pid($node, 'postgres');
is(end_publisher($node, 'postgres'), 1, 'pg_terminate_backend while Redis hangs');
ok(poll(sub { !kill 0, $worker }, 5), 'is obeyed');
cmp_ok(time - $stopping, '<', 3, 'at once');
ok($node->poll_query_until('postgres',
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'synckit publisher'"), 'another one comes');
ok($proxy->await(sub { $_[0]{accepted} > 0 && $_[0]{open} > 0 }), 'and hangs, too');
$stopping = time;
$node->safe_psql('postgres', 'ALTER DATABASE second RENAME TO third');
$node->stop('fast');
cmp_ok(time - $stopping, '<', 10, 'the server stops while Redis hangs');
$node->start;
ok(await_status($node, 'postgres', "last_error LIKE 'no answer%'"), 'that Redis does not answer is said');
$proxy->pass;
ok($subscriber->await_versions('hang', join(' ', 1 .. 10)), 'what was written meanwhile arrives');

# The same with a Redis that stands still.
$redis->freeze;
write_delta('still');
$worker = publisher_pid($node, 'postgres');
end_publisher($node, 'postgres');
ok(poll(sub { !kill 0, $worker }, 5), 'ended while Redis stands still');
$redis->thaw;
ok($subscriber->await_versions('still', '1'), 'it arrives later');

# A real restart: what was published while nobody listened may be missed, nothing later is.
$redis->stop;
write_delta('restart');
ok(await_state($node, 'postgres', 'connecting'), 'Redis is gone');
$redis->start;
$subscriber = SyncKit::Subscriber->new($redis);
$proxy->cut;
write_delta('restart');
ok($subscriber->await(sub { $subscriber->versions('restart') =~ /\b2$/ }), 'after a restart of Redis, later deltas arrive');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'caught up');

# Absent from the start.
$proxy->refuse;
$node->restart;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is absent at the start');
write_delta('absent') for 1 .. 3;
ok(await_status($node, 'postgres', 'lag_deltas >= 3'), 'the deltas wait');
$proxy->pass;
ok($subscriber->await_versions('absent', '1 2 3'), 'and arrive');

my @complaints = slurp_file($node->logfile) =~ /cannot publish to Redis/g;
cmp_ok(scalar @complaints, '<', 60, 'an outage does not fill the log');
log_is_clean($node);

done_testing();
