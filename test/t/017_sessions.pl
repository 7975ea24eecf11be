# Many sessions, all at once and at random, through the functions and both doors: singles and batches, rollbacks,
# savepoints, statements that are cancelled, deletions and births, over hot and cold documents. Afterwards the log tells
# each document's life without a gap, and replayed elsewhere in any order it comes to the same documents.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use List::Util qw(shuffle);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SyncKit::Node;

my $seconds = $ENV{SYNCKIT_TEST_LONG} ? 180 : 20;
my $seed = $ENV{SYNCKIT_TEST_SEED} // int(rand(1 << 31));
srand $seed;
note "SYNCKIT_TEST_SEED=$seed runs the same statements, in another interleaving";

my $node = new_node('main', conf => "deadlock_timeout = 100ms\nlog_min_error_statement = panic\n");
$node->start;
set_up($node, 'postgres');

# Five documents that everybody writes, and many that hardly anybody does.
my $next_id = 0;
sub document { return rand() < 0.7 ? 'hot' . int(rand 5) : 'cold' . int(rand 500); }
sub field { return 'f' . int(rand 6); }
sub value { return (int(rand 1000), '"' . ('x' x int(rand 50)) . '"', 'null', '1.50', '{"n": [1, 2.0]}')[ int(rand 5) ]; }
# Of a client of this session, which is late at times.
sub timestamp { return rand() < 0.3 ? sprintf("clock_timestamp() - interval '%d ms'", int(rand 5000)) : 'NULL'; }

sub delta_row
{
    my ($client) = @_;
    my $document = document();
    my $what = rand() < 0.08 ? "'delete', '', NULL" : rand() < 0.15 ? sprintf("'delete', '%s', NULL", field())
        : rand() < 0.2 ? sprintf("'merge', '', '{\"%s\": %s, \"%s\": %s}'", field(), value(), field(), value())
        : sprintf("'set', '%s', '%s'", field(), value());
    return sprintf "('%s', '%s', %s, %s)", $document, $client, $what, timestamp();
}

sub apply_deltas
{
    my ($client, $document) = @_;
    $document //= \&document;
    my @deltas = map {
        my $what = rand() < 0.1 ? '"delete", "fieldPath": ""' : sprintf '"set", "fieldPath": "%s", "value": %s', field(), value();
        sprintf '{"documentId": "%s", "clientId": "%s", "operationType": %s}', $document->(), $client, $what
    } 0 .. int(rand 12);
    return "SELECT count(*) FROM synckit_apply_deltas('[" . join(', ', @deltas) . "]');";
}

sub statement
{
    my ($client) = @_;
    my $document = document();
    my $change = sprintf "jsonb_build_object('%s', '%s'::jsonb)", field(), value();
    my @kinds = (
        sub { apply_deltas($client) },
        sub { sprintf "SELECT version FROM synckit_apply_delta('%s', '%s', 'set', '%s', '%s', \"timestamp\" => %s);", $document, $client, field(), value(), timestamp() },
        sub { 'INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, "timestamp") VALUES ' . delta_row($client) . ';' },
        sub { 'INSERT INTO synckit.deltas (document_id, client_id, operation_type, field_path, value, "timestamp") VALUES '
                . join(', ', map { delta_row($client) } 0 .. int(rand 10)) . ';' },
        sub { "UPDATE synckit.documents SET state = state || $change WHERE id = '$document';" },
        sub { sprintf "UPDATE synckit.documents SET state = state - '%s' || %s WHERE id LIKE 'cold%d%%';", field(), $change, int(rand 100) },
        sub { "INSERT INTO synckit.documents AS d (id, state) VALUES ('$document', $change) ON CONFLICT (id) DO UPDATE SET state = d.state || excluded.state;" },
        sub { "INSERT INTO synckit.documents (id, state) VALUES ('$document', $change), ('" . document() . "', '{}') ON CONFLICT DO NOTHING;" },
        sub { "DELETE FROM synckit.documents WHERE id = '$document';" },
        sub { "SELECT version FROM synckit_save_document('$document', $change);" },
        sub { "SELECT version FROM synckit_update_document('$document', $change, " . (1 + int(rand 50)) . ');' },
        sub { "SELECT synckit_delete_document('$document');" },
        sub { sprintf "SELECT synckit_merge_clock('%s', '{\"%s\": %d}');", $document, $client, 1 + int(rand 100) },
    );
    return $kinds[ int(rand @kinds) ]->();
}

sub transaction
{
    my ($client) = @_;
    my $many = sub { join ' ', map { statement($client) } 0 .. int(rand 3) };
    my $kind = rand;
    return statement($client) if $kind < 0.5;
    return 'BEGIN; ' . $many->() . ' COMMIT;' if $kind < 0.65;
    return 'BEGIN; ' . $many->() . ' ROLLBACK;' if $kind < 0.75;
    return 'BEGIN; ' . $many->() . ' SAVEPOINT s; ' . $many->() . ' ROLLBACK TO s; ' . $many->() . ' COMMIT;' if $kind < 0.9;
    return "SET statement_timeout = '2ms'; " . statement($client) . ' RESET statement_timeout;' if $kind < 0.95;
    return 'BEGIN; SAVEPOINT s; ' . statement($client) . " SELECT 1 / 0; ROLLBACK TO s; " . $many->() . ' COMMIT;';
}

# A script a session, long enough; psql goes on after an error, as a pool of connections would, and stops in time.
my $sessions = 16;
my $folder = PostgreSQL::Test::Utils::tempdir();
my @runs;
for my $session (1 .. $sessions)
{
    # The last five send nothing but batches, births and deaths included, for documents of their own: each takes its
    # locks in one order, so there is to be no deadlock among them.
    my $make = $session > $sessions - 5 ? sub { apply_deltas($_[0], sub { 'batch' . int(rand 20) }) } : \&transaction;
    my $client = "client$session";
    my $file = "$folder/$session.sql";
    append_to_file($file, "SET synckit.client_id = '$client';\n\\set VERBOSITY verbose\n" . join('', map { $make->($client) . "\n" } 1 .. 4000));
    my ($out, $err) = ('', '');
    push @runs,
        { session => $session, err => \$err, out => \$out,
          handle => IPC::Run::start([ 'sh', '-c', 'while cat "$1"; do :; done | timeout "$2" psql -X -q -d "$3"; true', 'sh', $file, $seconds, $node->connstr('postgres') ],
            '>', '/dev/null', '2>', \$err) };
}
$_->{handle}->finish for @runs;
# What the last statements of the sessions had begun.
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE state <> 'idle' AND application_name = 'psql' AND pid <> pg_backend_pid()"),
    'all sessions have ended');

my %errors;
for my $run (@runs)
{
    for my $state (${ $run->{err} } =~ /ERROR:  (\w{5}):/g)
    {
        $errors{$state}++;
        $run->{deadlocks}++ if $state eq '40P01';
    }
}
note 'errors: ' . join ', ', map { "$_ $errors{$_}" } sort keys %errors;
# Conflicts are to be expected, and what the scripts do to themselves: 1 / 0, a savepoint that was not reached.
my %expected = map { $_ => 1 } qw(22012 25P02 3B001 40001 40P01 57014 SK001 SK002 22003 23505);
is(join(' ', grep { !$expected{$_} } sort keys %errors), '', 'no errors but conflicts');
is(join(' ', map { $_->{session} } grep { $_->{deadlocks} } @runs[ -5 .. -1 ]), '', 'batches meet no deadlock');

my $check = sub {
    my ($name, $sql) = @_;
    return is($node->safe_psql('postgres', $sql), '', $name);
};
my ($deltas, $deaths, $superseded) = split /\|/, $node->safe_psql('postgres',
    "SELECT count(*), count(*) FILTER (WHERE operation_type = 'delete' AND field_path = ''), count(*) FILTER (WHERE outcome = 'superseded') FROM synckit.deltas");
note "$deltas deltas, $deaths deletions, $superseded superseded";
cmp_ok($_, '>', 10, 'there was much to see') for $deltas, $deaths, $superseded;
$check->('versions are 1 to n', 'SELECT document_id, count(*), max(version) FROM synckit.deltas GROUP BY 1'
        . ' HAVING count(*) <> max(version) OR count(DISTINCT version) <> count(*) OR min(version) <> 1');
$check->('seq and lamport rise with them', 'SELECT * FROM (SELECT document_id, version, seq, lag(seq) OVER w AS before, lamport, lag(lamport) OVER w AS was'
        . ' FROM synckit.deltas WINDOW w AS (PARTITION BY document_id ORDER BY version)) l WHERE seq <= before OR lamport <= was');
$check->('a client\'s numbers, too', 'SELECT * FROM (SELECT document_id, client_id, clock_value, lag(clock_value) OVER (PARTITION BY document_id, client_id ORDER BY version) AS before'
        . ' FROM synckit.deltas) l WHERE clock_value <= before');
my $rows = '(SELECT id, version, lamport, clock, registers, state FROM synckit.documents UNION ALL SELECT id, version, lamport, clock, registers, NULL FROM synckit.tombstones)';
$check->('each document is where its log ends', "SELECT d.id FROM $rows d FULL JOIN (SELECT DISTINCT ON (document_id) * FROM synckit.deltas ORDER BY document_id, version DESC) l"
        . ' ON l.document_id = d.id WHERE (d.version, d.lamport) IS DISTINCT FROM (l.version, l.lamport)');
$check->('and has either a row or a tombstone', "SELECT id FROM $rows d GROUP BY id HAVING count(*) > 1");
$check->('each clock covers its log', "SELECT d.id FROM $rows d JOIN synckit.deltas l ON l.document_id = d.id WHERE vclock_get(d.clock, l.client_id) < l.clock_value");

# The log, stamped, replayed elsewhere in batches of that order. numbers: whether deltas bring theirs.
sub replay
{
    my ($database, $order, $numbers) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    set_up($node, $database);
    my $file = "$folder/$database.sql";
    $node->safe_psql('postgres', <<"SQL");
COPY (SELECT format('SELECT count(*) FILTER (WHERE error_code IS NOT NULL) FROM synckit_apply_deltas(%L);', jsonb_agg(jsonb_build_object(
    'documentId', document_id, 'clientId', client_id, 'operationType', operation_type, 'fieldPath', field_path, 'id', id, 'stamp', stamp,
    'clockValue', CASE WHEN $numbers THEN clock_value END)
    || CASE WHEN operation_type = 'delete' THEN '{}' ELSE jsonb_build_object('value', value) END ORDER BY n))
    FROM (SELECT *, row_number() OVER (ORDER BY $order) AS n FROM synckit.deltas) d GROUP BY n / 100 ORDER BY n / 100) TO '$file'
SQL
    # COPY has doubled the backslashes.
    append_to_file("$file.run", join '', map { s/\\\\/\\/gr . "\n" } split /\n/, slurp_file($file));
    my ($out, $err) = run_command([ 'psql', '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-f', "$file.run", '-d', $node->connstr($database) ]);
    is($err, '', "$database: the log is replayed");
    is(join(' ', grep { $_ ne '0' } split /\s+/, $out), '', "$database: and nothing of it refused");
    return;
}

sub same_documents
{
    my ($database, $registers) = @_;
    my ($here, $there) = map { [ split /\n/, $node->safe_psql($_, "SELECT id, version, state, $registers FROM $rows d ORDER BY id") ] } 'postgres', $database;
    is(scalar(@$there), scalar(@$here), "$database: as many documents");
    my @different = grep { ($here->[$_] // '') ne ($there->[$_] // '') } 0 .. $#$here;
    is(scalar(@different), 0, "$database: the same versions, states and registers")
        or diag join "\n", map { "$here->[$_]\n$there->[$_]" } grep { defined } @different[ 0 .. 4 ];
    return;
}

# In the order of the log everything is the same, but for the entries of clocks that were raised by hand.
replay('in_order', 'document_id, version', 'true');
same_documents('in_order', 'registers');
is($node->safe_psql('in_order', "SELECT md5(string_agg(id || clock::text, ' ' ORDER BY id)) FROM $rows d"),
    $node->safe_psql('postgres', "SELECT md5(string_agg(document_id || clock::text, ' ' ORDER BY document_id))"
            . ' FROM (SELECT document_id, vclock_agg(client_id, clock_value) AS clock FROM synckit.deltas GROUP BY 1) l'), 'in_order: the clocks are those of the log');
# In any other order, too; only that numbers are given out anew, which a client's late delta gets the greatest of.
replay('at_random', 'random()', 'false');
same_documents('at_random', "regexp_replace(registers::text, ', \\d+\\]', ']', 'g')");
log_is_clean($node);

done_testing();
