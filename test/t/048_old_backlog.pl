# What waits for so long that VACUUM has forgotten how its transactions ended is published like anything else.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $admin = SyncKit::RedisClient->new($redis->path);
$admin->command(qw(ACL SETUSER publisher on nopass -@all +publish resetchannels &synckit:broadcast &synckit:doc:good*));
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', 'unix://publisher@' . $redis->path);
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

sub write_deltas
{
    my ($document, $count) = @_;
    return $node->safe_psql('postgres', join ';', ("SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')") x $count);
}

# One that is set aside, three that wait, and a broadcast.
write_deltas('bad', 1);
ok(await_status($node, 'postgres', 'set_aside = 1 AND requeued = 0'), 'one is set aside');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET synckit.publish = off');
ok(await_state($node, 'postgres', 'paused'), 'a publisher that pauses');
write_deltas('good', 3);
$node->safe_psql('postgres', q{SELECT synckit_broadcast('old', '1')});

# A file of pg_xact holds 2^20 transactions.
$node->safe_psql('postgres', <<'SQL');
SET synchronous_commit = off;
DO $$ BEGIN FOR i IN 1 .. 1100000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;
SQL
$node->safe_psql('postgres', 'ALTER DATABASE template0 ALLOW_CONNECTIONS true');
$node->safe_psql($_, 'VACUUM FREEZE') for qw(template0 template1 postgres);
ok(!-e $node->data_dir . '/pg_xact/0000', 'their transactions are forgotten');

$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET synckit.publish');
ok($subscriber->await_versions('good', '1 2 3'), 'what has waited arrives');
ok($subscriber->await(sub { grep { ($_->{message}{event} // '') eq 'old' } $subscriber->others }), 'the broadcast, too');
$admin->command(qw(ACL SETUSER publisher allchannels));
is($node->safe_psql('postgres', 'SELECT synckit_requeue()'), 1, 'what was set aside is requeued');
ok($subscriber->await_versions('bad', '1'), 'and arrives');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0 AND set_aside + requeued = 0"), 'nothing is left');
log_is_clean($node);

done_testing();
