# Redis by TLS: who is let in, who is believed, and what is said where it fails.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::Certificates;
use SyncKit::Node;
use SyncKit::Program;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $authority = SyncKit::Certificates->new('the authority');
my $stranger = SyncKit::Certificates->new('another authority');
my @own = $authority->issue('DNS:localhost,IP:127.0.0.1,IP:::1');
my @elsewhere = $authority->issue('DNS:elsewhere.example,IP:192.0.2.1');
my @expired = $authority->issue('DNS:localhost', until => '20210101000000Z');
my @client = $authority->issue('DNS:publisher');
my @strange_client = $stranger->issue('DNS:publisher');
my $port = PostgreSQL::Test::Cluster::get_free_port();

# A server with this certificate; further words of its command line.
sub start_redis
{
    my ($certificate, $key, @conf) = @_;
    return SyncKit::Redis->new(conf => [ '--tls-port', $port, '--bind', '127.0.0.1', '-::1', '--tls-cert-file', $certificate,
        '--tls-key-file', $key, '--tls-ca-cert-file', $authority->ca_file, '--tls-auth-clients', 'no', @conf ]);
}

my $redis = start_redis(@own);
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', "rediss://localhost:$port",
    conf => "synckit.redis_ca_file = '" . $authority->ca_file . "'\nsynckit.max_message_bytes = '8MB'\n");
my $written = 0;

sub quoted { return map { "'$_'" } @_; }

# With these settings, a delta is written and arrives.
sub publishes
{
    my ($name, %settings) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    set_conf($node, %settings) if %settings;
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('tls', 'test', 'set', 'a', '1')");
    $written++;
    my $heard = $subscriber->await(sub { $subscriber->versions('tls') =~ /\b$written$/ });
    return ok($heard, "$name: it publishes") || diag(status($node, 'postgres', '*'));
}

# With these settings it does not, and says so; the hint, if there is one, is in the log.
sub fails
{
    my ($name, $error, $hint, %settings) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    # Something else in between, so that it is a new outage, which is logged anew.
    set_conf($node, 'synckit.redis_url' => "'" . $redis->url . "'");
    publishes("before $name");
    my $log = -s $node->logfile;
    set_conf($node, 'synckit.redis_url' => "'rediss://localhost:$port'", %settings);
    my $logged = $hint ? qr/$error.*HINT:[^\n]*$hint/s : $error;
    return subtest $name => sub {
        my $last = '';
        ok(poll(sub { ($last = status($node, 'postgres', "CASE WHEN state = 'connecting' THEN last_error END")) =~ $error }, 20), 'the status')
            or diag($last);
        ok(poll(sub { slurp_file($node->logfile, $log) =~ $logged }, 20), 'the log')
            or diag(slurp_file($node->logfile, $log));
    };
}

publishes('own authority, by name');
for my $address ('127.0.0.1', '[::1]')
{
    publishes("by address $address", 'synckit.redis_url' => "'rediss://$address:$port'");
}
$node->safe_psql('postgres', q{SELECT count(*) FROM generate_series(1, 3) i,
    synckit_apply_delta('large', 'test', 'set', 'a', to_jsonb(repeat(i::text, 3000000)))});
$node->safe_psql('postgres', q{SELECT count(*) FROM generate_series(1, 5000) i, synckit_apply_delta('many', 'test', 'set', 'a', to_jsonb(i))});
ok($subscriber->await_versions('large', '1 2 3'), 'large messages arrive');
is(length(($subscriber->deltas('large'))[2]{payload}) > 3_000_000, 1, 'whole');
ok($subscriber->await_versions('many', join(' ', 1 .. 5000)), 'many arrive, in order');

fails('not the system\'s authority', qr/certificate.*(self-signed|unable to get local issuer)/i, qr/redis_ca_file/, 'synckit.redis_ca_file' => "''");
fails('another authority', qr/certificate.*(self-signed|unable to get local issuer)/i, qr/redis_ca_file/, 'synckit.redis_ca_file' => quoted($stranger->ca_file));
fails('an authority that is not there', qr/redis_ca_file.*No such file/, undef, 'synckit.redis_ca_file' => "'/nowhere'");
append_to_file(my $junk = PostgreSQL::Test::Utils::tempdir() . '/junk', "no certificate\n");
fails('an authority that is none', qr/could not use redis_ca_file/, qr/PEM/, 'synckit.redis_ca_file' => quoted($junk));
set_conf($node, 'synckit.redis_ca_file' => quoted($authority->ca_file));
publishes('the right one again');

# Another server in its place.
sub replace_redis
{
    $redis->stop;
    $redis = start_redis(@_);
    $subscriber = SyncKit::Subscriber->new($redis);
    return;
}
replace_redis(@elsewhere);
fails('another name', qr/certificate.*hostname mismatch/i, qr/URL/);
fails('another address', qr/certificate.*IP address mismatch/i, qr/URL/, 'synckit.redis_url' => "'rediss://127.0.0.1:$port'");
publishes('any name, if told so', 'synckit.redis_url' => "'rediss://127.0.0.1:$port'", 'synckit.redis_tls_insecure' => 'on');
like(slurp_file($node->logfile), qr/certificate of Redis at \S+ is not verified.*HINT:.*redis_tls_insecure/s, 'which the log says');
replace_redis(@expired);
fails('an expired certificate', qr/certificate has expired/, qr/clocks/, 'synckit.redis_tls_insecure' => 'off');
publishes('any certificate, if told so', 'synckit.redis_url' => "'rediss://localhost:$port'", 'synckit.redis_tls_insecure' => 'on', 'synckit.redis_ca_file' => "''");

# A server that demands a certificate.
for my $protocol ('TLSv1.2', 'TLSv1.3')
{
    replace_redis(@own, '--tls-auth-clients', 'yes', '--tls-protocols', $protocol);
    fails("$protocol: without a certificate", qr/TLS with Redis failed/, qr/redis_cert_file/, 'synckit.redis_tls_insecure' => 'off',
        'synckit.redis_ca_file' => quoted($authority->ca_file), 'synckit.redis_cert_file' => "''", 'synckit.redis_key_file' => "''");
    fails("$protocol: with a stranger's", qr/TLS with Redis failed/, qr/redis_cert_file/,
        'synckit.redis_cert_file' => quoted($strange_client[0]), 'synckit.redis_key_file' => quoted($strange_client[1]));
    publishes("$protocol: with a good one", 'synckit.redis_url' => "'rediss://localhost:$port'",
        'synckit.redis_cert_file' => quoted($client[0]), 'synckit.redis_key_file' => quoted($client[1]));
}
fails('a certificate without its key', qr/need each other/, undef, 'synckit.redis_key_file' => "''");
fails('a key of another', qr/could not use redis_key_file/, qr/PEM/, 'synckit.redis_key_file' => quoted($strange_client[1]));
chmod 0644, $client[1];
fails('a key that all can read', qr/redis_key_file.*0644 are too open/, qr/chmod/, 'synckit.redis_key_file' => quoted($client[1]));
chmod 0600, $client[1];
my $locked_key = PostgreSQL::Test::Utils::tempdir() . '/locked.key';
system('openssl', 'ec', '-aes256', '-passout', 'pass:x', '-in', $client[1], '-out', $locked_key) == 0 or die 'openssl ec';
chmod 0600, $locked_key;
fails('a key with a passphrase', qr/could not use redis_key_file/, qr/passphrase/, 'synckit.redis_key_file' => quoted($locked_key));
fails('a FIFO for a key', qr/no regular file/, undef, 'synckit.redis_key_file' => quoted(make_fifo()));

sub make_fifo
{
    my $path = PostgreSQL::Test::Utils::tempdir() . '/fifo';
    require POSIX;
    POSIX::mkfifo($path, 0600) or die "cannot make a FIFO: $!";
    return $path;
}

# Each end takes the other for what it is not.
replace_redis(@own, '--port', my $plain_port = PostgreSQL::Test::Cluster::get_free_port());
fails('no TLS there', qr/no answer/, qr/expect TLS/, 'synckit.redis_cert_file' => "''", 'synckit.redis_key_file' => "''",
    'synckit.redis_url' => "'rediss://localhost:$plain_port'");
fails('TLS there', qr/lost the connection|closed the connection/, qr/expect TLS/, 'synckit.redis_url' => "'redis://localhost:$port'");
publishes('without TLS', 'synckit.redis_url' => "'redis://localhost:$plain_port'");
publishes('and with it', 'synckit.redis_url' => "'rediss://localhost:$port'");

# It hangs in the middle, and before.
for my $moment ('connected', 'connecting')
{
    $redis->freeze;
    $node->safe_psql('postgres', "SELECT synckit_apply_delta('tls', 'test', 'set', 'a', '1')");
    $written++;
    ok(await_state($node, 'postgres', 'connecting'), 'it hangs') if $moment eq 'connecting';
    my $worker = publisher_pid($node, 'postgres');
    my $start = time;
    end_publisher($node, 'postgres');
    ok(poll(sub { !kill 0, $worker }, 5), "ended while Redis hangs, $moment");
    cmp_ok(time - $start, '<', 3, 'at once');
    $redis->thaw;
    publishes('after that');
}

# The program goes by the same rules.
my %server = (REDIS_URL => "rediss://localhost:$port", REDIS_CA_FILE => $authority->ca_file);
sub tail_refused
{
    my ($name, $environment, $options, $error) = @_;
    my ($code, undef, $err) = run_program({ %server, %$environment }, 'synckit', 'tail', @$options);
    is($code, 3, "tail, $name");
    like($err, $error, 'why');
    return;
}
tail_refused('an unknown authority', { REDIS_CA_FILE => $stranger->ca_file }, [], qr/^ERROR:.*certificate of Redis.*HINT:.*redis_ca_file/s);
tail_refused('an option over the environment', {}, [ '--redis-ca-file', $stranger->ca_file ], qr/certificate of Redis/);
{
    local @ENV{ keys %server } = values %server;
    my ($out, $err) = ('', '');
    my $tail = IPC::Run::start [ program('synckit'), 'tail', '--json' ], '<', \undef, '>', \$out, '2>', \$err;
    ok(poll(sub {
        publishes('to be heard') if $out eq '';
        $tail->pump_nb;
        $out =~ /"documentId":"tls"/;
    }), 'tail hears by TLS') or diag($err);
    $tail->kill_kill;
}
replace_redis(@expired);
tail_refused('an expired certificate', {}, [], qr/has expired/);
tail_refused('an expired certificate, and told not to take it', { REDIS_TLS_INSECURE => 'off' }, [], qr/has expired/);
{
    my ($out, $err) = ('', '');
    local @ENV{ keys %server } = values %server;
    my $tail = IPC::Run::start [ program('synckit'), 'tail', '--json', '--redis-tls-insecure' ], '<', \undef, '>', \$out, '2>', \$err;
    set_conf($node, 'synckit.redis_tls_insecure' => 'on');
    ok(poll(sub {
        publishes('to be heard') if $out eq '';
        $tail->pump_nb;
        $out =~ /"documentId":"tls"/;
    }), 'unless told so') or diag($err);
    $tail->kill_kill;
}
log_is_clean($node);

done_testing();
