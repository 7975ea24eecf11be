# A standby is silent; promoted, it goes on where the primary had come to, in a new epoch.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::Replay;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $subscriber = SyncKit::Subscriber->new($redis);
my $primary = new_publisher('primary', $proxy->url, init => { allows_streaming => 1 }, conf => "max_connections = 30\nmax_prepared_transactions = 5\n");
ok(await_state($primary, 'postgres', 'publishing'), 'the primary publishes');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "synckit.redis_url = '" . $redis->url . "'");
$standby->start;

my $report = SyncKit::Replay->start($primary, $redis)->finish('with a standby');
is($report->{messages}{repeats}, 0, 'the standby publishes nothing');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'synckit%'"), 0,
    'there is neither launcher nor publisher on a standby');
is(status($standby, 'postgres', 'connected'), 'f', 'its status says so');
is($standby->safe_psql('postgres', "SELECT synckit_health() ->> 'status'"), 'ok', 'which is as it should be');
is($standby->safe_psql('postgres', "SELECT state IS NOT NULL FROM synckit_get_document('yjs/package.json')"), 't', 'it can be read');
my ($code, undef, $error) = $standby->psql('postgres', "SELECT synckit_apply_delta('a', 'b', 'set', 'c', '1')");
like($error, qr/read-only|recovery/, 'and not be written');

# The primary loses Redis, commits more, and is lost itself: with a transaction open, one prepared.
ok($primary->poll_query_until('postgres', 'SELECT published = 7061 FROM _synckit.publisher'), 'the cursor is saved');
$proxy->refuse;
$primary->safe_psql('postgres', "SELECT synckit_apply_delta('unpublished', 'test', 'set', 'f' || i, '1') FROM generate_series(1, 10) i");
$primary->safe_psql('postgres', "BEGIN; SELECT synckit_apply_delta('prepared', 'test', 'set', 'a', '1'); PREPARE TRANSACTION 'p'");
my $open = $primary->background_psql('postgres');
$open->query_safe("BEGIN; SELECT synckit_apply_delta('never', 'test', 'set', 'a', '1');");
$primary->safe_psql('postgres', "SELECT synckit_apply_delta('unpublished', 'test', 'set', 'f' || i, '1') FROM generate_series(11, 20) i");
$primary->wait_for_catchup($standby);
$subscriber->listen(0.2);
is($subscriber->versions('unpublished'), '', 'the primary cannot publish it');
my $before = status($primary, 'postgres', 'epoch');
kill_server($primary);
eval { $open->quit };

$standby->promote;
ok($standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'promoted');
ok(await_state($standby, 'postgres', 'publishing'), 'the promoted one publishes');
ok($subscriber->await_versions('unpublished', join(' ', 1 .. 20)), 'what the primary had not published');
my ($first, $epoch) = $subscriber->epochs;
is($first, $before, 'the primary had announced its epoch');
cmp_ok($epoch // 0, '>', $before, 'a new, greater one was announced');
my (undef, $announced) = $subscriber->others;
is($announced->{channel}, 'synckit:broadcast', 'on the broadcast channel');
is(status($standby, 'postgres', 'epoch'), $epoch, 'the status shows it');
is(scalar(grep { $_->{payload} !~ /"epoch":$epoch\b/ } $subscriber->deltas('unpublished')), 0, 'messages carry it');
$standby->safe_psql('postgres', "COMMIT PREPARED 'p'");
ok($subscriber->await_versions('prepared', '1', 15), 'a transaction that was prepared on the primary');
$standby->safe_psql('postgres', "SELECT synckit_apply_delta('unpublished', 'test', 'set', 'later', '1')");
ok($subscriber->await_versions('unpublished', join(' ', 1 .. 21)), 'what is written later');
is($subscriber->versions('never'), '', 'what was not committed is not heard');
heard_all($standby, 'postgres', $subscriber, 'all in all');
is(scalar(() = $subscriber->epochs), 2, 'each epoch was announced once');

$standby->restart;
ok(await_state($standby, 'postgres', 'publishing'), 'after a restart');
is(status($standby, 'postgres', 'epoch'), $epoch, 'the epoch stays');
log_is_clean($standby);

done_testing();
