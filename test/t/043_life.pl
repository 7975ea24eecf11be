# How a publisher ends and begins again: little is published twice, it obeys at once, makes way, and says when it does not
# fit what is installed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', $proxy->url, init => { allows_streaming => 1 });
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

sub write_delta
{
    my ($document) = @_;
    return $node->safe_psql('postgres', "SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')");
}

# Told to end, it saves how far it has come. The cursor is saved at most every 100 ms: of deltas that come one by one some
# would be published again.
my $written = 0;
for my $how ('pg_terminate_backend', 'fast shutdown', 'smart shutdown', 'pg_terminate_backend', 'settings')
{
    my $script = PostgreSQL::Test::Utils::tempdir() . '/deltas.sql';
    append_to_file($script, "SELECT synckit_apply_delta('saved', 'test', 'set', 'a', '1');\n" x 40);
    $node->command_ok([ 'psql', '-X', '-q', '-o', '/dev/null', '-f', $script, $node->connstr('postgres') ], 'deltas, one by one');
    $written += 40;
    ok($subscriber->await_versions('saved', join(' ', 1 .. $written)), 'arrive');
    my $worker = publisher_pid($node, 'postgres');
    if ($how eq 'pg_terminate_backend') { end_publisher($node, 'postgres'); }
    elsif ($how eq 'settings') { $node->safe_psql('postgres', 'ALTER DATABASE postgres SET synckit.publish_batch = 50'); }
    else { $node->stop($how =~ /(\w+)/); }
    ok(poll(sub { !kill 0, $worker }), "$how ends the publisher");
    $node->start if $how =~ /shutdown/;
    write_delta('saved');
    $written++;
    ok($subscriber->await_versions('saved', join(' ', 1 .. $written)), 'another one publishes');
    is(scalar(() = $subscriber->deltas('saved')), $written, "$how: nothing is published twice");
}

# SIGTERM, while Redis hangs: within a second.
$proxy->freeze;
write_delta('hangs');
ok(poll(sub { status($node, 'postgres', 'lag_deltas') > 0 }), 'Redis hangs');
for my $round (1 .. 3)
{
    my $worker = publisher_pid($node, 'postgres');
    my $start = time;
    end_publisher($node, 'postgres');
    ok(poll(sub { !kill 0, $worker }), 'it is ended');
    cmp_ok(time - $start, '<', 1, sprintf('within a second: %.2f s', time - $start));
    ok(poll(sub { my $pid = publisher_pid($node, 'postgres'); $pid && $pid ne $worker }), 'another one comes');
}
$proxy->cut;
$proxy->pass;
ok($subscriber->await_versions('hangs', '1'), 'it arrives in the end');

# Whoever is about to drop the extension is not in its way for ever, nor it in theirs.
my $dropper = $node->background_psql('postgres');
$dropper->query_safe('SET client_min_messages = warning; BEGIN; DROP EXTENSION synckit CASCADE');
my $worker = publisher_pid($node, 'postgres');
end_publisher($node, 'postgres');
ok(poll(sub { !kill 0, $worker }, 10), 'told to end while the extension is being dropped, it ends');
$dropper->query_safe('ROLLBACK');
$dropper->quit;
write_delta('kept');
ok($subscriber->await_versions('kept', '1'), 'and publishes when it is not dropped after all');

# SQL or tables that the library does not serve: newer ones, and older.
for my $case (
    [ 'newer SQL', "UPDATE pg_extension SET extversion = '99.0' WHERE extname = 'synckit'", qr/does not serve version 99\.0 of the extension/,
        "UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'synckit'" ],
    [ 'older SQL', "UPDATE pg_extension SET extversion = '0.1' WHERE extname = 'synckit'", qr/does not serve version 0\.1 of the extension/,
        "UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'synckit'" ],
    [ 'newer tables', "CREATE OR REPLACE FUNCTION synckit.schema_version() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 99'",
        qr/the tables are of version 99, the library of version 1/,
        "CREATE OR REPLACE FUNCTION synckit.schema_version() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1'" ])
{
    my ($name, $break, $message, $mend) = @$case;
    my $log = -s $node->logfile;
    write_delta($name);
    ok($subscriber->await_versions($name, '1'), "$name: before");
    $node->safe_psql('postgres', $break);
    ok(await_state($node, 'postgres', 'version mismatch'), "$name: it idles");
    like(status($node, 'postgres', 'last_error'), $message, 'and says why');
    ok(poll(sub { slurp_file($node->logfile, $log) =~ $message }), 'in the log, too');
    is($node->safe_psql('postgres', "SELECT synckit_health() ->> 'status'"), 'degraded', 'which is no health');
    my @lines = slurp_file($node->logfile, $log) =~ /nothing is published/g;
    is(scalar @lines, 1, 'once');
    $node->safe_psql('postgres', $mend);
    ok(await_state($node, 'postgres', 'publishing'), "$name: mended");
    write_delta($name);
    ok($subscriber->await_versions($name, '1 2'), 'it publishes');
}

# A standby takes over: broadcasts, what is set aside and what was being worked off.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away');
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('taken-over', 'test', 'set', 'a', '1'), synckit_broadcast('taken-over', '1')});
$node->safe_psql('postgres', q{BEGIN; SELECT synckit_apply_delta('lost', 'test', 'set', 'a', '1'), synckit_broadcast('lost', '1')});
$node->safe_psql('postgres', q{INSERT INTO _synckit.set_aside (xid, seq, error, tries) VALUES ('1', 1, 'for a test', 1)});
$node->wait_for_catchup($standby);
my $epoch = status($node, 'postgres', 'epoch');
kill_server($node);
$proxy->pass;
$standby->promote;
ok($subscriber->await(sub { grep { $_->{payload} =~ /"broadcast","event":"taken-over"/ } @{ $subscriber->{others} } }),
    'a broadcast that waited is published by the promoted standby');
ok($subscriber->await_versions('taken-over', '1'), 'so is the delta');
my ($broadcast) = grep { ($_->{event} // '') eq 'taken-over' } map { $_->{message} } $subscriber->others;
cmp_ok($broadcast->{epoch}, '>', $epoch, 'in a new epoch');
is(scalar(grep { $_->{payload} =~ /"lost"/ } @{ $subscriber->{others} }), 0, 'what was not committed is not');
ok(await_status($standby, 'postgres', "state = 'publishing' AND set_aside = 1"), 'what was set aside is there');
log_is_clean($standby);

done_testing();
