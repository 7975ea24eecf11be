# Redis Cluster, three primaries with a replica each: plain messages by any node, sharded ones by the node of their slot;
# slots that move, and a primary that dies.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::FakeRedis;
use SyncKit::Node;
use SyncKit::Program;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

# By number: process, port, connection, the cluster's name for it.
my @nodes = map {
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $redis = SyncKit::Redis->new(conf => [ '--port', $port, '--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--cluster-port',
            PostgreSQL::Test::Cluster::get_free_port(), '--cluster-node-timeout', 2000, '--cluster-replica-validity-factor', 0 ]);
    { redis => $redis, port => $port, client => SyncKit::RedisClient->new($redis->path) };
} 1 .. 6;
command_ok([ 'redis-cli', '--cluster', 'create', (map { "127.0.0.1:$_->{port}" } @nodes), '--cluster-replicas', 1, '--cluster-yes' ],
    'a cluster is made');
$_->{name} = $_->{client}->command('CLUSTER', 'MYID') for @nodes;
for my $node (@nodes)
{
    ok(poll(sub {
        my $info = $node->{client}->command('CLUSTER', 'INFO');
        return $info =~ /cluster_state:ok/ && $info =~ /cluster_known_nodes:6/ && $node->{client}->command('ROLE')->[0] =~ /^(?:master|slave)$/;
    }), 'a node that knows the others');
}

# Who serves a channel, as node 0 sees it.
sub slot { return $nodes[0]{client}->command('CLUSTER', 'KEYSLOT', $_[0]); }
sub owner
{
    my ($channel, $asked) = @_;
    my $slot = slot($channel);
    for my $range (@{ ($asked // $nodes[0])->{client}->command('CLUSTER', 'SLOTS') })
    {
        my ($first, $last, $primary) = @$range;
        return (grep { $_->{port} == $primary->[1] } @nodes)[0] if $first <= $slot && $slot <= $last;
    }
    return;
}

# Any node passes plain messages on to all.
my $away = PostgreSQL::Test::Cluster::get_free_port();
my @subscribers = map { SyncKit::Subscriber->new($_->{redis}) } @nodes;
my $node = new_publisher('main', "redis://127.0.0.1:$away,127.0.0.1:$nodes[3]{port},127.0.0.1:$nodes[1]{port}");
$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 500) i, synckit_apply_delta('plain/' || i % 5, 'test', 'set', 'a', to_jsonb(i))");
for my $subscriber (@subscribers)
{
    ok($subscriber->await(sub { $subscriber->deltas == 500 }), 'every node hears all');
    ok($subscriber->await_versions("plain/$_", join(' ', 1 .. 100)), 'in order') for 0 .. 4;
}
set_conf($node, 'synckit.redis_url' => "'redis://127.0.0.1:$nodes[0]{port}/2'");
ok(await_status($node, 'postgres', "last_error LIKE '%no numbered databases%'"), 'a database number');

# Sharded: subscribers by node and channel.
my (%heard, %listening);    # document => [versions]; port => connection
sub follow
{
    my ($document) = @_;
    my $owner = owner("synckit:doc:$document");
    my $client = $listening{ $owner->{port} } //= SyncKit::RedisClient->new($owner->{redis}->path);
    $client->send('SSUBSCRIBE', "synckit:doc:$document");
    $heard{$document} //= [];
    take() until ($heard{$document}[0] // '') eq 'subscribed';
    shift @{ $heard{$document} };
    return;
}
sub take
{
    for my $port (keys %listening)
    {
        while (my $message = eval { $listening{$port}->next_reply(0.01) })
        {
            my ($kind, $channel, $payload) = @$message;
            my ($document) = $channel =~ /^synckit:doc:(.*)/;
            if ($kind eq 'ssubscribe') { unshift @{ $heard{$document} }, 'subscribed'; }
            elsif ($kind eq 'smessage') { push @{ $heard{$document} }, $payload =~ /,"version":(\d+),"lamport":/; }
        }
        delete $listening{$port} if $@;
    }
    return;
}
# Every version from `from` on, in order, repetitions left out.
sub heard_versions
{
    my ($document, $from, $to, $name) = @_;
    my $found = sub {
        my %seen;
        return join ' ', grep { $_ >= $from && !$seen{$_}++ } @{ $heard{$document} };
    };
    my $expected = join ' ', $from .. $to;
    poll(sub { take(); $found->() eq $expected });
    return is($found->(), $expected, $name);
}
my %version;
sub write_deltas
{
    my ($count, @documents) = @_;
    my $list = join ',', map { "('$_')" } @documents;
    $node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, $count) i, (VALUES $list) d (id), synckit_apply_delta(d.id, 'test', 'set', 'a', to_jsonb(i))");
    $version{$_} += $count for @documents;
    return;
}

# The least rights that docs/publisher.md names.
my ($rights) = slurp_file("$FindBin::RealBin/../../docs/publisher.md") =~ /^ +ACL SETUSER synckit on >password (.*)$/m;
$_->{client}->command('ACL', 'SETUSER', 'synckit', 'on', '>password', split / /, $rights) for @nodes;
my $file = PostgreSQL::Test::Utils::tempdir() . '/password';
append_to_file($file, "password\n");
chmod 0600, $file;
set_conf($node, 'synckit.redis_url' => "'redis://synckit\@127.0.0.1:$away,127.0.0.1:$nodes[4]{port}'", 'synckit.redis_sharded' => 'on',
    'synckit.redis_password_file' => "'$file'");
ok(await_state($node, 'postgres', 'publishing'), 'sharded');
my @documents = map { "sharded/$_" } 1 .. 30;
follow($_) for @documents;
my %owners = map { owner("synckit:doc:$_")->{port} => 1 } @documents;
is(scalar keys %owners, 3, 'the documents lie on all primaries');
write_deltas(40, @documents);
heard_versions($_, 1, 40, "$_: all versions, in order") for @documents;
is((grep { $_->{payload} =~ /sharded/ } map { $_->deltas } @subscribers), 0, 'not as plain messages');

# A slot moves while its channel is published to. A subscriber is told so by Redis, and subscribes anew.
sub move_slot
{
    my ($channel, $to) = @_;
    my ($slot, $from) = (slot($channel), owner($channel));
    $_->{client}->command('CLUSTER', 'SETSLOT', $slot, 'NODE', $to->{name}) for $to, $from;
    return $from;
}
my $moving = $documents[0];
my $log = -s $node->logfile;
my $from = owner("synckit:doc:$moving");
my ($to) = grep { $owners{ $_->{port} } && $_ != $from } @nodes;
for my $round (1 .. 4)
{
    my $target = $round % 2 ? $to : $from;
    move_slot("synckit:doc:$moving", $target);
    poll(sub { owner("synckit:doc:$moving")->{port} == $target->{port} });
    follow($moving);
    my $first = $version{$moving} + 1;
    write_deltas(20, $moving, @documents[ 1 .. 3 ]);
    heard_versions($moving, $first, $version{$moving}, "slot moved, $round: the new node gets all, in order");
}
heard_versions($_, 1, $version{$_}, "$_: not touched by it") for @documents[ 1 .. 3 ];
unlike(slurp_file($node->logfile, $log), qr/cannot publish/, 'it is followed without a complaint');

# The program hears a document, asked at any node; and where its slot moves to.
{
    my $tailed = 'sharded/tailed';
    my ($home) = owner("synckit:doc:$tailed");
    my @others = grep { $_ != $home } @nodes;
    my $tail = { out => '', err => '' };
    $tail->{run} = IPC::Run::start [ program('synckit'), 'tail', '--sharded', '--json', '--redis-url', "redis://127.0.0.1:$others[0]{port}", $tailed ],
        '<', \undef, '>', \$tail->{out}, '2>', \$tail->{err};
    my $hears = sub {
        my ($name) = @_;
        my $from = length $tail->{out};
        return ok(poll(sub {
            write_deltas(1, $tailed);
            $tail->{run}->pump_nb;
            return substr($tail->{out}, $from) =~ /"documentId":"\Q$tailed\E"/;
        }), $name) || diag($tail->{err});
    };
    $hears->('tail hears a sharded channel');
    my ($target) = grep { $owners{ $_->{port} } } @others;
    move_slot("synckit:doc:$tailed", $target);
    ok(poll(sub { $tail->{run}->pump_nb; $tail->{err} =~ /^NOTICE: .*subscribed again/m }), 'it is told that the slot has moved') or diag($tail->{err});
    like($tail->{err}, qr/^WARNING:.*moved to another node/, 'as it says');
    $hears->('and hears it there');
    $tail->{run}->kill_kill(grace => 5);
    my ($code, undef, $err) = run_program({}, 'synckit', 'tail', '--sharded', '--redis-url', "redis://127.0.0.1:$nodes[0]{port}", @documents);
    is($code, 3, 'documents of several slots');
    like($err, qr/^ERROR:.*refused.*\nDETAIL:.*CROSSSLOT.*\nHINT:.*several slots/, 'are refused');
}

# A primary dies; its replica takes its part.
my $dying = owner("synckit:doc:$documents[5]");
my $outages = status($node, 'postgres', 'outages');
$dying->{redis}->stop;
delete $listening{ $dying->{port} };
my ($witness) = grep { $_ != $dying && $owners{ $_->{port} } } @nodes;
my $first = $version{ $documents[5] } + 1;
write_deltas(10, $documents[5]);
ok(await_status($node, 'postgres', "outages > $outages"), 'a primary is gone');
ok(poll(sub { owner("synckit:doc:$documents[5]", $witness)->{port} != $dying->{port} }), 'another takes its part');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'publishing goes on by itself')
    or diag(slurp_file($node->logfile, $log));
my $heir = owner("synckit:doc:$documents[5]", $witness);
my $heir_client = $listening{ $heir->{port} } = SyncKit::RedisClient->new($heir->{redis}->path);
$heir_client->send('SSUBSCRIBE', "synckit:doc:$documents[5]");
take() until ($heard{ $documents[5] }[0] // '') eq 'subscribed';
shift @{ $heard{ $documents[5] } };
$first = $version{ $documents[5] } + 1;
write_deltas(10, $documents[5]);
heard_versions($documents[5], $first, $version{ $documents[5] }, 'at its heir');

# No majority: the cluster is down, and says so.
my @living = grep { $_ != $dying && $_->{client}->command('ROLE')->[0] eq 'master' } @nodes;
$_->{redis}->stop for @living[ 0, 1 ];
write_deltas(1, @documents);
ok(await_status($node, 'postgres', "state = 'connecting'"), 'the cluster is down');
note(status($node, 'postgres', 'last_error'));

# Sharded without a cluster is one server.
my $single = SyncKit::Redis->new;
%listening = ($single->path => SyncKit::RedisClient->new($single->path));
my ($client) = values %listening;
$client->send('SSUBSCRIBE', "synckit:doc:$documents[7]");
take() until ($heard{ $documents[7] }[0] // '') eq 'subscribed';
shift @{ $heard{ $documents[7] } };
set_conf($node, 'synckit.redis_url' => "'" . $single->url . "'", 'synckit.redis_password_file' => "''");
heard_versions($documents[7], $version{ $documents[7] }, $version{ $documents[7] }, 'sharded, without a cluster');

# Slots that lie scattered: the list of them is long. By a unix socket, which is that of one node alone. Without HELLO, which
# else tells that it is a cluster.
{
    $_->{redis}->stop for @nodes;
    my @two = map {
        my $port = PostgreSQL::Test::Cluster::get_free_port();
        my $redis = SyncKit::Redis->new(conf => [ '--port', $port, '--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--cluster-port',
                PostgreSQL::Test::Cluster::get_free_port(), '--rename-command', 'HELLO', '' ]);
        my $client = SyncKit::RedisClient->new($redis->path);
        my $parity = $_;
        $client->command('CLUSTER', 'ADDSLOTS', grep { $_ % 2 == $parity } 0 .. 16383);
        $client->command('CLUSTER', 'SET-CONFIG-EPOCH', $parity + 1);
        { redis => $redis, port => $port, client => $client };
    } 0, 1;
    my ($bus) = $two[1]{client}->command('CLUSTER', 'NODES') =~ /@(\d+)/;
    $two[0]{client}->command('CLUSTER', 'MEET', '127.0.0.1', $two[1]{port}, $bus);
    for my $one (@two)
    {
        ok(poll(sub { $one->{client}->command('CLUSTER', 'INFO') =~ /cluster_state:ok.*known_nodes:2/s }), 'one of two nodes');
    }
    set_conf($node, 'synckit.redis_url' => "'" . $two[0]{redis}->url . "'", 'synckit.redis_password_file' => "''");
    write_deltas(1, @documents);
    ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'scattered slots, by a unix socket');
    my @taken = map { $_->{client}->command('INFO', 'commandstats') =~ /cmdstat_spublish:calls=(\d+),.*?rejected_calls=(\d+)/ } @two;
    cmp_ok($taken[$_], '>', 0, 'a node gets its messages') for 0, 2;
    is("@taken[1, 3]", '0 0', 'and no others');

    # Nodes that do not agree who has a slot, until one takes it between two messages: what it takes is in order.
    my @fakes;
    my @ports = map { PostgreSQL::Test::Cluster::get_free_port() } 0, 1;
    my $slot = $two[0]{client}->command('CLUSTER', 'KEYSLOT', 'synckit:doc:disputed');
    my $taken = PostgreSQL::Test::Utils::tempdir() . '/taken';
    for my $self (0, 1)
    {
        my $asked = 0;
        push @fakes, SyncKit::FakeRedis->new(port => $ports[$self], connections => "$taken.connections", answers => sub {
            my ($command, undef, $message) = @_;
            return "*4\r\n\$4\r\nmode\r\n\$7\r\ncluster\r\n\$4\r\nrole\r\n\$6\r\nmaster\r\n" if $command eq 'HELLO';
            return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n\$9\r\n127.0.0.1\r\n:$ports[0]\r\n" if $command eq 'CLUSTER';
            return "+OK\r\n" if $command ne 'SPUBLISH';
            return "-MOVED $slot 127.0.0.1:$ports[1 - $self]\r\n" if $self == 0 || !$asked++;
            append_to_file($taken, "$1 ") if $message =~ /,"version":(\d+),"lamport":/;
            return ":1\r\n";
        });
    }
    set_conf($node, 'synckit.redis_url' => "'redis://127.0.0.1:$ports[0]'");
    ok(poll(sub { -e "$taken.connections" }), 'two nodes that do not agree');
    write_deltas(5, 'disputed');
    ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'one of them takes it');
    is(slurp_file($taken), '1 2 3 4 5 ', 'in order, from the first');
}
log_is_clean($node);

done_testing();
