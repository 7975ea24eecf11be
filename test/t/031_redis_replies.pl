# What Redis answers: whom it lets in, what it refuses and why; which of several servers is the one.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use SyncKit::FakeRedis;
use SyncKit::Node;
use SyncKit::Program;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

sub free_port { return PostgreSQL::Test::Cluster::get_free_port(); }
sub private_file
{
    my ($text) = @_;
    my $path = PostgreSQL::Test::Utils::tempdir() . '/private';
    append_to_file($path, $text);
    chmod 0600, $path;
    return $path;
}

my $port = free_port();
my $redis = SyncKit::Redis->new(conf => [ '--port', $port, '--bind', '127.0.0.1', '-::1' ]);
our $subscriber = SyncKit::Subscriber->new($redis);    # of the Redis that is published to
my $node = new_publisher('main', $redis->url);
my $written = 0;

sub write_delta
{
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('replies', 'test', 'set', 'a', '1')");
    return ++$written;
}

# With these settings, what is written is heard.
sub publishes
{
    my ($name, %settings) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    set_conf($node, %settings) if %settings;
    my $last = write_delta();
    my $heard = $subscriber->await(sub { $subscriber->versions('replies') =~ /\b$last$/ });
    return ok($heard, "$name: it publishes") || diag(status($node, 'postgres', '*'));
}

# With these settings it does not, and says why; the hint, if there is one, is in the log.
sub fails
{
    my ($name, $error, $hint, %settings) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $log = -s $node->logfile;
    set_conf($node, %settings);
    write_delta();
    my $logged = $hint ? qr/$error.*HINT:[^\n]*$hint/s : $error;
    subtest $name => sub {
        my $last = '';
        ok(poll(sub { ($last = status($node, 'postgres', "CASE WHEN state = 'connecting' THEN last_error END")) =~ $error }, 20), 'the status')
            or diag($last);
        ok(poll(sub { slurp_file($node->logfile, $log) =~ $logged }, 20), 'the log') or diag(slurp_file($node->logfile, $log));
    };
    return publishes("after $name", 'synckit.redis_url' => "'" . $redis->url . "'", 'synckit.redis_password_file' => "''");
}

# Errors in answer to PUBLISH. The texts are those of Redis.
my @errors = (
    [ "OOM command not allowed when used memory > 'maxmemory'.", qr/out of memory/, qr/maxmemory/ ],
    [ 'READONLY You can\'t write against a read only replica.', qr/read-only replica/, qr/Name the primary/ ],
    [ 'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to \'no\'.', qr/lost its primary/, qr/Name the primary/ ],
    [ 'LOADING Redis is loading the dataset in memory', qr/still loading/ ],
    [ 'NOAUTH Authentication required.', qr/demands a password/, qr/redis_password_file/ ],
    [ 'NOPERM this user has no permissions to access one of the channels used as arguments', qr/does not allow/, qr/\+publish.*channels/ ],
    [ 'MOVED 3999 127.0.0.1:6381', qr/another node/ ],
    [ 'CLUSTERDOWN The cluster is down', qr/Cluster is down/, qr/CLUSTER INFO/ ],
    [ 'TRYAGAIN Multiple keys request during rehashing of slot', qr/moving/ ],
    [ 'MISCONF Redis is configured to save RDB snapshots', qr/cannot save/, qr/disk/ ],
    [ 'BUSY Redis is busy running a script.', qr/busy with a script/, qr/KILL/ ],
    [ 'ERR something else', qr/Redis refused a command: Redis says: ERR something else/ ],
    [ "ERR unknown command 'PUBLISH', with args beginning with: 'synckit:doc:secret' ", qr/does not know a command/, qr/7\.0/ ],
);
for my $case (@errors)
{
    my ($text, $error, $hint) = @$case;
    my $fake = SyncKit::FakeRedis->new(welcomes => 1, bytes => "-$text\r\n", ends => 'answer');
    fails($text, $error, $hint, 'synckit.redis_url' => "'" . $fake->url . "'");
}
unlike(slurp_file($node->logfile), qr/doc:secret/, 'what was to be published is not in the log');
{
    my $fake = SyncKit::FakeRedis->new(bytes => "-LOADING Redis is loading the dataset in memory\r\n" x 2, ends => 'answer');
    fails('loading, at the door', qr/still loading/, undef, 'synckit.redis_url' => "'" . $fake->url . "'");
}

# One that refuses for long is not complained of again and again.
{
    my $fake = SyncKit::FakeRedis->new(welcomes => 1, bytes => "-ERR no\r\n", ends => 'answer');
    my $log = -s $node->logfile;
    set_conf($node, 'synckit.redis_url' => "'" . $fake->url . "'");
    write_delta();
    ok(await_state($node, 'postgres', 'connecting'), 'it is refused');
    my $first = status($node, 'postgres', 'last_error_at');
    for (1 .. 3)
    {
        ok(poll(sub { status($node, 'postgres', 'last_error_at') ne $first }), 'and again');
        $first = status($node, 'postgres', 'last_error_at');
    }
    my @lines = slurp_file($node->logfile, $log) =~ /(cannot publish|publishing to Redis at \S+ again)/g;
    shift @lines if $lines[0] =~ /again$/;    # that of before
    is("@lines", 'cannot publish', 'which is said once');
    publishes('then a better one', 'synckit.redis_url' => "'" . $redis->url . "'");
}

# Nor is one that comes and goes: it takes one message alone, of two the first.
{
    my $fake = SyncKit::FakeRedis->new(welcomes => 1, bytes => ":1\r\n+OK\r\n", ends => 'close');
    my $log = -s $node->logfile;
    my $outages = status($node, 'postgres', 'outages');
    set_conf($node, 'synckit.redis_url' => "'" . $fake->url . "'");
    $node->safe_psql('postgres', "SELECT count(synckit_apply_delta('flood', 'test', 'set', 'a', '1')) FROM generate_series(1, 40)");
    ok(await_status($node, 'postgres', "lag_deltas = 0 AND outages > $outages + 10"), 'it is lost again and again');
    my @lines = slurp_file($node->logfile, $log) =~ /(cannot publish)/g;
    cmp_ok(scalar @lines, '<', 6, 'which is not said each time: ' . @lines);
    publishes('and a better one', 'synckit.redis_url' => "'" . $redis->url . "'");
}

# Forms of the URL.
publishes('a name', 'synckit.redis_url' => "'redis://localhost:$port'");
publishes('an IPv4 address, a database', 'synckit.redis_url' => "'redis://127.0.0.1:$port/3'");
publishes('an IPv6 address', 'synckit.redis_url' => "'redis://[::1]:$port'");
publishes('an IPv6 address in a zone', 'synckit.redis_url' => "'redis://[::1%251]:$port'");
fails('a database that is not there', qr/no database of that number/, qr/databases/, 'synckit.redis_url' => "'redis://localhost:$port/99'");
my $nobody = free_port();
publishes('the second of two, the first away', 'synckit.redis_url' => "'redis://localhost:$nobody,localhost:$port'");
fails('both away', qr/localhost:$nobody: could not connect/, undef, 'synckit.redis_url' => "'redis://localhost:$nobody,[::1]:$nobody,localhost:$nobody'");
{
    my $log = -s $node->logfile;
    set_conf($node, 'synckit.redis_url' => "'redis://127.0.0.1:$nobody'");
    ok(await_state($node, 'postgres', 'connecting'), 'nobody there');
    set_conf($node, 'synckit.redis_url' => "'redis://[::1]:$nobody'");
    ok(poll(sub { slurp_file($node->logfile, $log) =~ /cannot publish to Redis at redis:\/\/\[::1\]:$nobody/ }), 'nor at another address, the log says');
    is($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE backend_type = 'synckit publisher'"), "connecting to Redis at redis://[::1]:$nobody",
        'as does pg_stat_activity');
}
fails('no such host', qr/could not resolve/, undef, 'synckit.redis_url' => "'redis://no-such-host.invalid'");
for my $only ('127.0.0.1', slurp_file('/etc/hosts') =~ /^::1\s.*\blocalhost\b/m ? '::1' : ())
{
    my $half_port = free_port();
    my $half = SyncKit::Redis->new(conf => [ '--port', $half_port, '--bind', $only ]);
    local $subscriber = SyncKit::Subscriber->new($half);
    publishes("localhost, of whose addresses only $only serves", 'synckit.redis_url' => "'redis://localhost:$half_port'");
}

# Users.
my $client = SyncKit::RedisClient->new($redis->path);
$client->command('ACL', 'SETUSER', 'narrow', 'on', '>pass-of-narrow', 'resetchannels', '&synckit:*', '-@all', '+publish');
$client->command('ACL', 'SETUSER', 'deaf', 'on', '>pass-of-deaf', 'resetchannels', '-@all', '+publish');
$client->command('ACL', 'SETUSER', 'mute', 'on', '>pass-of-mute', 'allchannels', '+@all', '-publish');
$client->command('ACL', 'SETUSER', 'gone', 'off', '>pass-of-gone', '+@all');
$client->command('ACL', 'SETUSER', 'open', 'on', 'nopass', 'allchannels', '+@all');
my %as = map { $_ => [ 'synckit.redis_url' => "'redis://$_\@localhost:$port'", 'synckit.redis_password_file' => "'" . private_file("pass-of-$_\n") . "'" ] }
    qw(narrow deaf mute gone nobody);
publishes('who may nothing but publish here', @{ $as{narrow} });
publishes('who needs no password', 'synckit.redis_url' => "'redis://open\@localhost:$port'", 'synckit.redis_password_file' => "''");
fails('who may not use the channels', qr/does not allow.*channels/, qr/&synckit/, @{ $as{deaf} });
fails('who may not publish', qr/does not allow.*publish/, qr/\+publish/, @{ $as{mute} });
fails('who is switched off', qr/did not accept user or password/, qr/redis_password_file/, @{ $as{gone} });
fails('who does not exist', qr/did not accept user or password/, qr/redis_password_file/, @{ $as{nobody} });
fails('without a password', qr/did not accept user or password/, qr/redis_password_file/, 'synckit.redis_url' => "'redis://narrow\@localhost:$port'");
my $changing = private_file("pass-of-narrow\n");
publishes('the password in a file', 'synckit.redis_url' => "'redis://narrow\@localhost:$port'", 'synckit.redis_password_file' => "'$changing'");
$client->command('ACL', 'SETUSER', 'narrow', 'resetpass', '>another');
append_to_file("$changing.new", "another\n");
chmod 0600, "$changing.new";
rename "$changing.new", $changing or die;
$client->command('CLIENT', 'KILL', 'USER', 'narrow');
publishes('which is read at every connection');
fails('a file that is a folder', qr/redis_password_file.*no regular file/, undef, 'synckit.redis_password_file' => "'/tmp'");
unlike(slurp_file($node->logfile), qr/pass-of/, 'no password is in the log');

# A Redis that is full, or has no room.
$client->command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
$client->command('CONFIG', 'SET', 'maxmemory', '1');
publishes('Redis is out of memory');
$client->command('CONFIG', 'SET', 'maxmemory', '0');
set_conf($node, 'synckit.redis_url' => "''");
ok(await_state($node, 'postgres', 'not configured'), 'no connection');
my $full = SyncKit::Redis->new(conf => [ '--maxclients', '1' ]);
my $only_one;
ok(poll(sub { eval { ($only_one = SyncKit::RedisClient->new($full->path))->command('PING') } }), 'there is one client');
fails('no room for another client', qr/as many clients as it may/, qr/maxclients/, 'synckit.redis_url' => "'" . $full->url . "'");

# One that loads its data takes messages already.
my $loading = SyncKit::Redis->new(conf => [ '--enable-debug-command', 'yes' ]);
my $loader = SyncKit::RedisClient->new($loading->path);
$loader->command('DEBUG', 'POPULATE', 100_000);
$loader->command('SAVE');
$loading->stop;
push @{ $loading->{conf} }, '--key-load-delay', 200, '--loading-process-events-interval-bytes', 1024;
$loading->start;
{
    local $subscriber = SyncKit::Subscriber->new($loading);
    publishes('Redis loads', 'synckit.redis_url' => "'" . $loading->url . "'");
    like(SyncKit::RedisClient->new($loading->path)->command('INFO', 'persistence'), qr/^loading:1/m, 'it is not done with it yet');
}
$loading->stop;

# A server that knows no HELLO, as before Redis 6, does not become a replica unnoticed either.
{
    my @ports = (free_port(), free_port());
    my @old = map {
        SyncKit::Redis->new(conf => [ '--port', $ports[$_], '--bind', '127.0.0.1', '--rename-command', 'HELLO', '',
                $_ ? ('--replicaof', "127.0.0.1 $ports[0]") : () ])
    } 0, 1;
    my ($primary, $replica) = map { SyncKit::RedisClient->new($_->path) } @old;
    ok(!eval { $primary->command('HELLO') } && $@ =~ /unknown command/, 'there is no HELLO');
    fails('a replica without HELLO', qr/this Redis is a replica/, qr/Name the primary/, 'synckit.redis_url' => "'redis://127.0.0.1:$ports[1]'");
    local $subscriber = SyncKit::Subscriber->new($old[0]);
    publishes('a replica, and its primary, both without HELLO', 'synckit.redis_url' => "'redis://127.0.0.1:$ports[1],127.0.0.1:$ports[0]'");
    $subscriber = SyncKit::Subscriber->new($old[1]);
    $replica->command('REPLICAOF', 'NO', 'ONE');
    $primary->command('REPLICAOF', '127.0.0.1', $ports[1]);
    publishes('they change their parts');
}

# A replica is not the one: what is published there, subscribers of its primary do not hear.
my $second_port = free_port();
my $second = SyncKit::Redis->new(conf => [ '--port', $second_port, '--bind', '127.0.0.1', '--replicaof', "127.0.0.1 $port" ]);
my $second_client = SyncKit::RedisClient->new($second->path);
fails('a replica', qr/this Redis is a replica/, qr/Name the primary/, 'synckit.redis_url' => "'redis://127.0.0.1:$second_port'");
publishes('a replica, and its primary', 'synckit.redis_url' => "'redis://127.0.0.1:$second_port,127.0.0.1:$port'");
my $new_subscriber = SyncKit::Subscriber->new($second);
publishes("message $_ to the primary") for 1 .. 3;
$second_client->command('REPLICAOF', 'NO', 'ONE');
$client->command('REPLICAOF', '127.0.0.1', $second_port);
$subscriber = $new_subscriber;
publishes('they change their parts: what the replica still took comes again');
publishes('to the new primary');

# A Sentinel is no server.
my $sentinel_port = free_port();
my $sentinel = SyncKit::Redis->new(sentinel => '', conf => [ '--port', $sentinel_port ]);
my $first = $redis;
$redis = $second;
fails('a Sentinel', qr/this is a Sentinel/, qr/redis\+sentinel/, 'synckit.redis_url' => "'redis://127.0.0.1:$sentinel_port'");

# The program.
my $password = private_file("another\n");
my ($code, undef, $err) = run_program({ REDIS_URL => "redis://narrow:wrong\@127.0.0.1:$port" }, 'synckit', 'tail');
is($code, 3, 'tail with a wrong password');
like($err, qr/^ERROR:.*127\.0\.0\.1:$port: Redis did not accept user or password\nDETAIL:.*WRONGPASS/, 'which it says');
unlike($err, qr/wrong\@|:wrong/, 'without it');
($code, undef, $err) = run_program({ REDIS_PASSWORD_FILE => $password }, 'synckit', 'tail', '--redis-url', "redis://narrow\@localhost:$nobody,127.0.0.1:$port");
is($code, 3, 'tail as somebody who may not subscribe');
like($err, qr/^ERROR:.*refused the subscription\nDETAIL:.*NOPERM/, 'but is let in by the password of the file, at the second host');
chmod 0644, $password;
($code, undef, $err) = run_program({ REDIS_PASSWORD_FILE => $password }, 'synckit', 'tail', '--redis-url', "redis://narrow\@127.0.0.1:$port");
isnt($code, 0, 'tail with a password that all can read');
like($err, qr/0644 are too open/, 'says so');

log_is_clean($node);
done_testing();
