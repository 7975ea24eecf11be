# What listens at synckit.redis_url is no Redis, or a hostile one: the publisher survives it, says so, and goes on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::FakeRedis;
use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_publisher('main', $redis->url);
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
my $worker = publisher_pid($node, 'postgres');

my @answers = (
    [ 'nothing at all', bytes => '', ends => 'close' ],
    [ 'closed at once', bytes => '', ends => 'close', greets => 1 ],
    [ 'a web server', bytes => "HTTP/1.1 400 Bad Request\r\n\r\n", ends => 'close' ],
    [ 'garbage', bytes => join('', map { chr($_ * 37 % 256) } 1 .. 5000), ends => 'hold' ],
    [ 'zero bytes', bytes => "\0" x 1000, ends => 'hold' ],
    [ 'a huge string', bytes => "\$2147483647\r\n", ends => 'hold' ],
    [ 'a huge string that comes', bytes => "\$2147483647\r\n" . 'x' x 100_000, ends => 'repeat' ],
    [ 'a length that overflows', bytes => "\$99999999999999999999\r\n", ends => 'hold' ],
    [ 'a negative length', bytes => "\$-7\r\n*-7\r\n", ends => 'hold' ],
    [ 'a huge array', bytes => "*2147483647\r\n", ends => 'hold' ],
    [ 'a huge array that comes', bytes => "*2147483647\r\n" . ":1\r\n" x 10_000, ends => 'repeat' ],
    [ 'arrays in arrays', bytes => "*1\r\n" x 100_000, ends => 'hold' ],
    [ 'an error', bytes => "-ERR hostile \xff\xfe \e[31m %s%n\r\n", ends => 'hold' ],
    [ 'a long error', bytes => '-ERR ' . 'x' x 10_000 . "\r\n", ends => 'hold' ],
    [ 'an endless error', bytes => '-' . 'x' x 60_000, ends => 'repeat' ],
    [ 'half a reply', bytes => ':1', ends => 'close' ],
    [ 'a word for a number', bytes => ":one\r\n", ends => 'hold' ],
    [ 'types of later protocols', bytes => "%1\r\n+a\r\n~1\r\n|1\r\n=5\r\n", ends => 'hold' ],
    [ 'replies without end', bytes => ":1\r\n" x 10_000, ends => 'repeat' ],
    [ 'an error that does not end, byte by byte', bytes => '-ERR ', ends => 'drip' ],
    [ 'no answer', bytes => '', ends => 'hold' ],
);

my $written = 0;
for my $answer (@answers)
{
    my ($name, %answer) = @$answer;
    # Before the publisher is welcomed, and after. Not answering takes five seconds: once is enough.
    for my $welcomes ($name eq 'no answer' ? 0 : (0, 1))
    {
        my $what = $welcomes ? "$name, after a welcome" : $name;
        my $fake = SyncKit::FakeRedis->new(%answer, welcomes => $welcomes);
        set_conf($node, 'synckit.redis_url' => "'" . $fake->url . "'");
        $node->safe_psql('postgres', "SELECT synckit_apply_delta('hostile', 'test', 'set', 'a', '1')");
        $written++;
        # Its replies without end are good ones, as far as anyone can tell: they may be taken for answers.
        my $tried = $name eq 'replies without end' ? poll(sub { publisher_pid($node, 'postgres') ne '' })
            : poll(sub { status($node, 'postgres', "state = 'connecting' AND last_error_at > now() - interval '10 s' AND last_error IS NOT NULL") eq 't' }, 20);
        ok($tried, "$what: an error") or diag(status($node, 'postgres', '*'));
        note(status($node, 'postgres', 'last_error'));
        # It is not busy with it, either: it still obeys.
        my $start = time;
        set_conf($node, 'synckit.redis_url' => "'" . $redis->url . "'");
        ok(await_state($node, 'postgres', 'publishing', 30), "$what: then a real one");
        $fake->stop;
    }
}
ok(await_status($node, 'postgres', 'lag_deltas = 0'), 'caught up');
is(publisher_pid($node, 'postgres'), $worker, 'it was the same publisher all the time');
my $heard = $subscriber->await(sub { $subscriber->versions('hostile') =~ /\b$written$/ });
ok($heard, 'the last delta is heard');
my ($size) = slurp_file("/proc/$worker/status") =~ /^VmRSS:\s+(\d+) kB/m;
cmp_ok($size, '<', 150_000, "the publisher has not grown: $size kB");
cmp_ok(-s $node->logfile, '<', 200_000, 'nor has the log');
log_is_clean($node);

done_testing();
