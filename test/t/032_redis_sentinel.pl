# Redis behind three Sentinels: the primary is found, and followed through a failover.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Program;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

sub free_port { return PostgreSQL::Test::Cluster::get_free_port(); }

# Two servers with a password, the second a replica of the first.
my @ports = (free_port(), free_port());
my @password = ('--requirepass', 'secret-word', '--masterauth', 'secret-word');
my @redis = map {
    SyncKit::Redis->new(password => 'secret-word', conf => [ '--port', $ports[$_], '--bind', '127.0.0.1', @password,
            $_ ? ('--replicaof', "127.0.0.1 $ports[0]") : () ])
} 0, 1;
my @sentinel_ports = map { free_port() } 1 .. 3;
my @sentinels = map {
    SyncKit::Redis->new(conf => [ '--port', $_, '--bind', '127.0.0.1' ], sentinel => <<"CONF")
sentinel monitor main 127.0.0.1 $ports[0] 2
sentinel auth-pass main secret-word
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 5000
CONF
} @sentinel_ports;
my @asked = map { SyncKit::RedisClient->new($_->path) } @sentinels;

# What a Sentinel knows of the primary.
sub known
{
    my ($sentinel) = @_;
    my %known = @{ $sentinel->command('SENTINEL', 'MASTER', 'main') };
    return \%known;
}
for my $sentinel (@asked)
{
    ok(poll(sub {
        my $known = known($sentinel);
        return $known->{'num-slaves'} == 1 && $known->{'num-other-sentinels'} == 2;
    }), 'the Sentinels know each other, and the replica');
}

my $file = PostgreSQL::Test::Utils::tempdir() . '/password';
append_to_file($file, "secret-word\n");
chmod 0600, $file;
my $addresses = join ',', map { "127.0.0.1:$_" } @sentinel_ports;
my $subscriber = SyncKit::Subscriber->new($redis[0]);
my $node = new_publisher('main', "redis+sentinel://$addresses/main", conf => "synckit.redis_password_file = '$file'\n");
my $written = 0;

sub write_delta
{
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('watched', 'test', 'set', 'a', '1')");
    return ++$written;
}

sub publishes
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $last = write_delta();
    return ok($subscriber->await(sub { $subscriber->versions('watched') =~ /\b$last$/ }), $name)
        || diag(status($node, 'postgres', '*'));
}

publishes('it publishes to the primary');

# What cannot be found out.
set_conf($node, 'synckit.redis_url' => "'redis+sentinel://$addresses/other'");
ok(await_status($node, 'postgres', "last_error LIKE '%Sentinel knows no primary of that name'"), 'a name that no Sentinel knows');
set_conf($node, 'synckit.redis_url' => "'redis+sentinel://127.0.0.1:$ports[0]/main'");
ok(await_status($node, 'postgres', "last_error LIKE '127.0.0.1:$ports[0]: Redis does not know a command%'"), 'a Redis in place of a Sentinel');

# A Sentinel that is away, one that demands a password (that of the servers).
my $nobody = free_port();
my $locked_port = free_port();
my $locked = SyncKit::Redis->new(conf => [ '--port', $locked_port, '--bind', '127.0.0.1' ], password => 'secret-word', sentinel => <<"CONF");
requirepass "secret-word"
sentinel sentinel-pass "none"
sentinel monitor main 127.0.0.1 $ports[0] 2
sentinel auth-pass main secret-word
CONF
set_conf($node, 'synckit.redis_url' => "'redis+sentinel://127.0.0.1:$nobody,127.0.0.1:$locked_port/main/2'");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
publishes('by the second Sentinel, which demands the password');
$locked->stop;
set_conf($node, 'synckit.redis_url' => "'redis+sentinel://$addresses/main'");
publishes('by the first of three again');

# The program asks Sentinels, too.
my $tail = { out => '', err => '' };
{
    local $ENV{REDIS_URL} = "redis+sentinel://:secret-word\@$addresses/main";
    $tail->{run} = IPC::Run::start [ program('synckit'), 'tail', '--json' ], '<', \undef, '>', \$tail->{out}, '2>', \$tail->{err};
}
sub tail_hears
{
    my ($name) = @_;
    my $from = length $tail->{out};
    return ok(poll(sub {
        write_delta();
        $tail->{run}->pump_nb;
        return substr($tail->{out}, $from) =~ /"documentId":"watched"/;
    }), $name) || diag($tail->{err});
}
tail_hears('tail hears the primary');

# How often a server was told to publish.
sub published_at
{
    my ($redis) = @_;
    my $client = SyncKit::RedisClient->new($redis->path, 'secret-word');
    return $client->command('INFO', 'commandstats') =~ /^cmdstat_publish:calls=(\d+)/m ? $1 : 0;
}

# Subscribes, again and again, until what is written is heard: Sentinels throw out all clients of a server whose part
# changes.
sub hears_at
{
    my ($redis, $name) = @_;
    my $heard = poll(sub {
        eval {
            $subscriber = SyncKit::Subscriber->new($redis);
            my $last = write_delta();
            $subscriber->await(sub { $subscriber->versions('watched') =~ /\b$last$/ }, 1);
        };
    });
    return ok($heard, $name) || diag(status($node, 'postgres', '*'));
}

# The primary dies. What is written meanwhile reaches the new one.
$redis[0]->stop;
my $before = published_at($redis[1]);
write_delta() for 1 .. 20;
ok(await_state($node, 'postgres', 'connecting'), 'the primary is gone');
ok(poll(sub { known($asked[1])->{port} == $ports[1] }), 'the Sentinels make the replica primary');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'the publisher has caught up');
cmp_ok(published_at($redis[1]) - $before, '>=', 20, 'all that was written meanwhile was published there');
hears_at($redis[1], 'subscribers of the new primary hear what is written');
tail_hears('tail has followed');

# The old one comes back as a replica, and nobody goes to it.
$redis[0]->start;
ok(poll(sub { eval { SyncKit::RedisClient->new($redis[0]->path, 'secret-word')->command('ROLE')->[0] eq 'slave' } }),
    'the old primary comes back as a replica');
publishes('the new one is published to still');

# Changed by hand, while all are well.
ok(poll(sub { eval { $asked[2]->command('SENTINEL', 'FAILOVER', 'main'); 1 } }), 'a failover by hand');
ok(poll(sub { eval { SyncKit::RedisClient->new($redis[0]->path, 'secret-word')->command('ROLE')->[0] eq 'master' } }), 'takes place');
ok(poll(sub { eval { SyncKit::RedisClient->new($redis[1]->path, 'secret-word')->command('ROLE')->[0] eq 'slave' } }), 'on both sides');
hears_at($redis[0], 'it is followed, too');
publishes('and goes on');

# All Sentinels away: who is connected stays so.
$_->stop for @sentinels;
publishes('without Sentinels');
is(end_publisher($node, 'postgres'), 1, 'a new publisher');
ok(await_status($node, 'postgres', "state = 'connecting' AND last_error LIKE '127.0.0.1:%could not connect%'"), 'finds nobody');
my $last = write_delta();
$_->start for @sentinels;
ok($subscriber->await(sub { $subscriber->versions('watched') =~ /\b$last$/ }), 'until they are back');
unlike(slurp_file($node->logfile), qr/secret-word/, 'no password is in the log');
$tail->{run}->kill_kill;
log_is_clean($node);

done_testing();
