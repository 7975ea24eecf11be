# PostgreSQL servers that publish, and what tests ask of them.
package SyncKit::Node;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    new_node new_publisher set_up own_channels await_state await_status status publisher_pid end_publisher set_conf poll
    kill_server children_of log_is_clean heard_all stored_contents
);

# A server with the library preloaded, not started. conf: text for postgresql.conf; init: for init().
sub new_node
{
    my ($name, %options) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(%{ $options{init} // {} });
    my $preload = $options{preload} // 'synckit';
    $node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = '$preload'
log_statement = none
max_connections = 30
max_worker_processes = 8
CONF
    $node->append_conf('postgresql.conf', "synckit.redis_url = '$options{redis_url}'") if $options{redis_url};
    $node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
    return $node;
}

# The same, started, with the tables in database "postgres".
sub new_publisher
{
    my ($name, $redis_url, %options) = @_;
    my $node = new_node($name, redis_url => $redis_url, %options);
    $node->start;
    set_up($node, 'postgres');
    return $node;
}

sub set_up
{
    my ($node, $database) = @_;
    $node->safe_psql($database, 'CREATE EXTENSION synckit; SELECT synckit_migrate()');
    return;
}

# Gives the database a channel prefix of its own, "NAME:": two with the same are refused. A subscriber to it, where Redis is
# given.
sub own_channels
{
    my ($node, $database, $redis) = @_;
    $node->safe_psql('postgres', "ALTER DATABASE $database SET synckit.channel_prefix = '$database:'");
    return $redis ? SyncKit::Subscriber->new($redis, "$database:") : undef;
}

# Until the condition holds; false if it does not within so many seconds (60).
sub poll
{
    my ($condition, $seconds) = @_;
    my $deadline = time + ($seconds // 60);
    until ($condition->())
    {
        return 0 if time > $deadline;
        sleep 0.05;
    }
    return 1;
}

# A column, or an expression, of the publisher's status.
sub status
{
    my ($node, $database, $expression) = @_;
    return $node->safe_psql($database, "SELECT $expression FROM synckit_publisher_status");
}

sub await_status
{
    my ($node, $database, $condition, $seconds) = @_;
    return 1 if poll(sub { status($node, $database, $condition) eq 't' }, $seconds);
    diag "status of $database: " . status($node, $database, '*');
    return 0;
}

sub await_state
{
    my ($node, $database, $state, $seconds) = @_;
    return await_status($node, $database, "state = '$state'", $seconds);
}

# Of the worker that is in the database; empty if none is.
sub publisher_pid
{
    my ($node, $database) = @_;
    return $node->safe_psql('postgres',
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'synckit publisher' AND datname = '$database'");
}

# Ends the publisher with pg_terminate_backend(); false if none was there.
sub end_publisher
{
    my ($node, $database) = @_;
    return $node->safe_psql('postgres',
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            . " WHERE backend_type = 'synckit publisher' AND datname = '$database'");
}

# Changes settings in the configuration file, and reloads it. The file is replaced at once: a process that is late with
# an earlier reload must not read half of it.
sub set_conf
{
    my ($node, %settings) = @_;
    my $file = $node->data_dir . '/postgresql.conf';
    my $names = join '|', map { quotemeta } keys %settings;
    my $text = join '', grep { !/^(?:$names)\W/ } map { "$_\n" } split /\n/, slurp_file($file);
    $text .= "$_ = $settings{$_}\n" for sort keys %settings;
    append_to_file("$file.new", $text);
    rename "$file.new", $file or die "cannot rename $file.new: $!";
    $node->reload;
    return;
}

# What stands in synckit's tables, all but where it was written.
sub stored_contents
{
    my ($node, $database) = @_;
    return $node->safe_psql($database, <<'SQL');
SELECT 'document', id, state, version, clock, lamport, registers, created_at, updated_at FROM synckit.documents ORDER BY id;
SELECT 'tombstone', t.* FROM synckit.tombstones t ORDER BY id;
SELECT 'delta', d.* FROM synckit.deltas d ORDER BY seq;
SELECT 'session', s.* FROM synckit.sessions s ORDER BY id;
SELECT 'clock', c.* FROM synckit.vector_clocks c ORDER BY document_id, client_id;
SELECT 'schema', synckit_schema_status();
SQL
}

# The processes whose parent this is.
sub children_of
{
    my ($parent) = @_;
    my @children;
    for my $file (glob '/proc/[0-9]*/stat')
    {
        open my $handle, '<', $file or next;
        my $line = <$handle> // next;
        push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/s && $2 == $parent;
    }
    return @children;
}

# Kills the postmaster and all its children with signal 9, as if the machine had lost its power but kept its disk cache.
# At once: no child finds the time to write what the others left in memory.
sub kill_server
{
    my ($node) = @_;
    my $postmaster = $node->{_pid};
    my @children = children_of($postmaster);
    $node->kill9;
    kill 'KILL', @children;
    # A new server refuses to start while one of them is attached to the shared memory.
    poll(sub { !grep { kill 0, $_ } $postmaster, @children }) or die 'the server cannot be killed';
    return;
}

# No process has crashed since the log began.
sub log_is_clean
{
    my ($node) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @crashes = grep { /terminated by signal|PANIC:|TRAP:/ } split /\n/, slurp_file($node->logfile);
    return is(join("\n", @crashes), '', 'no process has crashed');
}

# What stands in the log has all arrived, nothing else, and each document's deltas in the order of their versions.
# Waits for it as long as something arrives.
sub heard_all
{
    my ($node, $database, $subscriber, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %committed = map { my ($id, $version, $document) = split /\|/, $_, 3; $id => "$version of $document" }
        split /\n/, $node->safe_psql($database, 'SELECT id, version, document_id FROM synckit.deltas');
    my %missing = %committed;
    my $taken = 0;
    my $count = scalar keys %missing;
    for (my $patience = time + 30; %missing && time < $patience;)
    {
        $subscriber->listen(0.05);
        my @deltas = $subscriber->deltas;
        $patience = time + 30 if $taken < @deltas;
        delete $missing{ $_->{id} } for @deltas[ $taken .. $#deltas ];
        $taken = @deltas;
    }
    my (%last, %seen, @strange, @disordered);
    for my $delta ($subscriber->deltas)
    {
        next if $seen{ $delta->{id} }++;
        my $what = "$delta->{version} of $delta->{document}";
        push @strange, $what if ($committed{ $delta->{id} } // '') ne $what;
        push @disordered, $what if $delta->{version} != ($last{ $delta->{document} } // 0) + 1;
        $last{ $delta->{document} } = $delta->{version};
    }
    my @missing = sort values %missing;
    return subtest $name => sub {
        cmp_ok($count, '>', 0, "there are deltas: $count");
        is("@missing[0 .. ($#missing > 4 ? 4 : $#missing)]", '', 'every committed delta has arrived');
        is("@strange[0 .. ($#strange > 4 ? 4 : $#strange)]", '', 'nothing else has');
        is("@disordered[0 .. ($#disordered > 4 ? 4 : $#disordered)]", '', 'in the order of versions, without gaps');
    };
}

1;
