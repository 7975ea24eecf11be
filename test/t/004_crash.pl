# The postmaster and all its children killed in mid-run: what was committed arrives, nothing else was ever heard.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Replay;

# With synchronous_commit = off a transaction is seen long before it is durable here: the WAL writer stands still before
# the server is killed, and what it would have written fits into memory.
for my $commit ('on', 'off')
{
    my $redis = SyncKit::Redis->new;
    my $node = new_publisher("commit_$commit", $redis->url, conf => "wal_buffers = 64MB\nautovacuum = off\n");
    ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
    my $replay = SyncKit::Replay->start($node, $redis, '--rate', 900, '--batch', 10, '--rollbacks', 10, '--retry', 60,
        $commit eq 'off' ? '--async-commit' : ());
    my $crashes = 3;
    for my $crash (1 .. $crashes)
    {
        my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas');
        poll(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM synckit.deltas') > $before + 500 })
            or die 'the replay does not get on';
        if ($commit eq 'off')
        {
            my $walwriter = $node->safe_psql('postgres',
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'");
            kill 'STOP', $walwriter;
            sleep 0.5;
        }
        kill_server($node);
        $node->start;
    }
    my $report = $replay->finish("killed $crashes times, synchronous_commit = $commit");
    is(scalar @{ $report->{messages}{epochs} }, 1, 'the epoch stays');
    cmp_ok($report->{postgresReconnections}, '>=', $crashes, 'the writer saw every crash');
    ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'all is published');
    is($report->{deltas}{lostInCrash}, 0, 'nothing that was answered is lost') if $commit eq 'on';
    log_is_clean($node);
}

done_testing();
