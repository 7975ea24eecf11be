# Runs synckit-replay, which feeds the recorded edits and checks what comes out of Redis, beside the test.
package SyncKit::Replay;

use strict;
use warnings;

use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;

use SyncKit::Program;

my $data = SyncKit::Program::root() . '/test/data';
my $longest = 240;    # seconds

# Starts it against a server's database "postgres" and the subscriber's Redis, with further options.
sub start
{
    my ($class, $node, $redis, @options) = @_;
    my $self = bless { out => '', err => '', report => PostgreSQL::Test::Utils::tempdir() . '/report.json' }, $class;
    local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');
    local $ENV{DATABASE_URL};
    delete $ENV{DATABASE_URL};
    $self->{run} = IPC::Run::start(
        [
            program('synckit-replay'), '--redis-url', $redis->url, '--input', "$data/manifests.jsonl",
            '--final', "$data/manifests.final.json", '--report-json', $self->{report}, @options
        ],
        '<', \undef, '>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout($longest));
    return $self;
}

sub running
{
    my ($self) = @_;
    return $self->{run}->pumpable && do { $self->{run}->pump_nb; 1 };
}

# Waits for its end. All checks must hold. Returns its report.
sub finish
{
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->{run}->finish;
    my ($status) = $self->{run}->full_results;
    is($status, 0, "$name: every committed delta arrived, nothing else did, in order")
        or diag($self->{out}, $self->{err});
    note($self->{out}, $self->{err});
    return { violations => ['no report'] } unless -e $self->{report};
    return JSON::PP->new->utf8->decode(PostgreSQL::Test::Utils::slurp_file($self->{report}));
}

1;
