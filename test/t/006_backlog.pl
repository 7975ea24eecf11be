# A large backlog, worked off in windows under a frozen snapshot; and what messages look like.
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
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis, mode => 'refuse');
my $node = new_publisher('main', $proxy->url, conf => "synckit.publish_batch = 100\n");
my $subscriber = SyncKit::Subscriber->new($redis);
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away');

# 24,000 deltas of 60 documents, by sessions that come in each other's way: xids and versions do not rise together.
my $call = q{
\set n random(1, 1000000)
SELECT count(*) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'd/' || (:n + i * 7) % 60, 'clientId', 'c' || :client_id,
        'operationType', 'set', 'fieldPath', 'f' || i % 5, 'value', :n + i))
    FROM generate_series(1, 30) i));
};
my $calls = 0;
my $start_backlog = sub {
    my ($transactions) = @_;
    $node->pgbench("--no-vacuum --client=4 --jobs=1 --transactions=$transactions", 0, [], [qr/^$/], 'deltas are written', { 'call' . ++$calls => $call });
};
$start_backlog->(200);
# A transaction that is open when the backlog is frozen comes after it.
my $open = $node->background_psql('postgres');
$open->query_safe("BEGIN; SELECT synckit_apply_delta('open', 'test', 'set', 'a', '1');");
my $backlog = $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas');
cmp_ok($backlog, '>=', 20_000, "a backlog of $backlog deltas");

# Stopped in its middle: by a publisher that is ended, a crash, a lost connection.
my $worker;
my $bytes = 24_000 * 500 / 5;
for my $how ('ended', 'crash', 'cut')
{
    $proxy->freeze_after($bytes);
    ok($proxy->await(sub { $_[0]{mode} eq 'freeze' }), "a part of the backlog is published ($how)");
    is($node->safe_psql('postgres', 'SELECT publishing_to IS NOT NULL AND position > 0 FROM _synckit.publisher'), 't',
        'the cursor stands in the middle of it');
    if ($how eq 'ended')
    {
        $worker = publisher_pid($node, 'postgres');
        end_publisher($node, 'postgres');
        ok(poll(sub { !kill 0, $worker }), 'the publisher is ended');
    }
    elsif ($how eq 'crash')
    {
        kill_server($node);
        $node->start;
    }
    $proxy->cut;
    $start_backlog->(4);    # comes after the backlog
}
$proxy->pass;
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'worked off');
heard_all($node, 'postgres', $subscriber, 'the backlog');
my $heard = () = $subscriber->deltas;
my $written = $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas');
cmp_ok($heard, '<', 2 * $written, "it was not begun anew each time: $heard messages for $written deltas");
is($node->safe_psql('postgres', 'SELECT publishing_to IS NULL FROM _synckit.publisher'), 't', 'the cursor is a snapshot again');
eval { $open->quit };    # its server was killed

# Many rows in one transaction are a backlog as well.
my $many = join ',', map { sprintf '{"documentId":"one","clientId":"c","operationType":"set","fieldPath":"f%d","value":%d}',
    $_ % 9, $_ } 1 .. 1000;
$node->safe_psql('postgres', qq{SELECT count(*) FROM synckit_apply_deltas('[$many]')});
ok($subscriber->await_versions('one', join(' ', 1 .. 1000)), 'a transaction larger than a batch');

# Redis away in the middle of a backlog, without anybody being ended.
$proxy->refuse;
$start_backlog->(50);
my $cuts = $proxy->cut_after(300_000)->{cuts};
ok($proxy->await(sub { $_[0]{cuts} > $cuts }), 'broken off in its middle');
heard_all($node, 'postgres', $subscriber, 'after a break in the backlog');

# Messages are what the rows are.
my $message_of = sub {
    my ($document) = @_;
    $subscriber->await(sub { scalar $subscriber->deltas($document) }) or return {};
    return JSON::PP->new->utf8->decode((reverse $subscriber->deltas($document))[0]{payload});
};
set_conf($node, 'synckit.max_message_bytes' => 2000);
my @cases = (
    [ 'plain', q{'set', 'field', '{"a": [1, 2.50, null, "\u00e9\"\\\\"]}'} ],
    [ 'null', q{'set', 'field', 'null'} ],
    [ 'delete', q{'delete', 'field'} ],
    [ 'merge', q{'merge', '', '{"a": 1, "b": {}}'} ],
    [ 'number', q{'set', 'field', '12345678901234567890.10', clock_value => 7} ],
    [ 'seen', q{'set', 'field', '1', seen => 5, server_id => 's "1"'} ],
    [ 'timestamp', q{'set', 'field', '1', "timestamp" => '2020-01-02 03:04:05.678+00'} ],
    [ "quote \"\\\x{7f} d\x{c3}\x{a9}/\x{e6}\x{97}\x{a5}", q{'set', 'feld ä', '1'} ],
);
for my $case (@cases)
{
    my ($document, $arguments) = @$case;
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('$document', 'client \"x\"', $arguments)");
    my $message = $message_of->($document);
    # Compared by Postgres, which keeps numbers as they are written.
    my $payload = ((reverse $subscriber->deltas($document))[0] // { payload => '{}' })->{payload} =~ s/'/''/gr;
    is($node->safe_psql('postgres', <<"SQL"), 't', "$document: every key is as in the row");
SELECT '$payload'::jsonb = jsonb_build_object('type', 'delta', 'id', id, 'documentId', document_id,
    'clientId', client_id, 'operationType', operation_type, 'fieldPath', field_path, 'value', value,
    'clockValue', clock_value, 'clock', clock::text::jsonb, 'version', version, 'lamport', lamport, 'stamp', stamp,
    'outcome', outcome, 'changedFields', to_jsonb(changed_fields),
    'timestamp', floor(extract(epoch FROM "timestamp") * 1000)::bigint, 'serverId', server_id,
    'epoch', (SELECT epoch FROM _synckit.publisher))
    AND '$payload'::text ~ '^{"type":"delta","id":".{36}","documentId":.*,"clientId":.*,"operationType":.*,"fieldPath":.*,"value":.*,"clockValue":[0-9]+,"clock":.*,"version":[0-9]+,"lamport":[0-9]+,"stamp":[0-9]+,"outcome":.*,"changedFields":.*,"timestamp":-?[0-9]+,"serverId":.*,"epoch":[0-9]+}\$'
FROM synckit.deltas WHERE document_id = '$document' ORDER BY version DESC LIMIT 1
SQL
}

# A value from a clock, and one that is too large for a message.
$node->safe_psql('postgres', "SELECT synckit_apply_delta('plain', 'client \"x\"', 'set', 'g', '2', clock => synckit_get_clock('plain'))");
ok($subscriber->await_versions('plain', '1 2'), 'with a clock');
is_deeply($message_of->('plain')->{clock}, { 'client "x"' => 1 }, 'which is told');
$node->safe_psql('postgres', "SELECT synckit_apply_delta('large', 'c', 'set', 'f', to_jsonb(repeat('x', 2500)))");
my $message = $message_of->('large');
is($message->{truncated}, JSON::PP::true, 'over max_message_bytes: truncated');
ok(!exists $message->{value}, 'without its value');
is($message->{version}, 1, 'but with the rest');
is($node->safe_psql('postgres', "SELECT length(state ->> 'f') FROM synckit.documents WHERE id = 'large'"), 2500, 'it is stored whole');
$node->safe_psql('postgres', "SELECT synckit_apply_delta('huge', 'c', 'set', 'f', to_jsonb(repeat('x', 5000000)))");
is($message_of->('huge')->{truncated}, JSON::PP::true, 'a huge one, too');
$node->safe_psql('postgres', "SELECT synckit_apply_delta('small', 'c', 'set', 'f', to_jsonb(repeat('x', 1200)))");
ok(!exists $message_of->('small')->{truncated}, 'one that fits is whole');

# Names that take six times the room in JSON do not take a message past the limit.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta(repeat(E'\x01', 255), repeat(E'\x02', 255), 'set', repeat(E'\x03', 500), '1', server_id => repeat(E'\x04', 255)), synckit_apply_delta('behind', 'c', 'set', 'f', '1')});
ok($subscriber->await_versions('behind', '1'), 'of names alone too long: the next one goes on');
ok(await_status($node, 'postgres', 'set_aside = 1'), 'it is set aside');
like($node->safe_psql('postgres', 'SELECT error FROM _synckit.set_aside'), qr/longer than synckit\.max_message_bytes even without its value/, 'and why');
set_conf($node, 'synckit.max_message_bytes' => "'8kB'");
$node->safe_psql('postgres', 'SELECT synckit_requeue()');
ok($subscriber->await_versions("\x01" x 255, '1'), '8 kB are enough for all names');
is(length($message_of->("\x01" x 255)->{serverId}), 255, 'with all of them');

# A cursor that is gone: from now on, in a new epoch, which is announced, be it by a later publisher.
my $epoch = status($node, 'postgres', 'epoch');
$subscriber->forget;
$proxy->refuse;
$node->safe_psql('postgres', 'DELETE FROM _synckit.publisher');
end_publisher($node, 'postgres');
ok(await_status($node, 'postgres', "state = 'connecting' AND epoch > $epoch"), 'without a cursor: a new epoch');
$worker = publisher_pid($node, 'postgres');
end_publisher($node, 'postgres');
ok(poll(sub { !kill 0, $worker }), 'ended before it could say so');
$proxy->pass;
ok($subscriber->await(sub { scalar $subscriber->epochs }), 'a new epoch is announced');
my ($announced) = $subscriber->others;
is($announced->{channel}, 'synckit:broadcast', 'on the broadcast channel');
is(join(' ', sort keys %{ $announced->{message} }), 'epoch timestamp type', 'with these keys');
cmp_ok($announced->{message}{epoch}, '>', $epoch, 'it is greater');
$node->safe_psql('postgres', "SELECT synckit_apply_delta('new epoch', 'c', 'set', 'f', '1')");
is($message_of->('new epoch')->{epoch}, $announced->{message}{epoch}, 'later messages carry it');
is(scalar(() = $subscriber->deltas), 1, 'nothing is published again');
log_is_clean($node);

done_testing();
