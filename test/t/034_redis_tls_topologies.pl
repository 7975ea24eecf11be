# TLS to Sentinels and to the nodes of a cluster: each is verified by the address that was given for it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Certificates;
use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

sub free_port { return PostgreSQL::Test::Cluster::get_free_port(); }

my $authority = SyncKit::Certificates->new('the authority');
my ($certificate, $key) = $authority->issue('DNS:localhost,IP:127.0.0.1');
my ($nameless, $its_key) = $authority->issue('DNS:localhost');

# The command line of a server that speaks nothing but TLS, at this port.
sub by_tls
{
    my ($port, $certificate, $key) = @_;
    return ('--tls-port', $port, '--bind', '127.0.0.1', '--tls-cert-file', $certificate, '--tls-key-file', $key,
        '--tls-ca-cert-file', $authority->ca_file, '--tls-auth-clients', 'no', '--tls-replication', 'yes');
}

# A primary and a Sentinel.
my ($port, $sentinel_port) = (free_port(), free_port());
my $redis = SyncKit::Redis->new(conf => [ by_tls($port, $certificate, $key) ]);
my $sentinel = SyncKit::Redis->new(conf => [ by_tls($sentinel_port, $certificate, $key) ], sentinel => "sentinel monitor main 127.0.0.1 $port 1\n");
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', "rediss+sentinel://localhost:$sentinel_port/main", conf => "synckit.redis_ca_file = '" . $authority->ca_file . "'\n");
my $written = 0;

sub publishes
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('tls', 'test', 'set', 'a', '1')");
    $written++;
    return ok($subscriber->await(sub { $subscriber->versions('tls') =~ /\b$written$/ }), "$name: it publishes")
        || diag(status($node, 'postgres', '*'));
}
publishes('Sentinel and primary by TLS');
set_conf($node, 'synckit.redis_url' => "'redis+sentinel://localhost:$sentinel_port/main'");
ok(await_status($node, 'postgres', "last_error LIKE 'localhost:$sentinel_port: %'"), 'not without it');
set_conf($node, 'synckit.redis_url' => "'rediss+sentinel://localhost:$sentinel_port/main'");
publishes('and back');

# The Sentinel names an address; a certificate for the name alone does not do.
$redis->stop;
my $replaced = SyncKit::Redis->new(conf => [ by_tls($port, $nameless, $its_key) ]);
ok(await_status($node, 'postgres', "last_error LIKE '127.0.0.1:$port: %certificate%IP address mismatch'"), 'a primary is verified by its address')
    or diag(status($node, 'postgres', 'last_error'));
$_->stop for $replaced, $sentinel;

# A cluster.
my @ports = map { free_port() } 1 .. 3;
my @nodes = map {
    SyncKit::Redis->new(conf => [ by_tls($_, $certificate, $key), '--tls-cluster', 'yes', '--cluster-enabled', 'yes', '--cluster-port', free_port() ])
} @ports;
command_ok([ 'redis-cli', '--tls', '--cacert', $authority->ca_file, '--cluster', 'create', (map { "127.0.0.1:$_" } @ports), '--cluster-yes' ],
    'a cluster by TLS');
for my $redis (@nodes)
{
    ok(poll(sub { SyncKit::RedisClient->new($redis->path)->command('CLUSTER', 'INFO') =~ /cluster_state:ok/ }), 'a node of it');
}
$subscriber = SyncKit::Subscriber->new($nodes[2]);
set_conf($node, 'synckit.redis_url' => "'rediss://127.0.0.1:$ports[0]'");
publishes('by one node of the cluster');
set_conf($node, 'synckit.redis_sharded' => 'on');
my %heard;
my @listening = map { SyncKit::RedisClient->new($_->path) } @nodes;
my @documents = map { "doc$_" } 1 .. 12;
for my $document (@documents)
{
    for my $client (@listening)
    {
        # All but the owner of the slot say where it is.
        last if ref eval { $client->send('SSUBSCRIBE', "synckit:doc:$document"); my $reply = $client->next_reply(10); $reply } eq 'ARRAY';
    }
}
$node->safe_psql('postgres', "SELECT count(*) FROM unnest(string_to_array('@documents', ' ')) d, synckit_apply_delta(d, 'test', 'set', 'a', '1')");
my $heard_all = poll(sub {
    for my $client (@listening)
    {
        while (my $message = $client->next_reply(0.01)) { $heard{ $message->[1] } = 1; }
    }
    return keys %heard == @documents;
});
ok($heard_all, 'sharded, by all nodes') or diag(join ' ', sort(keys %heard), status($node, 'postgres', '*'));
log_is_clean($node);

done_testing();
