# Each database has its own settings, and its own channels: ALTER DATABASE … SET reaches a running publisher, and of two
# databases that would publish to the same channels the later one is refused, whatever restarts.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $elsewhere = SyncKit::Redis->new;
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_node('main', redis_url => $redis->url, conf => "max_worker_processes = 12\n");
$node->start;

# Created first, publishing second: its number is smaller than that of the one with the older claim.
$node->safe_psql('postgres', "CREATE DATABASE $_") for 'early', 'late';

sub write_delta
{
    my ($database, $document) = @_;
    return $node->safe_psql($database, "SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')");
}

sub alter
{
    my ($database, $change) = @_;
    return $node->safe_psql('postgres', "ALTER DATABASE $database $change");
}

set_up($node, 'late');
ok(await_state($node, 'late', 'publishing'), 'one database publishes');
write_delta('late', 'l');
ok($subscriber->await_versions('l', '1'), 'a delta arrives');

# Two with the same channels.
my $log = -s $node->logfile;
set_up($node, 'early');
ok(await_state($node, 'early', 'refused'), 'a second one with the same Redis and prefix is refused');
like(status($node, 'early', 'last_error'), qr/database late publishes.*ALTER DATABASE early SET synckit\.channel_prefix/, 'the status says which, and what to do');
is(status($node, 'early', 'connected'), 'f', 'it is not connected');
write_delta('early', 'e');
like(slurp_file($node->logfile, $log), qr/database early does not publish: database late publishes to the same.*HINT: .*ALTER DATABASE early SET/s, 'so does the log');
is(status($node, 'late', 'state'), 'publishing', 'the first one goes on');
# Whatever it is asked.
alter('early', "SET synckit.redis_url = '" . ($redis->url =~ s{unix://}{unix://default@}r) . "?db=3'");
end_publisher($node, 'early');
ok(await_state($node, 'early', 'refused'), 'another user or database number makes no other channels');
alter('early', 'RESET synckit.redis_url');
for my $how ('restart', 'crash', 'late')
{
    $node->restart if $how eq 'restart';
    if ($how eq 'crash') { kill_server($node); $node->start; }
    end_publisher($node, 'late') if $how eq 'late';
    ok(await_state($node, 'late', 'publishing'), "$how: the one that was first is first again");
    ok(await_state($node, 'early', 'refused'), "$how: and the other one refused");
}
write_delta('late', 'l');
ok($subscriber->await_versions('l', '1 2'), 'it publishes');
is($subscriber->versions('e'), '', 'nothing of the other was published');

# Paused, it keeps its channels.
alter('late', 'SET synckit.publish = off');
ok(await_state($node, 'late', 'paused'), 'ALTER DATABASE SET pauses one database');
$node->restart;
ok(await_state($node, 'early', 'refused'), 'the other one is refused all the same');
ok(await_state($node, 'late', 'paused'), 'while it is paused');
alter('late', 'RESET synckit.publish');
ok(await_state($node, 'late', 'publishing'), 'ALTER DATABASE RESET lets it go on');

# A prefix of its own, without a restart of the server.
my $pid = publisher_pid($node, 'late');
my $early = own_channels($node, 'early', $redis);
ok(await_state($node, 'early', 'publishing'), 'with a prefix of its own it publishes');
ok($early->await_versions('e', '1'), 'what waited arrives there');
is(publisher_pid($node, 'late'), $pid, 'the other publisher has not noticed');
alter('early', 'RESET synckit.channel_prefix');
ok(await_state($node, 'early', 'refused'), 'without it, it is refused again');

# A Redis of its own, and none.
my $there = SyncKit::Subscriber->new($elsewhere);
alter('early', "SET synckit.redis_url = '" . $elsewhere->url . "'");
ok(await_state($node, 'early', 'publishing'), 'with a Redis of its own it publishes');
write_delta('early', 'moved');
ok($there->await_versions('moved', '1'), 'there');
alter('early', "SET synckit.redis_url = ''");
ok(await_state($node, 'early', 'not configured'), 'none: only this one does not');
is(status($node, 'late', 'state'), 'publishing', 'the other one does');
alter('early', 'RESET ALL');

# Who makes room. The others are on their way within seconds.
alter('late', "SET synckit.channel_prefix = 'late:'");
ok(await_state($node, 'early', 'publishing'), 'the other one has gone elsewhere: there is room');
ok(await_state($node, 'late', 'publishing'), 'where it publishes as well');
alter('late', 'RESET synckit.channel_prefix');
ok(await_state($node, 'late', 'refused'), 'back again it is the second');
$node->safe_psql('postgres', 'DROP DATABASE early');
ok(await_state($node, 'late', 'publishing'), 'a database that is dropped makes room');
$node->safe_psql('postgres', 'CREATE DATABASE third');
set_up($node, 'third');
ok(await_state($node, 'third', 'refused'), 'a third one');
$node->safe_psql('late', 'DROP SCHEMA synckit CASCADE; DROP EXTENSION synckit');
ok(await_state($node, 'third', 'publishing'), 'an extension that is dropped makes room');

# Of several addresses one is enough to meet.
set_up($node, 'postgres');
sub meets
{
    my ($name, $first, $second, $state) = @_;
    alter('late', "SET synckit.redis_url = ''");
    alter('postgres', "SET synckit.redis_url = '$first'");
    ok(await_state($node, 'postgres', 'connecting'), "$name: the first");
    alter('late', "SET synckit.redis_url = '$second'");
    return ok(await_state($node, 'late', $state), "$name: the second is $state");
}
my ($a, $b, $c) = map { 'localhost:' . PostgreSQL::Test::Cluster::get_free_port() } 1 .. 3;
$node->safe_psql('late', 'CREATE EXTENSION synckit; SELECT synckit_migrate()');
meets('two and one', "redis://$a,$b", "redis://me\@LOCALHOST" . ($b =~ s/localhost//r) . '/2', 'refused');
meets('two and two', "redis://$a,$b", "rediss://$c,$a", 'refused');
meets('others', "redis://$a,$b", "redis://$c", 'connecting');
meets('Sentinels and a name', "redis+sentinel://$a,$b/first", "redis+sentinel://$b/first", 'refused');
meets('Sentinels and another name', "redis+sentinel://$a,$b/first", "redis+sentinel://$b/second", 'connecting');
my $many = join ',', map { "$_.a-rather-long-name-of-a-host.invalid" } 1 .. 40;
meets('one of many addresses', "redis://$many", 'redis://40.a-rather-long-name-of-a-host.invalid', 'refused');
$many = join ',', map { sprintf 'host-%02d-%s.invalid', $_, 'x' x 40 } 1 .. 40;
meets('one of many', "redis://$a", "redis://$many,$a", 'refused');
alter($_, 'RESET ALL') for 'late', 'postgres';

# Refused elsewhere, and back again: its channels are its own as before.
alter('postgres', "SET synckit.channel_prefix = 'postgres:'");
alter('late', "SET synckit.channel_prefix = 'late:'");
ok(await_state($node, $_, 'publishing'), "$_ has channels of its own") for 'postgres', 'late', 'third';
set_conf($node, 'synckit.channel_prefix' => "'late:'");
ok(await_state($node, 'third', 'refused'), 'the third takes those of another');
set_conf($node, 'synckit.channel_prefix' => "'synckit:'");
ok(await_state($node, 'third', 'publishing'), 'and comes back to its own');
alter('postgres', 'RESET synckit.channel_prefix');
ok(await_state($node, 'postgres', 'refused'), 'which nobody else gets');
alter('late', 'RESET ALL');

# A prefix within another one's channels: its own could be those of a document there.
sub prefixes
{
    my ($holder, $newcomer, $state) = @_;
    alter('late', "SET synckit.redis_url = ''");
    ok(await_state($node, 'late', 'not configured'), "$newcomer, not yet");
    alter('postgres', "SET synckit.channel_prefix = '$holder'");
    ok(await_state($node, 'postgres', 'publishing'), "$holder is there");
    alter('late', "SET synckit.channel_prefix = '$newcomer'");
    alter('late', 'RESET synckit.redis_url');
    return ok(await_state($node, 'late', $state), "$newcomer beside it is $state");
}
prefixes('a:', 'a:doc:', 'refused');
prefixes('a:', 'a:doc:zone:', 'refused');
prefixes('b:doc:zone:', 'b:', 'refused');
prefixes('b:', 'b:awareness:x', 'refused');
prefixes('c:doc:x', 'c:doc:y', 'publishing');
prefixes('d:', 'd:dock:', 'publishing');
my (undef, undef, $too_long) = $node->psql('postgres', q{SELECT set_config('synckit.channel_prefix', repeat('x', 256), false)});
like($too_long, qr/invalid value for parameter "synckit.channel_prefix".*DETAIL:.*more than 255 bytes/s, 'a prefix has 255 bytes at most');
alter($_, 'RESET ALL') for 'late', 'postgres';

# For those who may.
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE granted LOGIN; ALTER DATABASE late OWNER TO owner; GRANT owner TO granted;'
        . 'GRANT SET ON PARAMETER synckit.channel_prefix, synckit.publish TO granted');
for my $name (qw(redis_url redis_password_file redis_ca_file redis_cert_file redis_key_file redis_tls_insecure redis_sharded channel_prefix publish publish_batch max_message_bytes cleanup_interval))
{
    my (undef, undef, $error) = $node->psql('postgres', "SET ROLE owner; ALTER DATABASE late SET synckit.$name = '1'");
    like($error, qr/permission denied to set parameter "synckit\.$name"/, "an ordinary owner may not set $name");
}
is(($node->psql('postgres', "SET ROLE granted; ALTER DATABASE late SET synckit.channel_prefix = 'granted:'; ALTER DATABASE late SET synckit.publish = off"))[0],
    0, 'who was granted it, may');
is($node->safe_psql('late', 'SHOW synckit.channel_prefix'), 'granted:', 'and it holds');

# What else the owner gives the database reaches the publisher, but does not stop it.
my $granted = SyncKit::Subscriber->new($redis, 'granted:');
alter('late', 'RESET synckit.publish');
$node->safe_psql('postgres', "SET ROLE owner; ALTER DATABASE late SET role = 'owner'; ALTER DATABASE late SET lock_timeout = 1;"
        . "ALTER DATABASE late SET default_transaction_read_only = on; ALTER DATABASE late SET search_path = public, pg_catalog");
end_publisher($node, 'late');
$node->safe_psql('late', "SET ROLE NONE; SET default_transaction_read_only = off; SELECT synckit_apply_delta('owned', 'test', 'set', 'a', '1')");
ok($granted->await_versions('owned', '1'), 'a role and other settings of the database do not stop its publisher');
my (undef, undef, $error) = $node->psql('postgres', "ALTER DATABASE late SET synckit.redis_url = 'redis://u:s3cr3t-word\@localhost/'");
like($error, qr/must not contain a password/, 'an address with a password is refused');
unlike($error, qr/s3cr3t/, 'and not repeated');
log_is_clean($node);

done_testing();
