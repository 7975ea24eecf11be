# The publisher is ended at every step of its work, in each of three ways, and nothing is lost: not a delta, not a broadcast,
# not what is set aside. Takes a library that was built with STEPS=1 (bgworker/process/steps.hpp).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::RedisClient;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $admin = SyncKit::RedisClient->new($redis->path);
my @rights = qw(ACL SETUSER publisher on nopass -@all +publish resetchannels &synckit:broadcast &synckit:doc:good*);
$admin->command(@rights);
my $subscriber = SyncKit::Subscriber->new($redis);
# With room for a crash at each step, which the server comes back from by itself.
my $node = new_publisher('main', 'unix://publisher@' . $redis->path,
    conf => "synckit.publish_batch = 20\nrestart_after_crash = on\n");
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
my $orders = $node->data_dir . '/synckit.step';

# The server may be on its way back.
sub sql
{
    my ($sql) = @_;
    my ($code, $out, $error);
    poll(sub { ($code, $out, $error) = $node->psql('postgres', $sql); $code == 0 }) or die "cannot run $sql: $error";
    return $out;
}

my $round = 0;
my @broadcasts;
my @bad;

# Something of everything: each step is passed by.
sub work
{
    $round++;
    sql("SELECT synckit_apply_delta('good/$round', 'test', 'set', 'a', '1')");
    sql("SELECT synckit_apply_delta('bad/$round', 'test', 'set', 'a', '1')");
    sql("SELECT synckit_broadcast('b$round', '1'), synckit_apply_delta('good/$round', 'test', 'set', 'a', '2')");
    sql("SELECT count(*) FROM generate_series(1, 60) i, LATERAL synckit_apply_delta('good/' || i % 7, 'test', 'set', 'a', '1')");
    sql('SELECT synckit_new_epoch()') if $round % 2;
    sql('SELECT synckit_requeue()');
    push @broadcasts, "b$round";
    push @bad, "bad/$round";
    return;
}

my @steps = qw(read read-of-a-backlog sent accepted to-be-set-aside set-aside epoch-announced read-again sent-again
    cursor-loaded saving saved deleting-broadcasts);
for my $action (qw(term error kill))
{
    for my $step (@steps)
    {
        my $log = -s $node->logfile;
        append_to_file("$orders.new", "$step $action\n");
        rename "$orders.new", $orders or die "cannot rename $orders.new: $!";
        my $tries = 0;
        # A crash takes the session with it that waits for its answer.
        ok(poll(sub { work() if $tries++ % 50 == 0; !-e $orders }, 60), "$step: $action");
        ok(poll(sub { ($node->psql('postgres', "SELECT 1"))[0] == 0 }), 'the server is there');
        ok($subscriber->await(sub { my $last = $broadcasts[-1]; grep { $_->{payload} =~ /"event":"$last"/ } @{ $subscriber->{others} } }, 90),
            'it publishes again');
        # One that fails again and again is started after longer and longer pauses, one that is told to end is not.
        poll(sub { eval { end_publisher($node, 'postgres') } }) if $action eq 'error';
    }
}

# All of it has arrived; and what was set aside arrives when it may.
my %heard = map { ($_->{message}{event} // '') => 1 } $subscriber->others;
is(join(' ', grep { !$heard{$_} } @broadcasts), '', 'no broadcast is lost');
ok(poll(sub { sql("SELECT count(DISTINCT document_id) FROM _synckit.set_aside") == @bad }), 'all that was refused is set aside: ' . @bad);
is(sql("SELECT count(*) - count(DISTINCT delta_id) FROM _synckit.set_aside"), 0, 'nothing twice');
$admin->command(qw(ACL SETUSER publisher allchannels));
ok(sql('SELECT synckit_requeue()') >= 0, 'requeued');
ok(poll(sub { sql('SELECT count(*) FROM _synckit.set_aside') == 0 }), 'nothing is left');
heard_all($node, 'postgres', $subscriber, 'all in all');

done_testing();
