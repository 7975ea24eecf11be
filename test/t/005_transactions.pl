# Sequence order is not commit order: transactions that stay open, are prepared, or roll back to a savepoint.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Replay;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url, conf => "max_prepared_transactions = 10\n");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
my $subscriber = SyncKit::Subscriber->new($redis);

sub delta
{
    my ($document, $field) = @_;
    return "SELECT synckit_apply_delta('$document', 'test', 'set', '$field', '1');";
}

# Publishing has gone on after all that was committed before: what was not heard by then is not going to be.
my $markers = 0;
sub pass_by
{
    my $marker = 'marker/' . ++$markers;
    $node->safe_psql('postgres', delta($marker, 'a'));
    return $subscriber->await_versions($marker, '1');
}

# Two transactions stay open through the main job: one that only holds an xid, and one that has written.
my $idle = $node->background_psql('postgres');
$idle->query_safe('BEGIN; SELECT pg_current_xact_id();');
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN;' . join '', map { delta('held', "f$_") } 1 .. 3);
my $report = SyncKit::Replay->start($node, $redis, '--rate', 3000)->finish('with transactions open through it all');
is($report->{messages}{repeats}, 0, 'nothing twice');
ok($subscriber->await(sub { $subscriber->deltas >= $report->{deltas}{recorded} }), 'our own subscriber has heard as much');
is($subscriber->versions('held'), '', 'what is not committed is not heard');

# The cursor that is read again knows them, too.
ok($node->poll_query_until('postgres', 'SELECT published = 7061 FROM _synckit.publisher'), 'the cursor is saved');
my $worker = publisher_pid($node, 'postgres');
end_publisher($node, 'postgres');
ok(poll(sub { my $pid = publisher_pid($node, 'postgres'); $pid ne '' && $pid ne $worker }), 'a new publisher');
ok(pass_by(), 'publishes past the open transactions');

# Another session waits for the document, and goes on as soon as the first one has committed.
my $next = $node->background_psql('postgres');
$next->query_until(qr/begun/, "\\echo begun\n" . delta('held', 'next') . "\n");
ok($node->poll_query_until('postgres',
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), 'another session waits for the document');
$writer->query_safe(delta('held', 'f4') . 'COMMIT;');
ok($subscriber->await_versions('held', '1 2 3 4 5'), 'a late commit arrives, in the order of versions');
$next->query_safe('SELECT 1');
$_->quit for $next, $writer;

# Deltas of one document from many sessions at once, while the idle transaction still runs.
$node->pgbench('--no-vacuum --client=4 --jobs=1 --transactions=100', 0, [], [qr/^$/], 'many sessions write one document',
    { 'shared' => q{SELECT synckit_apply_delta('shared', 'client' || :client_id, 'set', 'f' || :client_id, '1');} });
ok($subscriber->await_versions('shared', join(' ', 1 .. 400)), 'all of them arrive in the order of versions');
$idle->query_safe('COMMIT');
$idle->quit;

# Transactions that change the same document the other way round than they began, met in one batch, and as a backlog.
for my $batch (1000, 1)
{
    set_conf($node, 'synckit.publish_batch' => $batch, 'synckit.publish' => 'off');
    ok(await_state($node, 'postgres', 'paused'), 'paused');
    my $early = $node->background_psql('postgres');
    $early->query_safe('BEGIN;' . delta("early/$batch", 'a'));
    $node->safe_psql('postgres', delta("late/$batch", 'a'));
    $early->query_safe(delta("late/$batch", 'b') . 'COMMIT;');
    $early->quit;
    set_conf($node, 'synckit.publish' => 'on');
    ok($subscriber->await_versions("late/$batch", '1 2'), "in batches of $batch: in the order of versions, not of transactions");
}
set_conf($node, 'synckit.publish_batch' => 1000);

# Two-phase commit. The commit wakes nobody: the safety tick finds it.
for my $how ('commit', 'rollback', 'later')
{
    $node->safe_psql('postgres', 'BEGIN;' . delta("prepared/$how", 'a') . delta("prepared/$how", 'b')
            . "PREPARE TRANSACTION '$how';");
}
ok(pass_by(), 'publishing goes past prepared transactions');
is($subscriber->versions("prepared/$_"), '', "$_: prepared is not committed") for 'commit', 'rollback', 'later';
$node->safe_psql('postgres', "COMMIT PREPARED 'commit'");
ok($subscriber->await_versions('prepared/commit', '1 2', 15), 'COMMIT PREPARED is found by the safety tick');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'rollback'");
ok(pass_by(), 'after ROLLBACK PREPARED, publishing goes on');
is($subscriber->versions('prepared/rollback'), '', 'nothing of it is heard');

kill_server($node);
$node->start;
ok(await_state($node, 'postgres', 'publishing'), 'publishing again after a crash');
ok(pass_by(), 'and past what is still prepared');
$node->safe_psql('postgres', "COMMIT PREPARED 'later'");
ok($subscriber->await_versions('prepared/later', '1 2', 15), 'COMMIT PREPARED after a crash');

# Savepoints.
$node->safe_psql('postgres', 'BEGIN;' . delta('savepoint', 'a') . 'SAVEPOINT s;' . delta('savepoint', 'lost')
        . 'ROLLBACK TO s;' . delta('savepoint', 'b') . 'RELEASE s; SAVEPOINT t;' . delta('savepoint', 'c') . 'COMMIT;');
ok($subscriber->await_versions('savepoint', '1 2 3'), 'what a savepoint kept arrives');
is(scalar(grep { $_->{payload} =~ /"lost"/ } $subscriber->deltas('savepoint')), 0, 'what was rolled back does not');
$node->safe_psql('postgres', 'BEGIN; SAVEPOINT s;' . delta('only in a savepoint', 'a') . 'COMMIT;');
ok($subscriber->await_versions('only in a savepoint', '1'), 'written in a subtransaction only');

heard_all($node, 'postgres', $subscriber, 'all in all');
log_is_clean($node);

done_testing();
