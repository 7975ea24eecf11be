# Processes that go on writing at random, each by a psql of its own that it starts again whenever the server has gone: through
# the functions and both doors, over hot and cold documents, with rollbacks, savepoints, long and prepared transactions.
package SyncKit::Writers;

use strict;
use warnings;

use Fcntl ();
use IO::Handle;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Time::HiRes qw(sleep time);

# Of each broadcast that was sent, in the same transaction.
my $table = <<'SQL';
CREATE TABLE sent_broadcasts (
    event text PRIMARY KEY, data jsonb, xid xid8 NOT NULL DEFAULT pg_current_xact_id(), session integer, number integer NOT NULL);
SQL

# Starts them against database "postgres" of a server. The first `synchronous` of `count` commit synchronously and seldom.
sub start
{
    my ($class, $node, %options) = @_;
    $node->safe_psql('postgres', $table);
    my $self = bless { node => $node, dir => PostgreSQL::Test::Utils::tempdir(), writers => [], %options }, $class;
    for my $number (1 .. $options{count})
    {
        my $seed = int rand(1 << 31);
        my $pid = fork // die "cannot fork: $!";
        if ($pid == 0)
        {
            srand $seed;
            my $done = eval { $self->_run($number); 1 };
            print STDERR "writer $number: $@" unless $done;
            POSIX::_exit($done ? 0 : 1);
        }
        push @{ $self->{writers} }, $pid;
    }
    return $self;
}

# Stops them all; what they have begun ends, but for prepared transactions.
sub stop
{
    my ($self) = @_;
    PostgreSQL::Test::Utils::append_to_file("$self->{dir}/stop", '');
    for my $pid (splice @{ $self->{writers} })
    {
        waitpid $pid, 0;
        die "a writer has failed: $?" if $?;
    }
    return;
}

# Commits some of the transactions that are prepared, and rolls the others back. As SQL for psql.
sub resolve_prepared
{
    my ($pattern) = @_;
    return "SELECT format('%s PREPARED %L', CASE WHEN hashtext(gid) % 2 = 0 THEN 'COMMIT' ELSE 'ROLLBACK' END, gid)"
        . " FROM pg_prepared_xacts WHERE gid LIKE '$pattern' \\gexec\n";
}

# The ids of deltas whose commit was answered: of those that commit synchronously, and of the others. Only of statements that
# were a transaction of their own.
sub answered
{
    my ($self) = @_;
    my @answered = ([], []);
    for my $number (1 .. $self->{count})
    {
        my $ids = $answered[ $number > $self->{synchronous} ];
        push @$ids, PostgreSQL::Test::Utils::slurp_file("$self->{dir}/$number.out") =~ /^answered\|(\S+)$/mg;
    }
    return @answered;
}

# How often each error was met: { SQLSTATE => count }.
sub errors
{
    my ($self) = @_;
    my %errors;
    for my $number (1 .. $self->{count})
    {
        $errors{$_}++ for PostgreSQL::Test::Utils::slurp_file("$self->{dir}/$number.err") =~ /ERROR:  (\w{5}):/g;
    }
    return %errors;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!, $@);
    eval { $self->stop };
    return;
}

# What follows runs in the processes.
sub _run
{
    my ($self, $number) = @_;
    my $synchronous = $number <= $self->{synchronous};
    local $SIG{PIPE} = 'IGNORE';
    local $ENV{PGOPTIONS} = "-c synckit.client_id=client$number -c lock_timeout=100ms -c synchronous_commit=" . ($synchronous ? 'on' : 'off');
    open STDOUT, '>>', "$self->{dir}/$number.out" or die "cannot write: $!";
    open STDERR, '>>', "$self->{dir}/$number.err" or die "cannot write: $!";
    my $writer = { number => $number, sent => 0, prepared => 0, pause => $synchronous ? 0.5 : 0.02 };
    my $stopped = sub { -e "$self->{dir}/stop" || getppid() == 1 };
    until ($stopped->())
    {
        open my $psql, '|-', 'psql', '-X', '-q', '-At', '-d', $self->{node}->connstr('postgres') or die "cannot run psql: $!";
        $psql->autoflush(1);
        fcntl $psql, 1031, 4096;    # F_SETPIPE_SZ: not far ahead of what is done
        my $more = print $psql "\\set VERBOSITY verbose\n" . resolve_prepared("w$number-%");
        while ($more && !$stopped->())
        {
            $writer->{pause} = (0, 0.005, 0.02, 0.05)[ int rand 4 ] if !$synchronous && rand() < 0.05;
            $more = print $psql _transaction($writer), sprintf "SELECT pg_sleep(%.4f);\n", rand() * 2 * $writer->{pause};
        }
        close $psql;
        sleep 0.1;
    }
    return;
}

# Whoever keeps locks for long keeps off what everybody writes.
our $hot = 0.4;
sub _document { return rand() < $hot ? 'hot' . int(rand 5) : 'cold' . int(rand 400); }
sub _field { return 'f' . int(rand 6); }
sub _value { return (int(rand 1000), '"' . ('x' x int(rand 50)) . '"', 'null', '1.50', '{"n": [1, 2.0, "\\"ü\\t"]}')[ int(rand 5) ]; }

sub _statement
{
    my ($writer) = @_;
    my ($document, $field, $value) = (_document(), _field(), _value());
    my $client = "client$writer->{number}";
    my $answer = ($writer->{is_alone} ? "'answered'" : "'not committed yet'") . ', id';
    my @kinds = (
        sub { "SELECT $answer FROM synckit_apply_delta('$document', '$client', 'set', '$field', '$value');" },
        sub { "SELECT $answer FROM synckit_apply_deltas('[" . join(', ', map {
            sprintf '{"documentId": "%s", "clientId": "%s", "operationType": %s}', _document(), $client,
                rand() < 0.1 ? '"delete", "fieldPath": ""' : sprintf('"set", "fieldPath": "%s", "value": %s', _field(), _value())
        } 0 .. int(rand 12)) . "]') WHERE error_code IS NULL;" },
        sub { "INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value) VALUES "
            . join(', ', map { sprintf "('%s', '%s', 'set', '%s', '%s')", _document(), $client, _field(), _value() } 0 .. int(rand 5)) . " RETURNING $answer;" },
        sub { "INSERT INTO synckit.documents AS d (id, state) VALUES ('$document', '{\"$field\": $value}')"
            . ' ON CONFLICT (id) DO UPDATE SET state = d.state || excluded.state;' },
        sub { "UPDATE synckit.documents SET state = state - '" . _field() . "' || '{\"$field\": $value}' WHERE id = '$document';" },
        sub { rand() < 0.3 ? "DELETE FROM synckit.documents WHERE id = '$document';" : _broadcast($writer) },
        sub { _broadcast($writer) },
    );
    return $kinds[ int rand @kinds ]->();
}

sub _broadcast
{
    my ($writer) = @_;
    my $number = ++$writer->{sent};
    my $session = $writer->{out_of_turn} ? 'NULL' : $writer->{number};
    return sprintf q{INSERT INTO sent_broadcasts (event, data, session, number) VALUES ('w%d-%d', '%s', %s, %d) RETURNING synckit_broadcast(event, data);},
        $writer->{number}, $number, _value(), $session, $number;
}

sub _transaction
{
    my ($writer) = @_;
    my $some = sub { join ' ', map { _statement($writer) } 0 .. int(rand 3) };
    my $kind = rand;
    local $writer->{is_alone} = $kind < 0.5;
    return _statement($writer) if $writer->{is_alone};
    return 'BEGIN; ' . $some->() . ' COMMIT;' if $kind < 0.65;
    return 'BEGIN; ' . $some->() . ' ROLLBACK;' if $kind < 0.73;
    return 'BEGIN; ' . $some->() . ' SAVEPOINT s; ' . $some->() . ' ROLLBACK TO s; ' . $some->() . ' SAVEPOINT t; ' . $some->() . ' RELEASE t; COMMIT;'
        if $kind < 0.85;
    return _long($some) if $kind < 0.87;
    return "INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value) SELECT 'many' || i % 50, 'client$writer->{number}', 'set', 'a', '1'"
        . ' FROM generate_series(1, ' . int(rand 400) . ') i;' if $kind < 0.88;
    # PREPARE TRANSACTION writes all WAL: others leave it in memory for longer.
    return _prepared($writer) if $kind < 0.96 && $writer->{number} <= 3;
    return 'BEGIN; SAVEPOINT s; ' . $some->() . ' SELECT 1 / 0; ROLLBACK TO s; ' . $some->() . ' COMMIT;';
}

sub _long
{
    my ($some) = @_;
    local $hot = 0;
    return sprintf 'BEGIN; %s SELECT pg_sleep(%.2f); %s COMMIT;', $some->(), rand(2), $some->();
}

# Committed or rolled back after some others; both, with a crash in between, by whoever comes next.
sub _prepared
{
    my ($writer) = @_;
    my $name = "w$writer->{number}-" . ++$writer->{prepared} . '-' . int(time);
    local $hot = 0;
    local $writer->{out_of_turn} = 1;
    my $prepare = join ' ', 'BEGIN;', (map { _statement($writer) } 0 .. int(rand 3)), "PREPARE TRANSACTION '$name';";
    local $writer->{out_of_turn} = 0;
    my @between = map { sprintf 'SELECT pg_sleep(%.3f); %s', rand(0.1), _statement($writer) } 1 .. int(rand 3);
    return join ' ', $prepare, @between, (rand() < 0.5 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$name';";
}

1;
