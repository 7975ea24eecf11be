# What the status says: counters, who holds deltas back, what the publisher is about, and a log that does not repeat itself.
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
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', $proxy->url, conf => "max_prepared_transactions = 4\n");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');

sub write_delta
{
    my ($document) = @_;
    return $node->safe_psql('postgres', "SELECT synckit_apply_delta('$document', 'test', 'set', 'a', '1')");
}

# Where it publishes to: the address for monitors only.
is(status($node, 'postgres', 'redis_address'), $proxy->url, 'it says which Redis it publishes to');
is(status($node, 'postgres', 'channel_prefix'), 'synckit:', 'and by which channels');
my $told = q{(synckit_health() -> 'publisher') ->> };
is($node->safe_psql('postgres', "SELECT $told 'channel_prefix', $told 'redis_address'"), 'synckit:|' . $proxy->url, 'health says so, too');
is( $node->safe_psql('postgres', "CREATE ROLE anybody; SET ROLE anybody; SELECT $told 'channel_prefix', $told 'redis_address' IS NULL"),
    'synckit:|t', 'but to anybody only the channels');
is( $node->safe_psql('postgres', q{SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = '_synckit'::regnamespace
    AND c.relkind = 'r' AND has_table_privilege('pg_monitor', c.oid, 'SELECT')}), 'publisher set_aside', 'monitors read nobody\'s data');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET synckit.channel_prefix = 'other:'; ALTER DATABASE postgres SET synckit.publish = off});
ok(await_status($node, 'postgres', q{state = 'paused' AND channel_prefix = 'other:'}), 'they are those of the worker, not of the session');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET synckit.redis_url = 'redis://nobody@elsewhere.invalid:1'});
ok(await_status($node, 'postgres', q{state = 'paused' AND redis_address LIKE '%elsewhere.invalid:1' AND channel_prefix = 'other:'}),
    'also while it is paused and knows nobody there');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET synckit.redis_url = ''});
ok(await_status($node, 'postgres', q{state = 'not configured' AND redis_address IS NULL AND channel_prefix IS NULL}), 'none where it publishes nowhere');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET ALL');
ok(await_state($node, 'postgres', 'publishing'), 'it publishes again');

# The oldest transaction that may hold deltas back.
is(status($node, 'postgres', 'oldest_transaction_pid IS NULL AND oldest_transaction_xid IS NULL'), 't', 'nobody holds anything back');
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM synckit.deltas');
is(status($node, 'postgres', 'oldest_transaction_pid IS NULL'), 't', 'nor does who only reads');
my ($first, $second) = map { $node->background_psql('postgres') } 1 .. 2;
my @pids = map { $_->query_safe('SELECT pg_backend_pid()') } $first, $second;
$first->query_safe("BEGIN; SELECT synckit_apply_delta('held', 'test', 'set', 'a', '1')");
$second->query_safe("BEGIN; SELECT synckit_apply_delta('other', 'test', 'set', 'a', '1')");
is(status($node, 'postgres', 'oldest_transaction_pid'), $pids[0], 'the oldest of two');
is(status($node, 'postgres', 'oldest_transaction_xid = (SELECT backend_xid FROM pg_stat_activity WHERE pid = oldest_transaction_pid)'), 't', 'with its number');
is(status($node, 'postgres', 'oldest_transaction_since <= now() AND oldest_transaction_gid IS NULL'), 't', 'and its beginning');
$first->query_safe("PREPARE TRANSACTION 'the \"first\"'");
is(status($node, 'postgres', 'oldest_transaction_pid IS NULL AND oldest_transaction_xid IS NOT NULL'), 't', 'a prepared one has no process');
is(status($node, 'postgres', 'oldest_transaction_gid'), 'the "first"', 'but a name');
$node->safe_psql('postgres', q{COMMIT PREPARED 'the "first"'});
is(status($node, 'postgres', 'oldest_transaction_pid'), $pids[1], 'then it is the other one');
$second->query_safe('COMMIT');
$_->quit for $reader, $first, $second;
ok($subscriber->await_versions('held', '1'), 'what was held back arrives');

# COMMIT PREPARED wakes nobody, and where something else always does, the worker is never idle.
$node->safe_psql('postgres', "INSERT INTO _synckit.set_aside (xid, seq, error, tries) SELECT xid, seq, 'for a test', 3 FROM synckit.deltas WHERE document_id = 'held'");
$node->safe_psql('postgres', "BEGIN; SELECT synckit_requeue(); PREPARE TRANSACTION 'requeue'");
$node->safe_psql('postgres', "COMMIT PREPARED 'requeue'");
ok( poll(
        sub {
            write_delta('traffic');
            return status($node, 'postgres', 'set_aside + requeued = 0') eq 't';
        }),
    'a requeue that was prepared is noticed under traffic');

# Health goes by what the publisher is told, not by what the session is.
sub health
{
    my ($session) = @_;
    return $session->query_safe(q{SELECT synckit_health() ->> 'status'});
}
my $begun_before = $node->background_psql('postgres');
my $paused_itself = $node->background_psql('postgres');
$paused_itself->query_safe('SET synckit.publish = off');
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'a publisher without Redis');
is(health($paused_itself), 'degraded', 'is in no health, also to a session that would not publish');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET synckit.publish = off');
ok(await_state($node, 'postgres', 'paused'), 'one that is told to pause');
is($begun_before->query_safe('SHOW synckit.publish'), 'on', 'which a session does not know');
is(health($begun_before), 'ok', 'is in good health');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET synckit.publish');
ok(await_state($node, 'postgres', 'connecting'), 'one that is told to go on');
is(health($paused_itself), 'degraded', 'is in none again');
$proxy->pass;
ok(await_state($node, 'postgres', 'publishing'), 'until Redis is back');
is(health($_), 'ok', 'for everybody') for $begun_before, $paused_itself;
$_->quit for $begun_before, $paused_itself;
$node->restart; # counters start anew
ok(await_state($node, 'postgres', 'publishing'), 'after a restart');

# Counters outlive the publisher; what it has published, a crash too.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('long', 'test', 'set', 'a', to_jsonb(repeat('x', 300000)))});
ok(await_status($node, 'postgres', 'truncated = 1 AND published >= 3 AND lag_deltas = 0'), 'a truncated message is counted');
$proxy->refuse;
ok(await_state($node, 'postgres', 'connecting'), 'Redis is lost');
ok(await_status($node, 'postgres', 'outages = 1 AND NOT connected'), 'an outage is counted');
my $log = -s $node->logfile;
ok(poll(sub { $node->safe_psql('postgres', q{SELECT query FROM pg_stat_activity WHERE backend_type = 'synckit publisher'}) =~ /^connecting to Redis at unix:/ }),
    'pg_stat_activity says what it is about');
my $errors = status($node, 'postgres', 'last_error_at');
ok(await_status($node, 'postgres', "last_error_at > '$errors'::timestamptz + interval '2 s'"), 'it is tried again and again');
unlike(slurp_file($node->logfile, $log), qr/cannot publish/, 'which the log does not repeat');
$proxy->pass;
ok(await_state($node, 'postgres', 'publishing'), 'back again');
ok(poll(sub { slurp_file($node->logfile, $log) =~ /publishing to Redis at .* again/ }), 'which is said, too');
like($node->safe_psql('postgres', q{SELECT query FROM pg_stat_activity WHERE backend_type = 'synckit publisher'}), qr/^publishing to Redis at unix:/, 'in pg_stat_activity as well');
my $published = status($node, 'postgres', 'published');
my $worker = publisher_pid($node, 'postgres');
end_publisher($node, 'postgres');
ok(poll(sub { !kill 0, $worker }), 'the publisher ends');
ok(await_state($node, 'postgres', 'publishing'), 'and comes back');
is(status($node, 'postgres', "published = $published AND truncated = 1 AND outages = 1"), 't', 'the counters outlive it');
$node->restart;
ok(await_state($node, 'postgres', 'publishing'), 'after a restart of the server');
is(status($node, 'postgres', "published >= $published"), 't', 'what was published still counts');

# A new generation does not begin to count anew.
$node->safe_psql('postgres', 'SELECT synckit_new_epoch()');
write_delta('counted');
ok(await_status($node, 'postgres', "published > $published"), 'nor does a new epoch');

# Rows of elsewhere.
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE synckit.deltas DISABLE TRIGGER USER;
INSERT INTO synckit.deltas SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'seq', d.seq + 1000000,
    'xid', (pg_current_xact_id()::text::bigint + 1)::text))).* FROM synckit.deltas d WHERE document_id = 'counted';
ALTER TABLE synckit.deltas ENABLE TRIGGER USER;
SQL
$node->safe_psql('postgres', 'SELECT pg_current_xact_id()') for 1 .. 3;
ok(await_status($node, 'postgres', 'foreign_rows = 1'), 'a row of elsewhere is passed by, and counted');

# With a number that was drawn here while the publisher paused, be it of a transaction that rolled back or of one that
# wrote deltas itself, one of elsewhere may be heard, but is not in the way.
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET synckit.publish = off');
ok(await_state($node, 'postgres', 'paused'), 'paused');
my $drawn = $node->safe_psql('postgres', 'BEGIN; SELECT pg_current_xact_id(); ROLLBACK');
write_delta('between') for 1 .. 2;
$node->safe_psql('postgres', <<"SQL");
ALTER TABLE synckit.deltas DISABLE TRIGGER USER;
INSERT INTO synckit.deltas SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'xid', '$drawn'))).*
FROM synckit.deltas d WHERE document_id = 'counted';
INSERT INTO synckit.deltas SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'document_id', 'elsewhere'))).*
FROM synckit.deltas d WHERE document_id = 'between' AND version = 1;
ALTER TABLE synckit.deltas ENABLE TRIGGER USER;
SQL
write_delta('between');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET synckit.publish');
ok($subscriber->await_versions('between', '1 2 3'), 'rows with numbers that were drawn here: what was written beside them arrives');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0 AND set_aside + requeued = 0"), 'and nothing waits');

# For those who watch.
$node->safe_psql('postgres', 'CREATE ROLE watcher IN ROLE pg_monitor; CREATE ROLE stranger');
is($node->safe_psql('postgres', "SET ROLE watcher; SELECT state FROM synckit_publisher_status"), 'publishing', 'a monitor may look');
my (undef, undef, $error) = $node->psql('postgres', 'SET ROLE stranger; SELECT state FROM synckit_publisher_status');
like($error, qr/permission denied/, 'a stranger may not');
is($node->safe_psql('postgres', <<'SQL'), '', 'every column is described');
SELECT attname FROM pg_attribute WHERE attrelid = 'synckit_publisher_status'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
SQL
log_is_clean($node);

done_testing();
