# Workers come and go with the extension, and are in nobody's way.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_node('main', redis_url => $redis->url);
$node->start;

sub write_delta
{
    my ($database, $document) = @_;
    return $node->safe_psql($database, "SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')");
}

# Runs a statement that wants a database for itself; it must not take long.
sub goes_through
{
    my ($statement) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $start = time;
    my ($code, undef, $error) = $node->psql('template1', $statement);
    is($code, 0, $statement) or diag($error);
    cmp_ok(time - $start, '<', 10, sprintf('%.1f s', time - $start));
    return;
}

# The extension comes, goes and comes again.
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'synckit launcher'"), 1, 'there is a launcher');
ok(poll(sub { publisher_pid($node, 'postgres') eq '' }), 'no publisher without the extension');
$node->safe_psql('postgres', 'CREATE EXTENSION synckit');
ok(await_state($node, 'postgres', 'no schema'), 'a publisher without tables says so');
$node->safe_psql('postgres', 'SELECT synckit_migrate()');
ok(await_state($node, 'postgres', 'publishing'), 'and publishes when they are there');
write_delta('postgres', 'first');
ok($subscriber->await_versions('first', '1'), 'a delta arrives');
$node->safe_psql('postgres', 'DROP SCHEMA synckit CASCADE');
ok(await_state($node, 'postgres', 'no schema'), 'the tables are gone');
$node->safe_psql('postgres', 'DROP EXTENSION synckit');
ok(poll(sub { publisher_pid($node, 'postgres') eq '' }), 'the publisher leaves with the extension');
set_up($node, 'postgres');
ok(await_state($node, 'postgres', 'publishing'), 'and comes back with it');
write_delta('postgres', 'second');
ok($subscriber->await_versions('second', '1'), 'a delta arrives');
my ($first_epoch, $second_epoch) = $subscriber->epochs;
cmp_ok($second_epoch // 0, '>', $first_epoch, 'the new tables have a new epoch, which is announced');

# A transaction that creates the extension and rolls back leaves nothing.
$node->safe_psql('postgres', 'CREATE DATABASE rolled');
$node->safe_psql('rolled', 'BEGIN; CREATE EXTENSION synckit; SELECT synckit_migrate(); ROLLBACK');
is($node->safe_psql('rolled', "SELECT count(*) FROM pg_extension WHERE extname = 'synckit'"), 0, 'CREATE EXTENSION is rolled back');

# In one transaction, with deltas.
$node->safe_psql('postgres', 'CREATE DATABASE other');
my $others = own_channels($node, 'other', $redis);
$node->safe_psql('other', "BEGIN; CREATE EXTENSION synckit; SELECT synckit_migrate();"
        . "SELECT synckit_apply_delta('born', 'test', 'set', 'a', '1'); COMMIT");
ok($others->await_versions('born', '1'), 'what is written in the transaction that makes the tables is published');
ok(await_state($node, 'postgres', 'publishing'), 'two databases');
ok(await_state($node, 'other', 'publishing'), 'two publishers');
isnt(publisher_pid($node, 'postgres'), publisher_pid($node, 'other'), 'of their own');

# Whoever wants the database gets it.
goes_through('ALTER DATABASE other RENAME TO renamed');
ok(await_state($node, 'renamed', 'publishing'), 'it publishes under the new name');
write_delta('renamed', 'renamed');
ok($others->await_versions('renamed', '1'), 'a delta arrives');
goes_through('CREATE DATABASE copy TEMPLATE renamed');
ok(await_state($node, 'copy', 'refused'), 'the copy has a publisher, since it has the extension, but no channels of its own');
my $copies = own_channels($node, 'copy', $redis);
ok(await_state($node, 'copy', 'publishing'), 'with them, it publishes');
ok(await_state($node, 'renamed', 'publishing'), 'and so has the original');
write_delta('copy', 'copy');
ok($copies->await_versions('copy', '1'), 'a delta of the copy arrives');
is($copies->versions('renamed'), '', 'nothing of the original is published again');
goes_through('DROP DATABASE copy');
goes_through('DROP DATABASE renamed WITH (FORCE)');
ok(poll(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'synckit publisher'") == 1 }),
    'their publishers are gone');
goes_through('ALTER DATABASE postgres IS_TEMPLATE false');

# Pausing.
set_conf($node, 'synckit.publish' => 'off');
ok(await_state($node, 'postgres', 'paused'), 'synckit.publish = off');
write_delta('postgres', 'paused') for 1 .. 2;
is($node->safe_psql('postgres', "SELECT synckit_health() ->> 'status'"), 'ok', 'which is no illness');
set_conf($node, 'synckit.publish' => 'on');
ok($subscriber->await_versions('paused', '1 2'), 'on again: what was written meanwhile arrives');

# Another Redis, none, and back.
my $elsewhere = SyncKit::Redis->new;
my $there = SyncKit::Subscriber->new($elsewhere);
set_conf($node, 'synckit.redis_url' => "'" . $elsewhere->url . "'");
ok(poll(sub { write_delta('postgres', 'moved'); $there->listen(0.2); scalar $there->deltas('moved') }), 'another synckit.redis_url');
set_conf($node, 'synckit.redis_url' => "''");
ok(await_state($node, 'postgres', 'not configured'), 'none: not configured');
write_delta('postgres', 'nowhere');
set_conf($node, 'synckit.redis_url' => "'" . $redis->url . "'");
ok($subscriber->await_versions('nowhere', '1'), 'what was written meanwhile arrives');
set_conf($node, 'synckit.channel_prefix' => "'other:'");
my $prefixed = SyncKit::Subscriber->new($redis, 'other:');
ok(poll(sub { write_delta('postgres', 'prefixed'); $prefixed->listen(0.2); scalar $prefixed->deltas('prefixed') }), 'another prefix');

# Addresses that cannot be. A password is not repeated in the log.
my $log = -s $node->logfile;
set_conf($node, 'synckit.redis_url' => "'redis://user:s3cr3t-word\@localhost/'");
ok(poll(sub { slurp_file($node->logfile, $log) =~ /must not contain a password/ }), 'an address with a password is refused');
like(slurp_file($node->logfile, $log), qr/synckit\.redis_password_file|not be applied|errors/i, 'and the reload says so');
set_conf($node, 'synckit.redis_url' => "'http://localhost/'");
ok(poll(sub { slurp_file($node->logfile, $log) =~ /invalid Redis URL/ }), 'and so is one that is none');
write_delta('postgres', 'same');
ok($prefixed->await_versions('same', '1'), 'the old one holds');
set_conf($node, 'synckit.redis_url' => "'" . $redis->url . "'", 'synckit.channel_prefix' => "'synckit:'");

# A password from a file.
my $locked = SyncKit::Redis->new(started => 0, conf => [ '--requirepass', 's3cr3t-word' ]);
my $file = PostgreSQL::Test::Utils::tempdir() . '/password';
append_to_file($file, "wrong-s3cr3t-word\n");
chmod 0640, $file;
$locked->start;
set_conf($node, 'synckit.redis_url' => "'" . $locked->url . "'", 'synckit.redis_password_file' => "'$file'");
ok(await_status($node, 'postgres', "last_error LIKE '%permissions 0640 are too open%'"), 'a password file that others can read is refused');
chmod 0600, $file;
ok(await_status($node, 'postgres', "last_error LIKE '%did not accept user or password%'"), 'a wrong password is said to be wrong');
append_to_file("$file.new", "s3cr3t-word\n");
chmod 0600, "$file.new";
rename "$file.new", $file or die "cannot rename $file.new: $!";
ok(await_state($node, 'postgres', 'publishing'), 'with the right one it publishes');
unlike(slurp_file($node->logfile), qr/s3cr3t/, 'no password is in the log');
unlike(status($node, 'postgres', '*'), qr/s3cr3t/, 'nor in the status');
log_is_clean($node);
$node->stop;

# max_worker_processes exhausted.
my $small = new_node('small', redis_url => $redis->url, conf => "max_worker_processes = 3\n");
$small->start;
set_up($small, 'postgres');
ok(await_state($small, 'postgres', 'publishing'), 'one slot left besides the launchers: one publisher');
$small->safe_psql('postgres', 'CREATE DATABASE second');
set_up($small, 'second');
ok(await_state($small, 'second', 'no worker slot'), 'the second says what it lacks');
like(slurp_file($small->logfile), qr/no free worker slot.*Raise max_worker_processes/s, 'and so does the log');
is($small->safe_psql('second', "SELECT (synckit_apply_delta('a', 'b', 'set', 'c', '1')).outcome"), 'applied', 'writes go on');
my ($code) = $small->psql('template1', 'DROP DATABASE postgres');
is($code, 0, 'the first makes room');
ok(poll(sub { $small->safe_psql('second', 'SELECT state FROM synckit_publisher_status') eq 'publishing' }, 90), 'which the second takes');
ok($subscriber->await_versions('a', '1'), 'its delta arrives');
$small->stop;
$small->append_conf("postgresql.conf", "max_worker_processes = 1");
$small->start;
is(status($small, 'second', 'state'), 'no worker slot', 'where not even the launcher gets one, that is said, too');
$small->stop;

# Not preloaded.
my $plain = new_node('plain', preload => '');
$plain->start;
my (undef, undef, $warning) = $plain->psql('postgres', 'CREATE EXTENSION synckit');
like($warning, qr/WARNING:.*not preloaded.*HINT:.*shared_preload_libraries/s, 'CREATE EXTENSION warns');
$plain->safe_psql('postgres', 'SELECT synckit_migrate()');
is($plain->safe_psql('postgres', "SELECT (synckit_apply_delta('a', 'b', 'set', 'c', '1')).outcome"), 'applied', 'a delta is merged');
is($plain->safe_psql('postgres', "SELECT state FROM synckit_get_document('a')"), '{"c": 1}', 'a document is read');
is(status($plain, 'postgres', 'state'), 'not preloaded', 'the status says why nothing is published');
is($plain->safe_psql('postgres', "SELECT synckit_health() #>> '{publisher,state}'"), 'not preloaded', 'health, too');
log_is_clean($plain);

done_testing();
