# Sessions that never stop writing, and one random fault after the other: what was committed has all been accepted by Redis,
# nothing else was ever sent or heard, and each document's deltas in the order of their versions. Five minutes of it in the
# long run (SYNCKIT_TEST_LONG), else half a minute.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use Digest::MD5 qw(md5_hex);
use List::Util qw(shuffle);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use SyncKit::Node;
use SyncKit::Reconciliation qw(delta_contents broadcast_contents);
use SyncKit::Recorder;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Writers;

# A comparison that finds nothing is worth nothing: what it must find, in small.
subtest 'the comparison' => sub {
    my $delta = sub {
        my ($id, $document, $version, $value) = @_;
        return sprintf '{"type":"delta","id":"%s","documentId":"%s","value":%s,"clockValue":1,"version":%d,"lamport":1', $id, $document, $value // 1, $version;
    };
    my $send = sub {
        my ($n, $delta, $epoch) = @_;
        my ($document) = $delta =~ /"documentId":"([^"]+)"/;
        return sprintf 'sent %d synckit:doc:%s %s,"epoch":%d}', $n, $document, $delta =~ s/,"version"/,"clock":{"c":1},"version"/r, $epoch // 5;
    };
    my $broadcast = sub { return qq({"type":"broadcast","event":"$_[0]","data":1); };
    my $say = sub { return "sent $_[0] synckit:broadcast " . $broadcast->($_[1]) . ',"serverId":null,"timestamp":1,"epoch":5}'; };
    my %ids = (a1 => [ a => 1 ], a2 => [ a => 2 ], b1 => [ b => 1 ]);
    my @good = ($send->(1, $delta->('a1', 'a', 1)), 'accepted 1', $send->(2, $delta->('b1', 'b', 1)), $send->(3, $delta->('a2', 'a', 2)),
        'accepted 2', 'accepted 3', $say->(4, 'w1-1'), 'accepted 4', $say->(5, 'w1-2'), 'accepted 5');
    my $heard = sub { return $send->(0, @_) =~ s/^sent 0/heard/r; };
    for my $case (
        [ 'all as it should be' => '', @good ],
        [ 'twice' => '', @good, 'connected', map { s/5\}$/6}/r } @good ],
        [ 'not sent' => 'missing', @good[ 0 .. 7 ] ],
        [ 'not accepted' => 'missing', @good[ 0 .. 3, 5 .. 9 ] ],
        [ 'accepted by another connection only' => 'missing', @good[ 0 .. 8 ], 'connected', $good[9] ],
        [ 'refused' => 'refused', @good, $send->(6, $delta->('a1', 'a', 1)), 'refused 6 -ERR' ],
        [ 'one that was not committed, sent' => 'foreign', @good, $send->(6, $delta->('a3', 'a', 3)) ],
        [ 'heard' => 'foreign', @good, $heard->($delta->('a3', 'a', 3)) ],
        [ 'a broadcast' => 'foreign', @good, $say->(6, 'w1-3') ],
        [ 'something else' => 'foreign', @good, 'sent 6 synckit:doc:a {}' ],
        [ 'on another channel' => 'foreign', @good, $send->(6, $delta->('a1', 'a', 1)) =~ s/doc:a/doc:b/r ],
        [ 'another value' => 'different', @good, $send->(6, $delta->('a1', 'a', 1, 2)) ],
        [ 'another version' => 'different', @good, $send->(6, $delta->('a1', 'a', 2)) ],
        [ 'of another document' => 'different', @good, $heard->($delta->('a1', 'b', 1)) ],
        [ 'the later version first' => 'disordered', @good[ 2, 3, 4, 5, 0, 1, 6 .. 9 ] ],
        [ 'a broadcast before its deltas' => 'disordered', @good[ 0, 1, 6, 7, 2 .. 5, 8, 9 ] ],
        [ 'the later broadcast first' => 'disordered', @good[ 0 .. 5, 8, 9, 6, 7 ] ],
        [ 'heard with a gap' => 'disordered', @good, 'connected', $heard->($delta->('a1', 'a', 1)), $heard->($delta->('a3', 'a', 3)), ],
        [ 'an epoch that goes down' => 'epoch', @good, $send->(6, $delta->('a1', 'a', 1), 4) ])
    {
        my ($name, $kind, @lines) = @$case;
        my %deltas = map { $_ => [ @{ $ids{$_} }, md5_hex($delta->($_, @{ $ids{$_} })), $_ eq 'a2' ? 7 : 6 ] } keys %ids;
        $deltas{a3} = [ a => 3, md5_hex($delta->('a3', 'a', 3)), 6 ] if $name eq 'heard with a gap';
        my $compared = SyncKit::Reconciliation->new(deltas => \%deltas,
            broadcasts => { 'w1-1' => [ md5_hex($broadcast->('w1-1')), 7, 1, 1 ], 'w1-2' => [ md5_hex($broadcast->('w1-2')), 8, 1, 2 ] });
        $compared->take($_) for @lines;
        my $faults = $compared->faults;
        delete $faults->{missing} if $name eq 'heard with a gap';
        is(join(' ', sort keys %$faults), $kind, "$name: " . ($kind || 'nothing')) or diag explain $faults;
    }
};

my $seconds = $ENV{SYNCKIT_TEST_LONG} ? 300 : 25;
my $seed = $ENV{SYNCKIT_TEST_SEED} // int(rand(1 << 31));
srand $seed;
note "SYNCKIT_TEST_SEED=$seed makes the same faults and statements, in another interleaving";

my $redis = SyncKit::Redis->new(conf => [ '--enable-debug-command', 'yes' ]);
my $proxy = SyncKit::Recorder->proxy($redis);
my $subscriber = SyncKit::Recorder->subscriber($redis);
my $node = new_publisher('main', $proxy->url, conf => <<'CONF');
max_prepared_transactions = 20
restart_after_crash = on
wal_buffers = 64MB
bgwriter_lru_maxpages = 0
synckit.publish_batch = 200
deadlock_timeout = 100ms
log_min_messages = log
log_min_error_statement = panic
CONF
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
my $writers = SyncKit::Writers->start($node, count => 8, synchronous => 2);

# What was committed asynchronously stays in memory, unless somebody else writes it: the WAL writer stands still before the
# server is killed, and at times the publisher, which has it written before it publishes.
sub crash
{
    my $still = rand() < 0.5 ? "'walwriter'" : "'walwriter', 'synckit publisher'";
    kill 'STOP', split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type IN ($still)");
    sleep rand 0.7;
    kill_server($node);
    $node->start;
    return 1;
}

# Kills the publisher's process, and with it, as Postgres does it, every session.
sub kill_publisher
{
    my $pid;
    poll(sub { $pid = publisher_pid($node, 'postgres') }) or return 0;
    kill 'KILL', $pid or return 0;
    # While the server goes down it still lets some in.
    return poll(sub { !kill 0, $pid }) && poll(sub { ($node->psql('postgres', 'SELECT'))[0] == 0 });
}

# Ends the publisher's connections for a while, one as soon as it stands, another in the middle of an answer.
sub end_connections
{
    my $ended = 0;
    my $client = SyncKit::RedisClient->new($redis->path);
    my ($until, $deadline) = (time + rand, time + 20);
    while (time < $until || (!$ended && time < $deadline))
    {
        $ended += $client->command('CLIENT', 'KILL', 'ID', $_) for $client->command('CLIENT', 'LIST') =~ /^id=(\d+) .* name=synckit /mg;
        sleep rand 0.01;
    }
    return $ended > 0;
}

# Runs beside what comes next.
my @beside;
sub beside
{
    my ($sql) = @_;
    my $output = '';
    push @beside, IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', $sql ], '<', \undef, '>&', \$output);
    return 1;
}

# What breaks the server, at once; returns whether it did.
my %server = (
    'postmaster killed' => \&crash,
    'immediate shutdown' => sub { $node->stop('immediate'); $node->start; 1 },
    'fast restart' => sub { $node->restart; 1 },
    'publisher killed' => \&kill_publisher,
    'publisher terminated' => sub { poll(sub { end_publisher($node, 'postgres') }) },
);
# What lasts, and then is mended; between the two another fault may come.
my %lasting = (
    'Redis killed' => [ sub { $redis->stop }, sub { $redis->start } ],
    'Redis stopped' => [ sub { $redis->freeze }, sub { $redis->thaw } ],
    'Redis asleep' => [ sub { SyncKit::RedisClient->new($redis->path)->send('DEBUG', 'SLEEP', sprintf '%.2f', rand 3) }, sub { } ],
    'publishing paused' => [ sub { set_conf($node, 'synckit.publish' => 'off') }, sub { set_conf($node, 'synckit.publish' => 'on') } ],
    # As if it had not cost a flush of WAL: a crash may take it back, unless somebody has heard of it.
    'new epoch' => [ sub { $node->safe_psql('postgres', 'SET synchronous_commit = off; SELECT synckit_new_epoch()') }, sub { } ],
    'xid held' => [ sub { beside('BEGIN; SELECT pg_current_xact_id(), pg_sleep(4); COMMIT') }, sub { } ],
);
my %faults = (%server, 'connections ended' => \&end_connections);
for my $name (keys %lasting)
{
    my ($break, $mend) = @{ $lasting{$name} };
    $faults{$name} = sub {
        $break->();
        # Now and then for longer than the publisher waits for an answer.
        sleep(rand() < 0.1 ? 6 : rand 1.2);
        make_fault($_) for rand() < 0.5 ? (shuffle sort keys %server)[0] : ();
        $mend->();
        return 1;
    };
}

# How often each was made.
my %made = map { $_ => 0 } keys %faults;
my $start = time;
sub make_fault
{
    my ($name) = @_;
    note sprintf '%.1f s: %s', time - $start, $name;
    my $done = $faults{$name}->();
    $made{$name}++ if $done;
    return;
}

# Each once before any comes again.
my @due;
while (time < $start + $seconds || grep { $_ == 0 } values %made)
{
    last if time > $start + $seconds + 60;
    @due = shuffle sort keys %faults unless @due;
    make_fault(shift @due);
    sleep rand 1.2;
}

$writers->stop;
$_->finish for @beside;
my $resolve = PostgreSQL::Test::Utils::tempdir() . '/resolve.sql';
append_to_file($resolve, SyncKit::Writers::resolve_prepared('%'));
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $resolve ], 'no transaction stays prepared');
# Whatever was committed before this is among what waits once this does.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('last', 'test', 'set', 'a', '1')});
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0", 180), 'all is published');
is(status($node, 'postgres', 'set_aside + requeued'), 0, 'nothing is set aside');
my @records = map { $_->finish } $proxy, $subscriber;

# The rows of a query, each an array.
sub rows
{
    my ($query) = @_;
    my $file = PostgreSQL::Test::Utils::tempdir() . '/rows';
    $node->safe_psql('postgres', "COPY ($query) TO '$file'");
    open my $handle, '<', $file or die "cannot read $file: $!";
    return map { chomp; [ split /\t/ ] } <$handle>;
}

my %deltas = map { my ($id, @delta) = @$_; $id => \@delta }
    rows('SELECT id, document_id, version, md5(' . delta_contents() . '), xid FROM synckit.deltas');
my %broadcasts = map { my ($event, @broadcast) = @$_; $event => \@broadcast }
    rows('SELECT event, md5(' . broadcast_contents() . '), xid, coalesce(session, 0), number FROM sent_broadcasts');
my $compared = SyncKit::Reconciliation->new(deltas => \%deltas, broadcasts => \%broadcasts);
$compared->read_record($_) for @records;
my $faults = $compared->faults;
my %said = (
    missing    => 'all that was committed was accepted by Redis',
    foreign    => 'nothing was sent or heard that is not committed',
    different  => 'and all as it was committed',
    disordered => 'in order',
    epoch      => 'under epochs that never go down',
    refused    => 'and Redis refused nothing',
);
is(join("\n", @{ $faults->{$_} // [] }), '', $said{$_}) for sort keys %said;

# Postgres, too, has kept its word; and has lost something, which was not heard before.
my ($synchronous, $others) = map { [ grep { !$deltas{$_} } @$_ ] } $writers->answered;
is("@$synchronous", '', 'no delta that was committed synchronously was lost');
my $counts = $compared->counts;
note "SYNCKIT_TEST_SEED=$seed";
note sprintf '%d deltas and %d broadcasts in %d transactions; %d sent, %d accepted, %d heard, %d epochs; %d lost in crashes',
    scalar(keys %deltas), scalar(keys %broadcasts), scalar(keys %{ { map { $_->[3] => 1 } values %deltas } }),
    @$counts{qw(sent accepted heard)}, $compared->epochs, scalar @$others;
note 'faults: ' . join ', ', map { "$_ $made{$_}" } sort keys %made;

# It was not for nothing.
is(join(', ', grep { !$made{$_} } sort keys %made), '', 'every fault was made');
cmp_ok(scalar keys %deltas, '>', 40 * $seconds, 'there were many deltas');
cmp_ok(scalar keys %broadcasts, '>', 5 * $seconds, 'and broadcasts');
cmp_ok($counts->{heard}, '>', scalar(keys %deltas) / 10, 'a subscriber has heard many of them');
cmp_ok($compared->epochs, '>', 1, 'under more than one epoch');
cmp_ok(scalar @$others, '>', 0, 'and crashes took away some that were committed asynchronously') if $ENV{SYNCKIT_TEST_LONG};

my %errors = $writers->errors;
note 'errors: ' . join ', ', map { "$_ $errors{$_}" } sort keys %errors;
# Conflicts, what the statements do to themselves, and what was prepared by a session that is gone.
my %expected = map { $_ => 1 } qw(22012 25P02 3B001 40001 40P01 42704 55P03 SK001);
is(join(' ', grep { !$expected{$_} } sort keys %errors), '', 'sessions met no errors but conflicts');
my @crashes = grep { /terminated by signal|PANIC:|TRAP:/ && !/"synckit publisher[^"]*".*terminated by signal 9/ } split /\n/, slurp_file($node->logfile);
is(join("\n", @crashes), '', 'no process has crashed but those that were killed');

done_testing();
