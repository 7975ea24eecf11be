# A proxy between the publisher and Redis, as a process of its own, that breaks connections on demand.
package SyncKit::Proxy;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Socket;
use Time::HiRes qw(sleep time);

# Passes everything on to the Redis server, unless mode => 'refuse' or 'freeze'.
sub new
{
    my ($class, $redis, %options) = @_;
    my $dir = PostgreSQL::Test::Utils::tempdir_short();
    my $self = bless { path => "$dir/proxy", upstream => $redis->path }, $class;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "cannot make a socket pair: $!";
    $ours->autoflush(1);
    my $pid = fork // die "cannot fork: $!";
    if ($pid == 0)
    {
        close $ours;
        $SIG{PIPE} = 'IGNORE';
        eval { $self->_run($theirs); 1 } or print STDERR "proxy: $@";
        POSIX::_exit(0);
    }
    close $theirs;
    @$self{qw(pid control)} = ($pid, $ours);
    $self->_command($options{mode} // 'pass');
    return $self;
}

sub path { return $_[0]{path}; }
sub url { return "unix://$_[0]{path}"; }

# Passes everything on, from now on; connections that are held go on where they were.
sub pass { return $_[0]->_command('pass'); }
# Breaks all connections, and refuses new ones.
sub refuse { return $_[0]->_command('refuse'); }
# Accepts connections and holds them: nothing is read, nothing passed on.
sub freeze { return $_[0]->_command('freeze'); }
# Breaks all connections; new ones are served.
sub cut { return $_[0]->_command('cut'); }
# Passes so many more bytes on to Redis, then breaks all connections; new ones are served. Does so once, or so many times.
sub cut_after { return $_[0]->_command("cut_after $_[1] " . ($_[2] // 1)); }
# Passes so many more bytes on to Redis, then freezes.
sub freeze_after { return $_[0]->_command("freeze_after $_[1]"); }
# {mode, accepted, open, to_redis (bytes), cuts}
sub stats { return $_[0]->_command('stats'); }

# Waits until what stats() says satisfies the condition; false if that takes more than a minute.
sub await
{
    my ($self, $condition) = @_;
    my $deadline = time + 60;
    until ($condition->($self->stats))
    {
        return 0 if time > $deadline;
        sleep 0.01;
    }
    return 1;
}

sub stop
{
    my ($self) = @_;
    return unless $self->{pid};
    close $self->{control};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!);
    $self->stop if $self->{control};
    return;
}

sub _command
{
    my ($self, $command) = @_;
    print { $self->{control} } "$command\n";
    my $answer = readline $self->{control};
    die 'the proxy has ended' unless defined $answer;
    my %stats = $answer =~ /(\w+)=(\w+)/g;
    return \%stats;
}

# What follows runs in the proxy's process, until the control connection is closed.
sub _run
{
    my ($self, $control) = @_;
    my ($listener, $limit, $at_limit, $command) = (undef, undef, '', '');
    my @limits_to_come;
    my %peer;      # a connection: its other end
    my %is_client;
    my %stats = (mode => 'pass', accepted => 0, open => 0, to_redis => 0, cuts => 0);

    my $cut = sub {
        close $_ for map { $_->[0] } values %peer;
        %peer = %is_client = ();
        $stats{open} = 0;
        $stats{cuts}++;
    };
    my $drop = sub {
        my ($socket) = @_;
        my $other = $peer{$socket}[0];
        delete @peer{ $socket, $other };
        delete @is_client{ $socket, $other };
        close $socket;
        close $other;
        $stats{open}--;
    };
    my $listen = sub {
        return if $listener;
        unlink $self->{path};
        $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $self->{path}, Listen => 16)
            or die "cannot listen at $self->{path}: $!";
    };
    my $reach_limit = sub {
        $limit = shift @limits_to_come;
        if ($at_limit eq 'cut') { $cut->(); }
        else { $stats{mode} = 'freeze'; }
    };
    my $obey = sub {
        my ($word, $number, $times) = split ' ', $_[0];
        if ($word eq 'refuse')
        {
            $stats{mode} = 'refuse';
            $limit = undef;
            close $listener if $listener;
            $listener = undef;
            unlink $self->{path};
            $cut->();
        }
        elsif ($word eq 'pass' || $word eq 'freeze')
        {
            $stats{mode} = $word;
            $limit = undef;
            $listen->();
        }
        elsif ($word eq 'cut') { $cut->(); }
        elsif ($word =~ /^(cut|freeze)_after$/)
        {
            ($limit, $at_limit) = ($number, $1);
            @limits_to_come = ($number) x (($times // 1) - 1);
            $stats{mode} = 'pass';
            $listen->();
        }
        syswrite $control, join(' ', map { "$_=$stats{$_}" } sort keys %stats) . "\n";
    };
    my $accept = sub {
        my $client = $listener->accept or return;
        $stats{accepted}++;
        my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $self->{upstream});
        if (!$server)
        {
            close $client;
            return;
        }
        ($peer{$client}, $peer{$server}, $is_client{$client}) = ([ $server, $client ], [ $client, $server ], 1);
        $stats{open}++;
    };
    my $pass_on = sub {
        my ($socket) = @_;
        my $other = $peer{$socket}[0];
        my $most = 1 << 16;
        $most = $limit if $is_client{$socket} && defined $limit && $limit < $most;
        my $bytes;
        my $got = sysread $socket, $bytes, $most;
        return $drop->($socket) unless $got;
        for (my $sent = 0; $sent < $got;)
        {
            my $now = syswrite $other, $bytes, $got - $sent, $sent;
            return $drop->($socket) unless $now;
            $sent += $now;
        }
        return unless $is_client{$socket};
        $stats{to_redis} += $got;
        return unless defined $limit;
        $limit -= $got;
        $reach_limit->() if $limit <= 0;
    };

    for (;;)
    {
        my @sockets = $stats{mode} eq 'pass' ? map { $_->[1] } values %peer : ();
        my @ready = IO::Select->new($control, $listener // (), @sockets)->can_read;
        for my $socket (@ready)
        {
            if ($socket == $control)
            {
                sysread $control, $command, 1 << 10, length $command or return;
                $obey->($1) while $command =~ s/^([^\n]*)\n//;
                last;    # connections may be gone, or no more to be served
            }
            elsif ($listener && $socket == $listener) { $accept->(); }
            elsif ($stats{mode} eq 'pass' && $peer{$socket}) { $pass_on->($socket); }
        }
    }
}

1;
