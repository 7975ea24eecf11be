# Cleanup and the publisher: what is unpublished stays, unless it grows beyond all bounds; the publisher cleans up itself.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Proxy;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $proxy = SyncKit::Proxy->new($redis);
my $node = new_publisher('main', $proxy->url);
my $subscriber = SyncKit::Subscriber->new($redis);
ok(await_state($node, 'postgres', 'publishing'), 'the publisher is at work');

sub write_deltas
{
    my ($document, $count) = @_;
    $node->safe_psql('postgres', qq{
        SELECT count(*) FROM (SELECT synckit_apply_delta('$document', 'c', 'set', 'f' || i, to_jsonb(i))
                              FROM generate_series(1, $count) i) s});
    return;
}

sub deltas_deleted
{
    return $node->safe_psql('postgres', 'SELECT pg_sleep(0.05); SELECT deltas_deleted FROM synckit_cleanup(old_deltas_days => 0)')
        =~ s/^\n//r;
}

sub heard
{
    my ($document, $count) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($subscriber->await_versions($document, join(' ', 1 .. $count), 60), "all deltas of '$document' are heard");
}

sub epoch { return $node->safe_psql('postgres', 'SELECT epoch FROM _synckit.publisher'); }

# What Redis has not heard stays.
write_deltas('heard', 20);
heard('heard', 20);
ok(await_status($node, 'postgres', 'lag_deltas = 0'), 'which the publisher knows, later than who has heard it');
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away');
write_deltas('unheard', 30);
ok(poll(sub { deltas_deleted(); $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas') == 30 }), 'what was heard goes');
is(deltas_deleted(), 0, 'what was not heard stays');
is($node->safe_psql('postgres', 'SELECT DISTINCT document_id FROM synckit.deltas'), 'unheard', 'all of it');
my $epoch = epoch();
$proxy->pass;
heard('unheard', 30);
ok(poll(sub { deltas_deleted(); $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas') == 0 }), 'and goes then');
is(epoch(), $epoch, 'in the same epoch');

# Too much of it is given up: a new epoch says so.
set_conf($node, 'synckit.max_backlog' => 10);
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is away again');
write_deltas('given up', 11);
my $log = -s $node->logfile;
ok(poll(sub { deltas_deleted(); $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas') == 0 }), 'what is too much goes');
cmp_ok(epoch(), '>', $epoch, 'and a new epoch begins');
ok($node->log_contains('gave up more than 10 unpublished deltas', $log), 'which the log tells');
$proxy->pass;
ok($subscriber->await(sub { grep { $_ == epoch() } $subscriber->epochs }, 60), 'and the broadcast channel');
write_deltas('after', 5);
heard('after', 5);

# Where deltas go, a session that began before ALTER DATABASE … SET does not know.
$node->safe_psql('postgres', 'CREATE DATABASE later');
own_channels($node, 'later');
$node->safe_psql('postgres', "ALTER DATABASE later SET synckit.redis_url = ''");
set_up($node, 'later');
ok(await_state($node, 'later', 'not configured'), 'a database that publishes nothing');
my $session = $node->background_psql('later');
is($session->query_safe('SHOW synckit.redis_url'), '', 'a session in it');
$proxy->refuse;
$node->safe_psql('postgres', 'ALTER DATABASE later RESET synckit.redis_url');
ok(await_state($node, 'later', 'connecting'), 'now it publishes, to a Redis that is away');
$session->query_safe("SELECT synckit_apply_delta('d', 'c', 'set', 'a', '1')");
is($session->query_safe('SELECT pg_sleep(0.05); SELECT deltas_deleted FROM synckit_cleanup(old_deltas_days => 0)') =~ s/^\n//r,
    0, 'the old session removes nothing that is unpublished');
$session->quit;
$node->safe_psql('postgres', 'DROP DATABASE later');
$proxy->pass;

# The publisher cleans up by itself, in the background.
$node->safe_psql('postgres', q{
    SELECT synckit_save_session('old', 'u');
    UPDATE synckit.sessions SET last_seen = now() - interval '2 days';
    SELECT synckit_save_session('new', 'u');
});
set_conf($node, 'synckit.cleanup_interval' => "'1s'");
ok(poll(sub { $node->safe_psql('postgres', 'SELECT string_agg(id, $$,$$) FROM synckit.sessions') eq 'new' }), 'an old session goes by itself');

# A trigger that refuses is no reason to stop publishing.
$node->safe_psql('postgres', q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no session may go'; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON synckit.sessions FOR EACH ROW EXECUTE FUNCTION refuse();
    UPDATE synckit.sessions SET last_seen = now() - interval '2 days';
});
$log = -s $node->logfile;
my $worker = publisher_pid($node, 'postgres');
ok(poll(sub { $node->log_contains('no session may go', $log) }), 'an error of the cleanup is logged');
write_deltas('still', 5);
heard('still', 5);
is(publisher_pid($node, 'postgres'), $worker, 'by the same process');

$node->stop;
done_testing;
