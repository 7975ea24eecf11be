# Deltas that anybody who may write can send, made to be in the publisher's way: the others go on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;
use SyncKit::Subscriber;

my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url);
my $subscriber = SyncKit::Subscriber->new($redis);
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
my $limit = 256 * 1024;

# Twelve bytes of jsonb, nearly a thousand digits: thirty megabytes of text if somebody wrote it out.
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('numbers', 'c', 'set', 'n', ('[' || repeat('1e990,', 30000) || '1]')::jsonb)});
# A clock, a list of changed fields and a name that are longer than a message may be.
$node->safe_psql('postgres', q{
    SELECT synckit_apply_delta('clock', 'c', 'set', 'x', '1');
    SELECT synckit_merge_clock('clock', (SELECT ('{' || string_agg(format('"client %s": 1', i), ', ') || '}')::vclock FROM generate_series(1, 30000) i));
    SELECT synckit_apply_delta('clock', 'c', 'delete', 'x', clock => synckit_get_clock('clock'));
    SELECT synckit_apply_delta('fields', 'c', 'merge', '', (SELECT jsonb_object_agg(repeat('f', 400) || i, i) FROM generate_series(1, 2000) i));
    SELECT synckit_apply_delta('fields', 'c', 'set', 'late', '1');
    SELECT synckit_apply_delta('fields', 'd', 'delete', '', seen => 0, "timestamp" => now());});
$node->safe_psql('postgres', q{SELECT synckit_apply_delta('after', 'c', 'set', 'x', '1')});

ok($subscriber->await_versions('after', '1'), 'what comes after is published');
for my $expected ([ numbers => '1' ], [ clock => '1 2' ], [ fields => '1 2 3' ])
{
    my ($document, $versions) = @$expected;
    ok($subscriber->await_versions($document, $versions), "so is '$document'");
    my ($longest) = sort { $b <=> $a } map { length $_->{payload} } $subscriber->deltas($document);
    cmp_ok($longest, '<=', $limit, 'in messages that are not too long');
}
my ($deleted) = grep { $_->{version} == 2 } $subscriber->deltas('clock');
like($deleted->{payload}, qr/"clock":null,.*"truncated":true/, 'a clock that is too long is left out, and it says so');
is($node->safe_psql('postgres', "SELECT jsonb_array_length(state -> 'n') FROM synckit.documents WHERE id = 'numbers'"), 30001, 'it is stored whole');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'nothing waits');

# A new launcher finds the worker that is there, and starts no second one.
my $worker = publisher_pid($node, 'postgres');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'synckit launcher'");
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'synckit launcher' AND backend_start > now() - interval '1 minute'"), 'a new launcher');
$node->safe_psql('postgres', 'CREATE DATABASE later');
$node->safe_psql('later', 'CREATE EXTENSION synckit; SELECT synckit_migrate()');
ok(await_state($node, 'later', 'refused'), 'it has looked around');
is($node->safe_psql('postgres', "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE backend_type = 'synckit publisher' AND datname = 'postgres'"),
    $worker, 'there is one worker, the one that was there');
log_is_clean($node);

done_testing();
