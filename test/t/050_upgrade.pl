# From the first version to the present one: all that is stored stays as it is, and the objects become those of a new
# installation.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;
use SyncKit::Redis;

my $redis = SyncKit::Redis->new;
my $node = new_publisher('main', $redis->url);

sub create_database
{
    my ($database) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    own_channels($node, $database);
    return;
}

# The extension of version 1.0, and the tables as the first migration makes them.
sub install_first
{
    my ($database) = @_;
    my $schema = slurp_file("$FindBin::RealBin/../../extension/schema/1.sql") =~ s/\@extschema\@/public/gr;
    create_database($database);
    $node->safe_psql($database, "CREATE EXTENSION synckit VERSION '1.0'");
    $node->safe_psql($database, "SET client_min_messages = warning; CREATE SCHEMA synckit; SET search_path = pg_catalog; $schema");
    return;
}

sub fill
{
    my ($database) = @_;
    $node->safe_psql($database, <<'SQL');
SELECT count(*) FROM synckit_apply_deltas((
    SELECT jsonb_agg(jsonb_build_object('documentId', 'd' || i % 40, 'clientId', 'c' || i % 7, 'operationType', 'set',
                                        'fieldPath', 'f' || i % 11, 'value', repeat('x', i * 10))) FROM generate_series(1, 500) i));
INSERT INTO synckit.documents (id, state) VALUES ('by hand', '{"a": 1.50, "b": [null, "é"]}');
UPDATE synckit.documents SET state = state - 'a' WHERE id = 'by hand';
DELETE FROM synckit.documents WHERE id IN ('d1', 'd2');
SELECT synckit_apply_delta('d2', 'c1', 'merge', '', '{"again": true}', clock => '{"c1": 2, "c9": 4}', "timestamp" => '2020-01-01', server_id => 's');
INSERT INTO synckit.vector_clocks (document_id, client_id, clock_value) VALUES ('d3', 'raised', 12);
SELECT synckit_save_session('session', 'user', 'client', '{"device": "phone"}');
SELECT synckit_state_index(true);
CREATE TABLE mine (id integer PRIMARY KEY, seen vclock, document text REFERENCES synckit.documents);
INSERT INTO mine SELECT i, format('{"c%s": %s}', i, i)::vclock, 'd' || 3 + i FROM generate_series(1, 30) i;
CREATE INDEX ON mine (seen);
CREATE INDEX ON mine USING gin (seen);
SQL
    return;
}

# What is stored, and what is asked of it.
sub contents
{
    my ($database) = @_;
    return stored_contents($node, $database) . "\n" . $node->safe_psql($database, <<'SQL');
SELECT 'mine', m.* FROM mine m ORDER BY id;
SELECT 'found', id FROM mine WHERE seen >= '{"c4": 4}' ORDER BY id;
SQL
}

# Every object of the extension, with its definition, comment and rights.
sub objects
{
    my ($database) = @_;
    return $node->safe_psql($database, <<'SQL');
SELECT pg_describe_object(classid, objid, 0), obj_description(objid, classid::regclass::name),
       p.proacl, CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END, c.relacl, pg_get_viewdef(c.oid),
       (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)),
                          ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
FROM pg_depend
LEFT JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid
LEFT JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'synckit')
      AND deptype = 'e'
ORDER BY 1;
SQL
}

# The tables' schema, as pg_dump sees it.
sub tables
{
    my ($database) = @_;
    my ($dump, $errors) = run_command([ 'pg_dump', '--schema-only', '--schema=synckit', $node->connstr($database) ]);
    is($errors, '', "pg_dump of $database");
    return $dump =~ s/^\\(un)?restrict .*$//gmr;
}

install_first('old');
fill('old');
my $contents = contents('old');
like($contents, qr/^$_\|/m, "there is a $_") for qw(document tombstone delta session clock mine found);
ok(await_state($node, 'old', 'publishing'), 'it is published from');

$node->safe_psql('old', 'ALTER EXTENSION synckit UPDATE');
$node->safe_psql('old', 'SELECT synckit_migrate()');
is(contents('old'), $contents, 'an upgrade changes nothing of what is stored');
is($node->safe_psql('old', 'SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = extname) FROM pg_extension WHERE extname = \'synckit\''),
    't', 'the extension is of the present version');
is($node->safe_psql('old', 'SELECT current, problems FROM synckit_schema_status()'), 't|{}', 'so are the tables');

create_database('new');
$node->safe_psql('new', 'CREATE EXTENSION synckit; SELECT synckit_migrate(); SELECT synckit_state_index(true)');
is(objects('old'), objects('new'), 'the objects of the extension are those of a new one');
is(tables('old'), tables('new'), 'so are the tables');

# What was begun before goes on.
my $version = $node->safe_psql('old', q{SELECT version FROM synckit.documents WHERE id = 'd3'});
is($node->safe_psql('old', q{SELECT version FROM synckit_apply_delta('d3', 'c1', 'set', 'f1', '2')}), $version + 1, 'a document goes on');
is($node->safe_psql('old', q{SELECT version > 1 FROM synckit_apply_delta('d1', 'c1', 'set', 'f1', '2')}), 't', 'a deleted one, too');
ok(await_status($node, 'old', "state = 'publishing' AND lag_deltas = 0"), 'and is published');

$node->stop;
log_is_clean($node);
done_testing();
