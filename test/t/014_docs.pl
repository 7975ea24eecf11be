# The examples of the documentation do what they say: every block of SQL that begins with a prompt is run, a page in a
# database of its own, and must give just what the page shows.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use File::Basename qw(basename);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

use SyncKit::Node;

my $tree = "$FindBin::RealBin/../..";
my $node = new_node('docs');
$node->start;

# The statements of a page, each with what the page shows for it. A statement begins with "=> ", its further lines
# with "-> ".
sub examples
{
    my ($page) = @_;
    my @examples;
    while ($page =~ /^```sql\n(=> .*?)^```$/msg)
    {
        for my $example (split /^(?==> )/m, $1)
        {
            my ($sql) = $example =~ /\A(=> .*\n(?:-> .*\n)*)/;
            my $shown = substr $example, length $sql;
            $sql =~ s/^[=-]> //mg;
            push @examples, { sql => $sql, shown => $shown };
        }
    }
    return @examples;
}

# What psql prints, an element a statement.
sub run_examples
{
    my ($database, @sql) = @_;
    my $marker = "--- the next statement ---";
    my $script = join "\\echo $marker\n", @sql;
    IPC::Run::run(
        [ 'psql', '--no-psqlrc', '--dbname', $node->connstr($database), '--set', 'SHOW_CONTEXT=never' ],
        '<', \$script, '>', \my $out, '2>&1') or diag 'psql has failed';
    return split /^\Q$marker\E\n/m, $out, -1;
}

sub without_trailing_space
{
    my ($text) = @_;
    $text =~ s/[ \t]+$//mg;
    $text =~ s/\n+\z/\n/;
    return $text;
}

my %pages;
for my $path (glob("$tree/docs/*.md $tree/README.md"))
{
    my @examples = examples(slurp_file($path));
    $pages{ basename($path, '.md') } = \@examples if @examples;
}
ok(exists $pages{vclock}, 'the page of the clocks has examples');

for my $page (sort keys %pages)
{
    my @examples = @{ $pages{$page} };
    $node->safe_psql('postgres', qq(CREATE DATABASE "$page"));
    set_up($node, $page);
    my @printed = run_examples($page, map { $_->{sql} } @examples);
    is(scalar @printed, scalar @examples, "$page: all statements were run");
    for my $i (0 .. $#examples)
    {
        my ($first_line) = $examples[$i]{sql} =~ /(.*)/;
        is(without_trailing_space($printed[$i] // ''), without_trailing_space($examples[$i]{shown}), "$page: $first_line");
    }
}

$node->stop;
done_testing;
