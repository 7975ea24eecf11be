# synckit_broadcast() is published when and only if its transaction commits, whatever happens in between; and
# synckit_new_epoch() is announced at once.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', $proxy->url, conf => "max_prepared_transactions = 4\nsynckit.publish_batch = 20\n");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

# The events as they came for the first time.
sub events
{
    my (%seen, @events);
    for my $message (map { $_->{message} } $subscriber->others)
    {
        next if $message->{type} ne 'broadcast';
        push @events, $message->{event} unless $seen{ $message->{event} }++;
    }
    return "@events";
}

sub await_events
{
    my ($events, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($subscriber->await(sub { events() eq $events }), $name) or diag('heard: ' . events());
    $subscriber->forget;
    return;
}

sub sql { return $node->safe_psql('postgres', $_[0]); }

# The message.
my $epoch = status($node, 'postgres', 'epoch');
$subscriber->forget;
sql(q{SET synckit.server_id = 's "1"'; SELECT synckit_broadcast('one', '{"a": [1, 2.50, null, "ü\""], "n": 12345678901234567890.10}')});
ok($subscriber->await(sub { events() eq 'one' }), 'a broadcast arrives');
my ($heard) = grep { $_->{payload} =~ /"one"/ } @{ $subscriber->{others} };
is($heard->{channel}, 'synckit:broadcast', 'on the broadcast channel');
like($heard->{payload}, qr/^\{"type":"broadcast","event":"one","data":\{"a": \[1, 2\.50, null, "\xc3\xbc\\""\], "n": 12345678901234567890\.10\},"serverId":"s \\"1\\"","timestamp":\d{13},"epoch":$epoch\}$/,
    'as it was sent');
$subscriber->forget;
sql(q{SELECT synckit_broadcast('nothing', NULL)});
ok($subscriber->await(sub { events() eq 'nothing' }), 'without data');
my ($message) = map { $_->{message} } $subscriber->others;
is_deeply([ @$message{qw(data serverId)} ], [ undef, undef ], 'they are null');
$subscriber->forget;

# If, and only if, the transaction commits.
sql(q{BEGIN; SELECT synckit_broadcast('rolled-back', '1'); ROLLBACK});
sql(q{BEGIN; SELECT synckit_broadcast('a', '1'); SAVEPOINT s; SELECT synckit_broadcast('lost', '1'); ROLLBACK TO s;
    SAVEPOINT t; SELECT synckit_broadcast('b', '1'); RELEASE t; COMMIT});
my $open = $node->background_psql('postgres');
$open->query_safe(q{BEGIN; SELECT synckit_broadcast('open', '1')});
sql(q{BEGIN; SELECT synckit_broadcast('prepared', '1'); PREPARE TRANSACTION 'p'});
sql(q{BEGIN; SELECT synckit_broadcast('prepared-and-lost', '1'); PREPARE TRANSACTION 'q'});
sql(q{SELECT synckit_broadcast('c', '1')});
await_events('a b c', 'what is not committed, or taken back, is not heard');
$open->query_safe('COMMIT');
await_events('open', 'one that was open for long');
sql(q{COMMIT PREPARED 'p'; ROLLBACK PREPARED 'q'; SELECT synckit_broadcast('d', '1')});
ok($subscriber->await(sub { join(' ', sort split / /, events()) eq 'd prepared' }), 'one that was prepared');
$subscriber->forget;
$open->quit;

# After the deltas that were committed with it, in the order in which they were sent.
sql(q{BEGIN; SELECT synckit_broadcast('first', '1'), synckit_apply_delta('d', 't', 'set', 'a', '1'); SELECT synckit_broadcast('second', '1'); COMMIT});
ok($subscriber->await(sub { events() eq 'first second' }), 'two, with a delta');
is($subscriber->versions('d'), '1', 'which is heard before them');
$subscriber->forget;

# Redis away, a crash, a backlog, and all of it at once.
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away');
my @names = map { "n$_" } 1 .. 100;
sql(join ';', map { "SELECT synckit_broadcast('$_', '1'), synckit_apply_delta('e', 't', 'set', 'a', '1')" } @names[ 0 .. 49 ]);
kill_server($node);
$node->start;
sql(q{SELECT synckit_broadcast('n' || i, '1'), synckit_apply_delta('e', 't', 'set', 'a', '1') FROM generate_series(51, 100) i});
$proxy->freeze_after(20_000);
ok($proxy->await(sub { $_[0]{mode} eq 'freeze' }), 'a part is published');
end_publisher($node, 'postgres');
$proxy->cut;
$proxy->pass;
await_events("@names", 'a backlog of a hundred, in order, across a crash, and a publisher that is ended');
ok(await_status($node, 'postgres', 'lag_deltas = 0'), 'nothing waits');
sql('SELECT synckit_broadcast(repeat(\'x\', i), \'1\') FROM generate_series(1, 21) i');
await_events(join(' ', map { 'x' x $_ } 1 .. 21), 'more than a batch in one transaction');

# They do not stay.
ok(poll(sub { sql('SELECT count(*) FROM _synckit.broadcasts') == 0 }), 'what was published is deleted');

# What cannot be sent, and who may not.
for my $case (
    [ q{NULL, '1'} => qr/event must not be null/ ],
    [ q{'', '1'} => qr/event must not be empty/ ],
    [ q{repeat('x', 256), '1'} => qr/event is too long/ ],
    [ q{'e', to_jsonb(repeat('x', 300000))} => qr/the broadcast is too long/ ],
    [ q{'e', ('[' || repeat('1e131071,', 30000) || '1]')::jsonb} => qr/the broadcast is too long/ ])
{
    my (undef, undef, $error) = $node->psql('postgres', "SELECT synckit_broadcast($case->[0])");
    like($error, $case->[1], "refused: $case->[0]");
}
sql('CREATE ROLE reader; CREATE ROLE writer; GRANT USAGE ON SCHEMA synckit TO reader, writer; GRANT SELECT ON synckit.deltas TO reader; GRANT INSERT ON synckit.deltas TO writer');
my (undef, undef, $error) = $node->psql('postgres', "SET ROLE reader; SELECT synckit_broadcast('e', '1')");
like($error, qr/ERROR:  permission denied for table deltas/, 'who may not write deltas may not broadcast');
sql("SET ROLE writer; SELECT synckit_broadcast('writer', '1')");
await_events('writer', 'who may write them may');
for my $statement ('SELECT * FROM _synckit.broadcasts', "INSERT INTO _synckit.broadcasts (event) VALUES ('e')")
{
    (undef, undef, $error) = $node->psql('postgres', "SET ROLE writer; $statement");
    like($error, qr/permission denied/, "but not $statement");
}

# One that has become too long for a message is set aside, the next goes on.
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away');
sql(q{SELECT synckit_broadcast('long', to_jsonb(repeat('x', 3000))); SELECT synckit_broadcast('short', '1')});
set_conf($node, 'synckit.max_message_bytes' => 2000);
$proxy->pass;
await_events('short', 'one that is too long is not in the way');
ok(await_status($node, 'postgres', 'set_aside = 1'), 'it is set aside');
like(sql('SELECT error FROM _synckit.set_aside WHERE broadcast IS NOT NULL'), qr/longer than synckit\.max_message_bytes/, 'and why');
set_conf($node, 'synckit.max_message_bytes' => "'256kB'");
is(sql('SELECT synckit_requeue()'), 1, 'requeued');
await_events('long', 'it arrives');
ok(await_status($node, 'postgres', 'set_aside = 0'), 'and is no more set aside');

# A new epoch.
$epoch = status($node, 'postgres', 'epoch');
sql('BEGIN; SELECT synckit_new_epoch(); ROLLBACK');
is(status($node, 'postgres', 'epoch'), $epoch, 'a new epoch that is rolled back is none');
my $new = sql('SELECT synckit_new_epoch()');
cmp_ok($new, '>', $epoch, 'a new epoch is greater');
ok($subscriber->await(sub { grep { $_ eq $new } $subscriber->epochs }), 'and is announced');
sql(q{SELECT synckit_broadcast('of-the-new', '1')});
ok($subscriber->await(sub { events() eq 'of-the-new' }), 'what comes after it');
($message) = map { $_->{message} } grep { $_->{message}{type} eq 'broadcast' } $subscriber->others;
is($message->{epoch}, $new, 'carries it');
# While somebody holds it in an open transaction, publishing goes on.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; SELECT synckit_new_epoch()');
$subscriber->forget;
sql(qq{SELECT synckit_apply_delta('held', 't', 'set', 'a', '$_')}) for 1 .. 5;
ok($subscriber->await_versions('held', '1 2 3 4 5'), 'one that is not committed holds up nothing');
ok(poll(sub { sql('SELECT count(*) FROM pg_locks WHERE NOT granted') == 0 }), 'nor does the publisher wait for it');
$holder->query_safe('COMMIT');
$holder->quit;
ok($subscriber->await(sub { scalar $subscriber->epochs }), 'committed: it is announced');
$subscriber->forget;
$new = sql(q{BEGIN; SELECT synckit_new_epoch(); PREPARE TRANSACTION 'epoch'});
sql(q{COMMIT PREPARED 'epoch'});
ok($subscriber->await(sub { grep { $_ eq $new } $subscriber->epochs }), 'one that was prepared is announced, too');
(undef, undef, $error) = $node->psql('postgres', 'SET ROLE writer; SELECT synckit_new_epoch()');
like($error, qr/ERROR:  must be owner of synckit's tables/, 'for operators only');
log_is_clean($node);

done_testing();
