# The tables' owner is an ordinary user, the publisher runs as a superuser: the owner must gain nothing by what they make
# of their tables, and cannot take the server down with it.
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
my $subscriber = SyncKit::Subscriber->new($redis);
my $node = new_node('main', redis_url => $redis->url, conf => "max_worker_processes = 20\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE mallory LOGIN;
GRANT CREATE ON DATABASE postgres TO mallory;
GRANT CREATE ON SCHEMA public TO mallory;
CREATE EXTENSION synckit;
SQL

sub as_mallory
{
    my ($sql) = @_;
    my ($code, $out, $error) = $node->psql('postgres', "SET SESSION AUTHORIZATION mallory; SET client_min_messages = warning;\n$sql",
        extra_params => [ '-v', 'ON_ERROR_STOP=1' ]);
    diag $error if $code;
    return $out;
}

sub write_delta
{
    my ($document) = @_;
    return as_mallory("SELECT synckit_apply_delta('$document', 'm', 'set', 'a', '1')");
}

sub harmless
{
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($node->safe_psql('postgres', "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', "$name: nothing gained");
}

# The publisher has looked at the table since now: it says why it cannot read it.
sub publisher_fails
{
    my ($from, $why, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    end_publisher($node, 'postgres');
    ok(poll(sub { slurp_file($node->logfile, $from) =~ $why }), "$name: the publisher refuses") or diag(slurp_file($node->logfile, $from));
    return harmless($name);
}

sub publishes_again
{
    my ($document) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    end_publisher($node, 'postgres');
    ok($subscriber->await_versions($document, '1', 90), 'and publishes when the table is one again');
    return;
}

as_mallory('SELECT synckit_migrate()');
ok(await_state($node, 'postgres', 'publishing'), 'it publishes');
is($node->safe_psql('postgres', "SELECT relowner::regrole FROM pg_class WHERE oid = 'synckit.deltas'::regclass"), 'mallory', 'the tables are an ordinary user\'s');
write_delta('first');
ok($subscriber->await_versions('first', '1'), 'a delta arrives');

# Code that says who runs it, and tries to make its author a superuser.
as_mallory(<<'SQL');
CREATE FUNCTION public.evil(name text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$
BEGIN
    RAISE LOG 'evil % runs as %', name, current_user;
    BEGIN
        EXECUTE 'RESET SESSION AUTHORIZATION';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    BEGIN
        EXECUTE 'RESET ROLE';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    BEGIN
        EXECUTE 'SET transaction_read_only = off';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    BEGIN
        EXECUTE 'ALTER ROLE mallory SUPERUSER';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    PERFORM set_config('search_path', 'public, pg_catalog', false);
    PERFORM set_config('enable_indexscan', 'off', false);
    RETURN true;
END $$;
-- Operators that stand in for Postgres's own where a search_path says so.
CREATE FUNCTION public.evil_equal(a bigint, b bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.evil('operator');
    RETURN a OPERATOR(pg_catalog.=) b;
END $$;
CREATE OPERATOR public.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = public.evil_equal);
CREATE FUNCTION public.evil_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.evil('trigger');
    RETURN coalesce(NEW, OLD);
END $$;
SQL

# Index predicates and expressions are run by the planner; policies and triggers by the executor.
my $log = -s $node->logfile;
as_mallory(<<'SQL');
CREATE INDEX evil ON synckit.deltas (xid, seq) WHERE public.evil('predicate');
CREATE INDEX evil_expression ON synckit.deltas (public.evil('expression'), xid);
CREATE STATISTICS synckit.evil ON (public.evil('statistics')), xid FROM synckit.deltas;
CREATE TRIGGER evil BEFORE INSERT OR UPDATE OR DELETE ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION public.evil_trigger();
ALTER TABLE synckit.deltas ADD COLUMN evil boolean GENERATED ALWAYS AS (public.evil('generated')) STORED;
CREATE POLICY evil ON synckit.deltas USING (public.evil('policy'));
ALTER TABLE synckit.deltas ENABLE ROW LEVEL SECURITY;
ANALYZE synckit.deltas;
SQL
end_publisher($node, 'postgres');
write_delta('index');
ok($subscriber->await_versions('index', '1'), 'indexes, policies, triggers: what is written arrives');
# Two of what is set aside: one that the log holds, one that it does not.
my $row = as_mallory(q{SELECT format('(%L, %s, %L, 3)', xid, seq, 'for a test') FROM synckit.deltas WHERE document_id = 'index'});
$node->safe_psql('postgres', "INSERT INTO _synckit.set_aside (xid, seq, error, tries) VALUES $row, ('1', 1, 'for a test', 3); SELECT synckit_requeue()");
ok($subscriber->await(sub { $subscriber->deltas('index') == 2 }), 'what the publisher does in between: what is requeued arrives');
ok(await_status($node, 'postgres', 'set_aside = 0 AND lag_deltas = 0'), 'and is no longer set aside');
write_delta('index 2');
ok($subscriber->await_versions('index 2', '1'), 'and so is the next');
my %runners = map { $_ => 1 } slurp_file($node->logfile, $log) =~ /evil \w+ runs as (\w+)/g;
is(join(' ', sort keys %runners), 'mallory', 'whatever runs, runs as the owner');
harmless('indexes, policies, triggers');

# Forced row-level security is an error, not an empty feed.
$log = -s $node->logfile;
as_mallory('ALTER TABLE synckit.deltas FORCE ROW LEVEL SECURITY');
write_delta('forced');
publisher_fails($log, qr/affected by row-level security/, 'forced row-level security');
as_mallory('ALTER TABLE synckit.deltas NO FORCE ROW LEVEL SECURITY');
publishes_again('forced');
as_mallory('DROP INDEX synckit.evil; DROP INDEX synckit.evil_expression; DROP STATISTICS synckit.evil; DROP TRIGGER evil ON synckit.deltas;'
        . 'DROP POLICY evil ON synckit.deltas; ALTER TABLE synckit.deltas DISABLE ROW LEVEL SECURITY, DROP COLUMN evil');

# A view in the table's place.
$log = -s $node->logfile;
as_mallory(<<'SQL');
BEGIN;
ALTER TABLE synckit.deltas RENAME TO hidden;
CREATE VIEW synckit.deltas AS SELECT * FROM synckit.hidden WHERE public.evil('view');
COMMIT;
SQL
publisher_fails($log, qr/synckit\.deltas is not a table/, 'a view');
unlike(slurp_file($node->logfile, $log), qr/evil view runs/, 'the view is not even looked at');
as_mallory('DROP VIEW synckit.deltas; ALTER TABLE synckit.hidden RENAME TO deltas');
write_delta('view');
publishes_again('view');

# schema_version() is read, not run.
$log = -s $node->logfile;
as_mallory(q{CREATE OR REPLACE FUNCTION synckit.schema_version() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT 1 + 0 * public.evil(''version'')::integer'});
end_publisher($node, 'postgres');
write_delta('version');
ok($subscriber->await_versions('version', '1'), 'another schema_version()');
$node->safe_psql('postgres', 'SELECT synckit_health(), synckit_schema_status()');
unlike(slurp_file($node->logfile, $log), qr/evil version runs/, 'is not run');

# More rows than a batch has, none of which a backlog shows: its positions begin behind the least number.
$log = -s $node->logfile;
as_mallory(<<'SQL');
BEGIN;
ALTER TABLE synckit.deltas DISABLE TRIGGER USER;
INSERT INTO synckit.deltas (id, document_id, client_id, operation_type, field_path, clock_value, "timestamp", stamp, lamport, version, outcome, seq, xid)
SELECT gen_random_uuid(), 'nowhere', 'm', 'set', 'a', i, now(), 1, 1, i, 'applied', '-9223372036854775808', pg_current_xact_id()
FROM generate_series(1, 1001) i;
ALTER TABLE synckit.deltas ENABLE TRIGGER USER;
COMMIT;
SQL
publishes_again('version');
ok(await_status($node, 'postgres', "state = 'publishing' AND lag_deltas = 0"), 'rows that no backlog shows are passed by');
write_delta('behind them');
ok($subscriber->await_versions('behind them', '1'), 'and what comes after them arrives');
unlike(slurp_file($node->logfile, $log), qr/was terminated by signal/, 'nobody crashes');

# Columns of other types, and without values, must not be taken for what they are not: a database for each.
my %columns = (
    id             => 'ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE bigint USING 7',
    client_id      => 'ALTER COLUMN client_id TYPE bigint USING 7',
    value          => 'ALTER COLUMN value TYPE bigint USING 7',
    version        => 'ALTER COLUMN version TYPE numeric USING 7',
    clock          => 'ALTER COLUMN clock TYPE bigint USING 7',
    changed_fields => 'ALTER COLUMN changed_fields TYPE bigint USING 7',
    server_id      => 'ALTER COLUMN server_id TYPE bigint USING 7',
    seq            => 'ALTER COLUMN seq TYPE numeric USING 7',
);
my $nulls = join ', ', 'DROP CONSTRAINT deltas_pkey', 'DISABLE TRIGGER USER', map { qq{ALTER COLUMN "$_" DROP NOT NULL} } qw(
    id document_id client_id operation_type field_path clock_value timestamp stamp lamport version outcome seq);
set_conf($node, 'synckit.publish' => 'off');
for my $database (sort keys(%columns), 'nulls')
{
    $node->safe_psql('postgres', "CREATE DATABASE $database OWNER mallory");
    own_channels($node, $database);
    $node->safe_psql($database, 'CREATE EXTENSION synckit');
    $node->safe_psql($database, "SET SESSION AUTHORIZATION mallory; SELECT synckit_migrate();"
            . "SELECT synckit_apply_delta('d', 'm', 'set', 'a', '1', server_id => 's');"
            . ($columns{$database} ? "ALTER TABLE synckit.deltas $columns{$database};"
                : "ALTER TABLE synckit.deltas $nulls; INSERT INTO synckit.deltas (seq, xid) VALUES (1, pg_current_xact_id());"));
}
$log = -s $node->logfile;
set_conf($node, 'synckit.publish' => 'on');
for my $column (sort keys %columns)
{
    ok(poll(sub { slurp_file($node->logfile, $log) =~ /ERROR:  column "$column" of synckit's tables has another type/ }),
        "deltas.$column of another type is an error");
}
ok(await_status($node, 'nulls', 'set_aside = 1 AND lag_deltas = 0'), 'an empty row is set aside');
like($node->safe_psql('nulls', 'SELECT error FROM _synckit.set_aside'), qr/column "\w+" of a row of synckit's tables is null/, 'for what it lacks');
ok(await_status($node, 'id', "state = 'failed' AND last_error LIKE 'column \"id\"%'"), 'the status says so, too');
ok(await_state($node, 'postgres', 'publishing'), 'another database publishes on');

# The functions, likewise, in whosever session they run.
my %documents = (
    state => 'bigint USING 7', version => 'numeric USING 7', lamport => 'text USING \'7\'', clock => 'bigint USING 7', registers => 'bigint USING 7',
    updated_at => 'text USING \'7\'',
);
my @calls = ("synckit_apply_delta('first', 'm', 'set', 'b', '2')", "synckit_get_document('first')", "synckit_get_clock('first')",
    "synckit_list_documents()", "synckit_deltas_unseen('first', '{}')", q{synckit_merge_clock('first', '{"x": 1}')},
    q{synckit_save_document('first', '{"x": 1}')}, "synckit_delete_document('first')");
for my $column (sort keys %documents)
{
    my $failed = 0;
    for my $call (@calls)
    {
        my ($code, undef, $error) = $node->psql('postgres', "BEGIN; SET LOCAL SESSION AUTHORIZATION mallory;"
                . "DROP VIEW synckit.vector_clocks, synckit.documents_with_clocks;"
                . "ALTER TABLE synckit.documents ALTER COLUMN $column TYPE $documents{$column}; RESET SESSION AUTHORIZATION; SELECT * FROM $call; ROLLBACK");
        $failed++ if $error =~ /has another type|is of type|there is no column/;
    }
    cmp_ok($failed, '>=', 1, "documents.$column of another type is an error in $failed functions");
}
my (undef, undef, $error) = $node->psql('postgres', <<'SQL');
BEGIN;
SET LOCAL SESSION AUTHORIZATION mallory;
ALTER TABLE synckit.documents RENAME TO hidden;
CREATE VIEW synckit.documents AS SELECT 7::bigint AS ctid, * FROM synckit.hidden;
RESET SESSION AUTHORIZATION;
SELECT synckit_apply_delta('first', 'm', 'set', 'b', '2');
SQL
like($error, qr/"ctid" of synckit's tables has another type/, 'a view that brings its own ctid');
(undef, undef, $error) = $node->psql('postgres', <<'SQL');
BEGIN;
SET LOCAL SESSION AUTHORIZATION mallory;
CREATE SCHEMA other;
CREATE TABLE other.deltas (id bigint);
CREATE TRIGGER guard BEFORE INSERT ON other.deltas FOR EACH ROW EXECUTE FUNCTION synckit_deltas_trigger();
CREATE FUNCTION other.insert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO other.deltas VALUES (7); RETURN NEW; END';
CREATE TRIGGER other AFTER INSERT ON synckit.deltas FOR EACH ROW EXECUTE FUNCTION other.insert();
SELECT synckit_apply_delta('first', 'm', 'set', 'b', '2');
SQL
like($error, qr/ERROR:  synckit_deltas_trigger\(\) is the trigger of synckit\.deltas alone/, 'our trigger on another table');

# The extension's own state is nobody's business.
for my $sql ('SELECT * FROM _synckit.publisher', 'UPDATE _synckit.publisher SET position = 0', 'SELECT * FROM synckit_publisher_status')
{
    my (undef, undef, $error) = $node->psql('postgres', "SET SESSION AUTHORIZATION mallory; $sql");
    like($error, qr/permission denied/, "refused: $sql");
}
harmless('all in all');
log_is_clean($node);

done_testing();
