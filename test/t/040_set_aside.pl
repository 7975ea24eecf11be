# A message that cannot be published is set aside with its error, and everything else goes on: deltas that Redis refuses,
# deltas that end the connection, rows of which no message can be made.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

# The publisher may speak on the channels of broadcasts and of documents that begin with "good". A word of more than
# 1 MB ends its connection.
my $redis = SyncKit::Redis->new(conf => [ '--proto-max-bulk-len', '1mb' ]);
my $admin = SyncKit::RedisClient->new($redis->path);
$admin->command(qw(ACL SETUSER publisher on nopass -@all +publish resetchannels),
    '&synckit:broadcast', '&synckit:doc:good*');
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', "unix://publisher@" . $redis->path,
    conf => "synckit.publish_batch = 50\nsynckit.max_message_bytes = '8MB'\n");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

sub write_deltas
{
    my (@documents) = @_;
    return $node->safe_psql('postgres', join ';', map { "SELECT synckit_apply_delta('$_', 'test', 'set', 'a', '1')" } @documents);
}

sub aside
{
    my ($columns) = @_;
    return $node->safe_psql('postgres', "SELECT $columns FROM _synckit.set_aside ORDER BY id");
}

my $worker = publisher_pid($node, 'postgres');

# Refused by Redis.
my $connections = sub { return ($admin->command('INFO', 'stats') =~ /^total_connections_received:(\d+)/m)[0]; };
my $connected = $connections->();
write_deltas('good/1', 'bad/1', 'good/1', 'bad/1', 'good/2');
ok($subscriber->await_versions('good/1', '1 2'), 'the deltas of a good document arrive, around those that are refused');
ok($subscriber->await_versions('good/2', '1'), 'and so does what comes after them');
ok(await_status($node, 'postgres', "state = 'publishing' AND set_aside = 2 AND lag_deltas = 0"), 'the status counts what is set aside');
is(aside('document_id, version, tries, requeued'), "bad/1|1|3|f\nbad/1|2|3|f", 'which they are, after three tries');
like(aside('error'), qr/does not allow.*NOPERM/, 'with what Redis said');
is($node->safe_psql('postgres', 'SELECT count(*) FROM _synckit.set_aside s JOIN synckit.deltas d ON d.id = s.delta_id AND d.xid = s.xid AND d.seq = s.seq'),
    2, 'and where they are');
like(status($node, 'postgres', 'last_error'), qr/NOPERM/, 'so does the status');
is(publisher_pid($node, 'postgres'), $worker, 'by the same publisher');

# In one transaction, in the middle of a backlog.
$node->safe_psql('postgres', q{SELECT count(*) FROM generate_series(1, 300) i,
    LATERAL synckit_apply_delta(CASE WHEN i IN (77, 78, 200) THEN 'bad/2' ELSE 'good/3' END, 'test', 'set', 'a', '1')});
ok($subscriber->await_versions('good/3', join(' ', 1 .. 297)), 'three bad ones in a backlog: the others arrive, in order');
ok(await_status($node, 'postgres', 'set_aside = 5 AND lag_deltas = 0'), 'those are set aside');

# A flood of them, together and each on its own: what Redis refused is what is set aside. The others are heard once, and
# the connection stands: no message is tried out to find the one to blame.
$node->safe_psql('postgres', q{SELECT count(*) FROM generate_series(1, 400) i,
    LATERAL synckit_apply_delta(CASE WHEN i % 2 = 0 THEN 'bad/flood' ELSE 'good/flood' END, 'test', 'set', 'a', '1')});
$node->safe_psql('postgres', q{DO $$ BEGIN FOR i IN 1..100 LOOP
    PERFORM synckit_apply_delta(CASE WHEN i % 2 = 0 THEN 'bad/flood' ELSE 'good/flood' END, 'test', 'set', 'a', '1'); COMMIT;
END LOOP; END $$});
ok($subscriber->await_versions('good/flood', join(' ', 1 .. 250)), 'half of the messages are refused: the others arrive, in order');
ok(await_status($node, 'postgres', 'set_aside = 255 AND requeued = 0 AND lag_deltas = 0 AND outages = 0'), 'no outage');
is(aside('version') , join("\n", 1, 2, 1 .. 3, 1 .. 250), 'the refused ones are set aside, in order');
is(scalar(grep { $_->{document} =~ /^good/ } $subscriber->deltas), 550, 'nothing was sent twice');
is($connections->(), $connected, 'over one connection');
$node->safe_psql('postgres', "DELETE FROM _synckit.set_aside WHERE document_id = 'bad/flood'");

# Refused right behind a message that was accepted, but so is all else: that is an outage, and nobody is set aside.
for my $turn (1 .. 3)
{
    write_deltas('good/moment');
    ok($subscriber->await_versions('good/moment', join ' ', 1 .. 3 * $turn - 2), 'a message is accepted');
    $admin->command(qw(ACL SETUSER publisher -publish));
    write_deltas('good/moment');
    ok(await_state($node, 'postgres', 'connecting'), 'then none');
    $admin->command(qw(ACL SETUSER publisher +publish));
    write_deltas('good/moment');
    ok($subscriber->await_versions('good/moment', join ' ', 1 .. 3 * $turn), 'then all of them, in order');
}
ok(await_status($node, 'postgres', 'set_aside = 5 AND requeued = 0 AND lag_deltas = 0 AND outages = 3'), 'none was set aside');

# Ending the connection: what it says of them is that.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('good/large', 'test', 'set', 'a', to_jsonb(repeat('x', 3000000)))});
write_deltas('good/large', 'good/4');
ok($subscriber->await_versions('good/4', '1'), 'one that ends the connection: the others arrive');
ok($subscriber->await_versions('good/large', '2'), 'also a later one of its document');
ok(await_status($node, 'postgres', 'set_aside = 6 AND lag_deltas = 0'), 'it is set aside');
is($node->safe_psql('postgres', "SELECT version FROM _synckit.set_aside WHERE document_id = 'good/large'"), 1, 'the first version of it');

# Rows of which no message can be made: a column without a value, a damaged one.
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE synckit.deltas ALTER outcome DROP NOT NULL;
BEGIN;
SELECT synckit_apply_delta('good/5', 'test', 'set', 'a', '1');
ALTER TABLE synckit.deltas DISABLE TRIGGER USER;
INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, clock_value, "timestamp", stamp, lamport,
        version, outcome, seq, xid)
    SELECT 'good/null', 'test', 'set', 'a', '1', 1, now(), 1, 1, 1, NULL, nextval('synckit.deltas_seq'), pg_current_xact_id();
ALTER TABLE synckit.deltas ENABLE TRIGGER USER;
SELECT synckit_apply_delta('good/5', 'test', 'set', 'a', '2');
COMMIT;
SQL
ok($subscriber->await_versions('good/5', '1 2'), 'a row without an outcome: the others arrive');
ok(await_status($node, 'postgres', 'set_aside = 7 AND lag_deltas = 0'), 'it is set aside');
like($node->safe_psql('postgres', "SELECT error FROM _synckit.set_aside WHERE document_id = 'good/null'"), qr/column "outcome".* is null/, 'and why');
is(publisher_pid($node, 'postgres'), $worker, 'still by the same publisher');

# What is set aside outlives a crash, and so does what comes of it.
kill_server($node);
$node->start;
ok(await_status($node, 'postgres', "state = 'publishing' AND set_aside = 7"), 'after a crash it is all there');
write_deltas('bad/3', 'good/6');
ok($subscriber->await_versions('good/6', '1'), 'and publishing goes on');
ok(await_status($node, 'postgres', 'set_aside = 8'), 'with one more that is set aside');

# Requeued, while the cause is there and when it is gone.
my $id = $node->safe_psql('postgres', "SELECT id FROM _synckit.set_aside WHERE document_id = 'bad/3'");
is($node->safe_psql('postgres', "SELECT synckit_requeue($id)"), 1, 'one is requeued');
ok(poll(sub { $node->safe_psql('postgres', "SELECT tries = 4 AND NOT requeued FROM _synckit.set_aside WHERE id = $id") eq 't' }),
    'too early: it is set aside again');
$admin->command(qw(ACL SETUSER publisher allchannels));
$admin->command(qw(CONFIG SET proto-max-bulk-len 512mb));
$node->safe_psql('postgres', "ALTER TABLE synckit.deltas DISABLE TRIGGER USER; UPDATE synckit.deltas SET outcome = 'applied' WHERE outcome IS NULL;"
        . "ALTER TABLE synckit.deltas ENABLE TRIGGER USER, ALTER outcome SET NOT NULL");
is($node->safe_psql('postgres', 'BEGIN; SELECT synckit_requeue(); ROLLBACK'), 8, 'rolled back');
is($node->safe_psql('postgres', 'SELECT synckit_requeue()'), 8, 'all are requeued');
ok(await_status($node, 'postgres', 'set_aside = 0'), 'and are gone from there');
ok($subscriber->await_versions('bad/1', '1 2'), 'the refused ones arrive');
ok($subscriber->await_versions('bad/2', '1 2 3'), 'those of the backlog');
ok($subscriber->await_versions('good/large', '2 1'), 'the large one');
ok($subscriber->await_versions('good/null', '1'), 'the mended one');
is($node->safe_psql('postgres', 'SELECT synckit_requeue()'), 0, 'nothing is left to requeue');

$admin->command(qw(ACL SETUSER publisher resetchannels &synckit:broadcast &synckit:doc:good*));
write_deltas('bad/4');
ok(await_status($node, 'postgres', 'set_aside = 1'), 'another one is set aside');

# Whose business it is.
$node->safe_psql('postgres', 'CREATE ROLE stranger; CREATE ROLE watcher IN ROLE pg_monitor; CREATE ROLE owner CREATEROLE; ALTER TABLE synckit.deltas OWNER TO owner; GRANT USAGE ON SCHEMA synckit TO stranger, owner');
my (undef, undef, $error) = $node->psql('postgres', 'SET ROLE stranger; SELECT synckit_requeue()');
like($error, qr/ERROR:  must be owner of synckit's tables/, 'a stranger may not requeue');
is($node->safe_psql('postgres', 'BEGIN; SET ROLE owner; SELECT synckit_requeue(); ROLLBACK'), 1, 'the owner may');
(undef, undef, $error) = $node->psql('postgres', 'SET ROLE stranger; SELECT * FROM _synckit.set_aside');
like($error, qr/permission denied/, 'nor read it');
is($node->safe_psql('postgres', 'SET ROLE watcher; SELECT count(*) FROM _synckit.set_aside'), 1, 'a monitor may');
$node->safe_psql('postgres', 'ALTER TABLE synckit.deltas OWNER TO CURRENT_USER');

# Cleanup has removed it meanwhile.
$node->safe_psql('postgres', q{DELETE FROM synckit.deltas WHERE document_id = 'bad/4'; SELECT synckit_requeue()});
ok(await_status($node, 'postgres', 'set_aside + requeued = 0'), 'it is gone from the log, and from there');
ok(poll(sub { $node->log_contains('The log does not hold it any more') }), 'which is said');

# Redis away is no delta's fault.
$redis->stop;
write_deltas('good/away') for 1 .. 3;
ok(await_state($node, 'postgres', 'connecting'), 'without Redis');
$redis->start;
$admin = SyncKit::RedisClient->new($redis->path);
$admin->command(qw(ACL SETUSER publisher on nopass allchannels +@all));
$subscriber = SyncKit::Subscriber->new($redis);
write_deltas('good/away');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0 AND set_aside = 0"), 'nothing is set aside for that');

# A connection that ends, and the next one in the middle of a message that goes alone: that is not the message's fault yet.
my $proxy = SyncKit::Proxy->new($redis, mode => 'refuse');
set_conf($node, 'synckit.redis_url' => "'unix://publisher@" . $proxy->path . "'");
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away, behind a proxy');
$node->safe_psql('postgres', q{SELECT count(*) FROM generate_series(1, 5) i, synckit_apply_delta('good/unlucky', 'test', 'set', 'f' || i, to_jsonb(repeat('x', 3000)))});
for my $loss ('among several messages', 'in one that goes alone')
{
    my $cuts = $proxy->stats->{cuts};
    $proxy->cut_after(2000);
    ok($proxy->await(sub { $_[0]{cuts} > $cuts }), "the connection ends, $loss");
}
ok($subscriber->await_versions('good/unlucky', '1 2 3 4 5'), 'all of them arrive, in order');
ok(await_status($node, 'postgres', 'lag_deltas = 0 AND set_aside + requeued = 0'), 'and nothing is set aside');
# Nor of one that is tried again: what was refused is allowed by now, and meets connections that end.
$admin->command(qw(ACL SETUSER publisher resetchannels &synckit:broadcast));
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('good/again', 'test', 'set', 'a', to_jsonb(repeat('x', 3000)))});
ok(await_status($node, 'postgres', 'set_aside = 1 AND requeued = 0'), 'one that is refused');
$admin->command(qw(ACL SETUSER publisher allchannels));
my $cuts = $proxy->stats->{cuts};
$proxy->cut_after(2000, 4);
$node->safe_psql('postgres', 'SELECT synckit_requeue()');
ok($proxy->await(sub { $_[0]{cuts} == $cuts + 4 }), 'it is requeued, and four connections end in it');
ok($subscriber->await_versions('good/again', '1'), 'then it arrives');
ok(await_status($node, 'postgres', 'set_aside + requeued = 0'), 'and is set aside no more');
# Nor is a Redis that lets everybody in but takes no message for a while, and then takes the one by which it is tried.
$admin->command(qw(CLIENT PAUSE 12000 WRITE));
write_deltas('good/paused') for 1 .. 3;
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0 AND set_aside + requeued = 0"), 'nor for a pause');
ok($subscriber->await_versions('good/paused', '1 2 3'), 'after which all arrive, in order');

my @lines = slurp_file($node->logfile) =~ /set aside what cannot be published/g;
cmp_ok(scalar @lines, '<', 12, 'the log is not flooded: ' . @lines . ' lines');
log_is_clean($node);

done_testing();
