# The programs that CMake has built, run against a server.
package SyncKit::Program;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Spec;
use IPC::Run ();

our @EXPORT = qw(program run_program);

my $root = File::Spec->rel2abs(dirname(__FILE__) . '/../../..');

sub root { return $root; }

# The path of a program. BUILD_DIR says where they are built.
sub program
{
    my ($name) = @_;
    my $path = ($ENV{BUILD_DIR} // "$root/build") . "/$name";
    die "there is no program $path: build it with CMake, or set BUILD_DIR" unless -x $path;
    return $path;
}

# Runs one with these settings of the environment: (exit code, stdout, stderr).
sub run_program
{
    my ($environment, $name, @arguments) = @_;
    local @ENV{ keys %$environment } = values %$environment;
    my ($out, $err) = ('', '');
    IPC::Run::run [ program($name), @arguments ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60);
    return ($? >> 8, $out, $err);
}

1;
