# The program: migrate, health, tail.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::FakeRedis;
use SyncKit::Node;
use SyncKit::Program;
use SyncKit::Proxy;
use SyncKit::Redis;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $node = new_node('main', redis_url => $proxy->url);
$node->start;
my %server = (PGHOST => $node->host, PGPORT => $node->port, REDIS_URL => $redis->url);
delete $ENV{DATABASE_URL};

# Runs it against a database: the exit code, and what it prints, are as expected.
sub synckit
{
    my ($environment, $arguments, $code, $out, $err, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($got_code, $got_out, $got_err) = run_program({ %server, %$environment }, 'synckit', @$arguments);
    return subtest $name => sub {
        is($got_code, $code, 'exit code');
        like($got_out, $out, 'output');
        like($got_err, $err, 'errors');
    };
}

synckit({}, ['--version'], 0, qr/^synckit \d+\.\d+/, qr/^$/, 'version');
synckit({}, ['--help'], 0, qr/migrate.*health.*cleanup.*tail/s, qr/^$/, 'help');
synckit({}, [], 2, qr//, qr/./, 'no command');
synckit({}, ['migrate', '--nonsense'], 2, qr//, qr/nonsense/, 'no such option');

# From nothing to publishing in two commands.
$node->command_ok([ 'createdb', '-h', $node->host, '-p', $node->port, 'fresh' ], 'createdb');
my $fresh = { PGDATABASE => 'fresh' };
synckit($fresh, [ 'migrate', '--status' ], 1, qr/not current.*does not have the extension/, qr/^$/, 'status before');
synckit($fresh, ['health'], 1, qr/status: not_installed/, qr/^$/, 'health before');
synckit($fresh, ['migrate'], 0, qr/extension synckit: created\n.*from version none to 1/, qr/^$/, 'migrate');
synckit($fresh, [ 'migrate', '--status' ], 0, qr/^current: schema version 1/, qr/^$/, 'status after');
synckit($fresh, ['migrate'], 0, qr/installed already\n.*version 1 is current/, qr/^$/, 'migrate again');
ok(await_state($node, 'fresh', 'publishing'), 'it publishes');
synckit($fresh, ['health'], 0, qr/^status: ok\n.*publisher\.state: publishing/s, qr/^$/, 'health');
my (undef, $json) = run_program({ %server, %$fresh }, 'synckit', 'health', '--json');
is(JSON::PP->new->utf8->decode($json)->{publisher}{connected}, JSON::PP::true, 'health --json');
synckit({ DATABASE_URL => 'postgresql:///nowhere', PGDATABASE => 'fresh' }, [ 'migrate', '--status' ], 3, qr/^$/, qr/nowhere/, 'DATABASE_URL counts');
synckit({ DATABASE_URL => 'postgresql:///nowhere' }, [ 'migrate', '--status', '--database-url', 'postgresql:///fresh' ], 0, qr/^current/, qr/^$/,
    'and --database-url more');

# Damage is seen.
$node->safe_psql('fresh', 'DROP INDEX synckit.deltas_xid_seq_idx');
synckit($fresh, [ 'migrate', '--status' ], 1, qr/not current.*index synckit\.deltas_xid_seq_idx is missing/s, qr/^$/, 'status of damaged tables');
$node->safe_psql('fresh', 'CREATE INDEX deltas_xid_seq_idx ON synckit.deltas (xid, seq)');

# Somebody who may not create the extension; and then may migrate, once it is there.
$node->safe_psql('postgres', 'CREATE ROLE ordinary LOGIN; CREATE DATABASE owned OWNER ordinary');
my $ordinary = { PGDATABASE => 'owned', PGUSER => 'ordinary' };
synckit($ordinary, ['migrate'], 4, qr/^$/, qr/ERROR:.*permission denied.*HINT:.*CREATE EXTENSION IF NOT EXISTS synckit;/s, 'without the right to create the extension');
$node->safe_psql('owned', 'CREATE EXTENSION IF NOT EXISTS synckit');
synckit($ordinary, ['migrate'], 0, qr/installed already\n.*from version none to 1/, qr/^$/, 'with the extension there');
is($node->safe_psql('owned', "SELECT relowner::regrole FROM pg_class WHERE oid = 'synckit.deltas'::regclass"), 'ordinary', 'the tables are theirs');
synckit({ PGDATABASE => 'owned', PGUSER => 'nobody' }, ['migrate'], 3, qr/^$/, qr/nobody/, 'no such role');

# Redis away is an illness.
$proxy->refuse;
ok(await_state($node, 'fresh', 'connecting'), 'Redis is away');
synckit($fresh, ['health'], 1, qr/^status: degraded\n.*publisher\.last_error: ./s, qr/^$/, 'health without Redis');
$proxy->pass;
ok(await_state($node, 'fresh', 'publishing'), 'Redis is back');

# Cleanup: batch by batch, until nothing is left.
$node->safe_psql('fresh', q{
    SELECT synckit_save_session('s' || i, 'ann') FROM generate_series(1, 25) i;
    UPDATE synckit.sessions SET last_seen = now() - interval '2 hours' WHERE id <> 's1';
});
synckit($fresh, [ 'cleanup', '--sessions-hours', '1', '--batch', '10' ], 0,
    qr/^sessions deleted: 24\ndeltas deleted: 0\nfield tombstones deleted: 0\n$/, qr/^$/, 'cleanup');
synckit($fresh, ['cleanup'], 0, qr/^sessions deleted: 0\n/, qr/^$/, 'cleanup with nothing to do');
synckit($fresh, [ 'cleanup', '--deltas-days', '-1' ], 2, qr/^$/, qr/deltas-days/, 'a wrong age');
synckit({ PGDATABASE => 'template1' }, ['cleanup'], 4, qr/^$/, qr/^ERROR:.*does not have the extension/, 'cleanup of nothing');

# Tail: a line a message, as it comes.
my %tails = (human => [], json => ['--json'], other => ['other document']);
for my $name (keys %tails)
{
    my $tail = { out => '', err => '' };
    local @ENV{ keys %server } = values %server;
    $tail->{run} = IPC::Run::start [ program('synckit'), 'tail', @{ $tails{$name} } ], '<', \undef, '>', \$tail->{out}, '2>', \$tail->{err};
    $tails{$name} = $tail;
}
ok(poll(sub {
    $node->safe_psql('fresh', "SELECT synckit_apply_delta('my document', 'ann', 'set', 'title', '\"Hello\"')");
    $_->{run}->pump_nb for values %tails;
    return $tails{human}{out} =~ /\n/ && $tails{json}{out} =~ /\n/;
}), 'tail shows a delta') or diag(map { $_->{err} } values %tails);
like($tails{human}{out}, qr/^\d\d:\d\d:\d\d\.\d{3}  .*my document.*set title = "Hello".*ann/, 'for people');
my ($line) = split /\n/, $tails{json}{out};
my $delta = eval { JSON::PP->new->utf8->decode($line) } // {};
is($delta->{channel}, 'synckit:doc:my document', 'as JSON');
is($delta->{message}{value}, 'Hello', 'with the message');
is($tails{other}{out}, '', 'only the documents that were asked for');
$node->safe_psql('fresh', "SELECT synckit_apply_delta('other document', 'ann', 'set', 'title', '1')");
ok(poll(sub { $tails{other}{run}->pump_nb; $tails{other}{out} =~ /other document/ }), 'which are shown');
$_->{run}->kill_kill(grace => 5) for values %tails;

# A Redis that lets tail in only to end the connection: it comes back after longer and longer pauses.
{
    my $file = PostgreSQL::Test::Utils::tempdir() . '/connections';
    my $fake = SyncKit::FakeRedis->new(welcomes => 1, ends => 'close', bytes => "*3\r\n\$9\r\nsubscribe\r\n\$1\r\nx\r\n:1\r\n", connections => $file);
    my $err = '';
    my $run = IPC::Run::start [ program('synckit'), 'tail', '--redis-url', $fake->url, 'x' ], '<', \undef, '>', \my $out, '2>', \$err;
    my @times;
    ok(poll(sub { $run->pump_nb; @times = -e $file ? split /\n/, slurp_file($file) : (); @times >= 6 }), 'it comes again and again') or diag($err);
    $run->kill_kill(grace => 5);
    for my $pause (1 .. 5)
    {
        cmp_ok($times[$pause] - $times[ $pause - 1 ], '>=', 0.099 * 2**($pause - 1), "pause $pause");
    }
    like($err, qr/^WARNING: .*lost the connection to Redis: trying again until it is back\n(?:DETAIL: .*\n)?NOTICE: .*subscribed again.*\nWARNING: /, 'and says so');
}

# Errors.
synckit({}, [ 'tail', '--sharded' ], 2, qr/^$/, qr/^ERROR:.*name of a document\nHINT:.*pattern/, 'sharded channels without a name');
synckit({}, [ 'tail', '--redis-url', 'unix:///nowhere/redis' ], 3, qr/^$/, qr/^ERROR:.*nowhere/, 'no Redis');
synckit({}, [ 'tail', '--redis-url', 'http://localhost' ], 2, qr/^$/, qr/^ERROR:.*HINT:/s, 'no address');
synckit({ PGDATABASE => 'nowhere' }, ['health'], 1, qr/^status: unreachable/, qr/^$/, 'health of nothing');
synckit({ PGHOST => '/nowhere', PGDATABASE => 'fresh' }, [ 'migrate', '--status' ], 3, qr/^$/, qr/^ERROR:/, 'no server');
log_is_clean($node);

done_testing();
