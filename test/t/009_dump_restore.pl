# pg_dump and psql: the same documents and log elsewhere, published nowhere again.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Replay;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $source = new_publisher('source', $redis->url);

# Burns transaction numbers.
sub burn
{
    my ($node, $count) = @_;
    $node->safe_psql('postgres', "DO \$\$ BEGIN FOR i IN 1 .. $count LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END \$\$");
    return;
}

burn($source, 5000);
SyncKit::Replay->start($source, $redis)->finish('the source');
$source->safe_psql('postgres', "SELECT synckit_apply_delta('last', 'test', 'set', 'a', '{\"b\": 1.50}', id => 'c0ffee00-0000-7000-8000-000000000000')");
$source->safe_psql('postgres', "SELECT synckit_save_session('session', 'user'); SELECT synckit_state_index(true)");
my $contents = stored_contents($source, 'postgres');
like($contents, qr/^schema\|\(1,1,t,\{\}\)$/m, 'the schema is as expected');
like($contents, qr/^$_\|/m, "there is a $_") for qw(tombstone session clock);
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$source->command_ok([ 'pg_dump', '--file', $dump, $source->connstr('postgres') ], 'pg_dump');
unlike(slurp_file($dump), qr/_synckit\.publisher/, 'the publisher\'s state is not dumped');

# Into another database of the same server, and into another server, whose transaction numbers are behind.
my $subscriber = SyncKit::Subscriber->new($redis, 'target:');
my $target = new_node('target', redis_url => $redis->url, conf => "synckit.channel_prefix = 'target:'\n");
$target->start;
$source->safe_psql('postgres', q{CREATE DATABASE target});
$source->safe_psql('postgres', q{ALTER DATABASE target SET synckit.channel_prefix = 'quiet:'});
$target->safe_psql('postgres', 'CREATE DATABASE target TEMPLATE template0');
$target->safe_psql('target', 'CREATE EXTENSION synckit');
my $quiet = SyncKit::Subscriber->new($redis, 'quiet:');
for my $node ($source, $target)
{
    my $where = $node->name;
    $node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-q', '-f', $dump, '-d', $node->connstr('target') ], "$where: psql");
    is(stored_contents($node, 'target'), $contents, "$where: rows, clocks, registers and versions are the same");
    ok(await_state($node, 'target', 'publishing'), "$where: a publisher");
}
cmp_ok($target->safe_psql('target', 'SELECT min(xid::text::bigint) FROM synckit.deltas'), '>',
    $target->safe_psql('target', 'SELECT pg_current_xact_id()::text::bigint'), 'the restored rows come from the future');

# Past their numbers, with writes in between.
my $delta = sub { $target->safe_psql('target', "SELECT synckit_apply_delta('last', 'test', 'set', '$_[0]', '1')"); };
$delta->('f1');
ok($subscriber->await_versions('last', '2'), 'a new delta is published, under the next version');
burn($target, 3000);
$delta->('f2');
burn($target, 6000);
$delta->('f3');
ok($subscriber->await_versions('last', '2 3 4'), 'and others, while the numbers of restored rows pass by');
$source->safe_psql('target', "SELECT synckit_apply_delta('last', 'test', 'set', 'f1', '1')");
ok($quiet->await_versions('last', '2'), 'also in the other database of the source');
is(scalar(() = $subscriber->deltas), 3, 'nothing restored is published by the other server');
is(scalar(() = $quiet->deltas), 1, 'nor by the source');
ok(await_status($target, 'target', 'lag_deltas = 0 AND lag_seconds = 0'), 'restored rows are not in the way');
end_publisher($target, 'target');
$delta->('f4');
ok($subscriber->await_versions('last', '2 3 4 5'), 'nor of a publisher that starts anew');
is(scalar(grep { $_->{document} ne 'last' } $subscriber->deltas), 0, 'which publishes none of them');
is($target->safe_psql('target', "SELECT version, outcome FROM synckit_apply_delta('last', 'test', 'set', 'a', '{\"b\": 1.50}', id => 'c0ffee00-0000-7000-8000-000000000000')"),
    '1|duplicate', 'a delta that the restored log holds is a duplicate');

# The tables are the user's: the extension cannot go while they use its types.
my ($code, undef, $error) = $target->psql('target', 'DROP EXTENSION synckit');
is($code, 3, 'DROP EXTENSION is refused');
like($error, qr/other objects depend on it/, 'for the tables');
is(stored_contents($source, 'postgres'), $contents, 'the source is as it was');

# A restore that takes its time: the tables are there long before their rows, and the numbers of the rows pass by meanwhile.
my $slow = PostgreSQL::Test::Utils::tempdir() . '/slow.dump';
burn($source, 12000);
$source->safe_psql('postgres', "SELECT synckit_apply_delta('slow', 'test', 'set', 'a', '1')");
$source->command_ok([ 'pg_dump', '-Fc', '--file', $slow, $source->connstr('postgres') ], 'pg_dump');
$target->safe_psql('postgres', 'CREATE DATABASE slow TEMPLATE template0');
my $slowly = own_channels($target, 'slow', $redis);
$target->command_ok([ 'pg_restore', '--section=pre-data', '-d', $target->connstr('slow'), $slow ], 'first the tables');
ok(await_status($target, 'slow', "state IN ('no schema', 'publishing')"), 'which the publisher has seen');
burn($target, 15000);
$target->command_ok([ 'pg_restore', '--section=data', '--section=post-data', '-d', $target->connstr('slow'), $slow ], 'then the rest');
is($target->safe_psql('slow', q{SELECT max(xid) < pg_snapshot_xmin(pg_current_snapshot()) FROM synckit.deltas}), 't', 'their numbers have passed by');
ok(await_state($target, 'slow', 'publishing'), 'now it publishes');
$target->safe_psql('slow', "SELECT synckit_apply_delta('slow', 'test', 'set', 'b', '1')");
ok($slowly->await_versions('slow', '2'), 'what is new');
is(scalar(() = $slowly->deltas), 1, 'and that alone');
log_is_clean($_) for $source, $target;

done_testing();
