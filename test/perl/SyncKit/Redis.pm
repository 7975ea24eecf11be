# A private redis-server on a unix socket.
package SyncKit::Redis;

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Utils ();
use Time::HiRes qw(sleep time);

use SyncKit::RedisClient;

# Starts a server, unless started => 0; conf => [...] are further words of its command line. sentinel => 'text': a Sentinel
# with this configuration. password => what who subscribes is to give.
sub new
{
    my ($class, %options) = @_;
    my $dir = PostgreSQL::Test::Utils::tempdir_short();
    my $self = bless {
        dir  => $dir,
        path => "$dir/redis",
        conf => $options{conf} // [],
        pid  => undef,
        password => $options{password},
    }, $class;
    if (defined $options{sentinel})
    {
        $self->{file} = "$dir/sentinel.conf";
        PostgreSQL::Test::Utils::append_to_file($self->{file}, $options{sentinel});
    }
    $self->start if $options{started} // 1;
    return $self;
}

sub path { return $_[0]{path}; }
sub password { return $_[0]{password}; }
sub url { return "unix://$_[0]{path}"; }

sub start
{
    my ($self) = @_;
    my $pid = fork // die "cannot fork: $!";
    if ($pid == 0)
    {
        open STDOUT, '>>', "$self->{dir}/redis.log";
        open STDERR, '>&', \*STDOUT;
        # It ends with us, however we end; and never drops a slow subscriber.
        my @kind = $self->{file} ? ($self->{file}, '--sentinel')
            : ('--save', '', '--appendonly', 'no', '--client-output-buffer-limit', 'pubsub 0 0 0');
        exec('setpriv', '--pdeathsig', 'KILL', 'redis-server', @kind, '--port', '0', '--unixsocket', $self->{path}, '--dir',
            $self->{dir}, @{ $self->{conf} }) or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $deadline = time + 30;
    until (eval { SyncKit::RedisClient->new($self->{path}); })
    {
        die "redis-server ended: see $self->{dir}/redis.log" if waitpid($pid, POSIX::WNOHANG()) != 0;
        die 'redis-server does not answer' if time > $deadline;
        sleep 0.02;
    }
    return;
}

sub stop
{
    my ($self) = @_;
    return unless $self->{pid};
    kill 'CONT', $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    unlink $self->{path};
    return;
}

# Stops it in its tracks: connections stay, answers do not come.
sub freeze { kill 'STOP', $_[0]{pid}; return; }
sub thaw { kill 'CONT', $_[0]{pid}; return; }

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!);
    $self->stop;
    return;
}

1;
