# More databases than can be published: those without the extension do not count. And one that has got the extension by a
# prepared transaction is found.
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

my $most = 256;    # max_databases
my $redis = SyncKit::Redis->new;
my $node = new_node('main', redis_url => $redis->url, conf => "max_prepared_transactions = 2\n");
$node->start;

sub publishes
{
    my ($database, $set_up) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $subscriber = own_channels($node, $database, $redis);
    $node->safe_psql($database, $set_up // 'CREATE EXTENSION synckit; SELECT synckit_migrate()');
    $node->safe_psql($database, "SELECT synckit_apply_delta('d', 'test', 'set', 'a', '1')");
    return ok($subscriber->await_versions('d', '1', 120), "database $database is published");
}

sub create
{
    my ($database) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    return $database;
}

my $script = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
append_to_file($script, join '', map { "CREATE DATABASE plain$_;\n" } 1 .. $most);
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $script, $node->connstr('postgres') ], "$most plain databases");
publishes(create('beside_many'));
create('prepared');
$node->restart;
publishes(create('after_restart'));    # so the others have been looked into

# Nobody is told of the COMMIT PREPARED.
publishes('prepared', <<'SQL');
BEGIN;
CREATE EXTENSION synckit;
SELECT synckit_migrate();
PREPARE TRANSACTION 'extension';
COMMIT PREPARED 'extension';
SQL
unlike(slurp_file($node->logfile), qr/no room to publish/, 'there was always room');
log_is_clean($node);

done_testing();
