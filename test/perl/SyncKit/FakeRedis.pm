# A server that is no Redis, or a hostile one, as a process of its own.
package SyncKit::FakeRedis;

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::UNIX;
use IO::Select;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Time::HiRes qw(time);

# Answers every connection with these bytes; then ends => 'close' closes it, 'hold' holds it, 'repeat' repeats the bytes
# without end, 'drip' adds an x each half second, 'answer' gives them again to what comes next. greets => 1: without waiting for a command. welcomes => 1: what
# a client says first of itself gets good replies. connections => file: gets a line for each, the time when it came.
# Or answers => sub: what it returns for the words of a command is the answer. port => at this port of 127.0.0.1.
sub new
{
    my ($class, %answer) = @_;
    my $path = ($answer{path} // PostgreSQL::Test::Utils::tempdir_short() . '/fake');
    unlink $path;
    my $listener = ($answer{port} ? IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $answer{port}, ReuseAddr => 1, Listen => 16)
        : IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $path, Listen => 16)) or die "cannot listen: $!";
    pipe my $theirs, my $ours or die "cannot make a pipe: $!";
    my $pid = fork // die "cannot fork: $!";
    if ($pid == 0)
    {
        close $ours;
        $SIG{PIPE} = 'IGNORE';
        eval { _run($listener, $theirs, \%answer); 1 } or print STDERR "fake Redis: $@";
        POSIX::_exit(0);
    }
    close $theirs;
    close $listener;
    return bless { pid => $pid, path => $path, control => $ours }, $class;
}

sub path { return $_[0]{path}; }
sub url { return "unix://$_[0]{path}"; }

# Takes the first command off the bytes: its words, or none if it is not all there.
sub _take_command
{
    my ($bytes) = @_;
    my @words;
    return unless $$bytes =~ /\G\*(\d+)\r\n/gc;
    for (1 .. $1)
    {
        return unless $$bytes =~ /\G\$(\d+)\r\n/gc && length $$bytes >= pos($$bytes) + $1 + 2;
        push @words, substr $$bytes, pos $$bytes, $1;
        pos($$bytes) += $1 + 2;
    }
    substr $$bytes, 0, pos $$bytes, '';
    return @words;
}

# Ends when the other end of the control pipe is closed.
sub _run
{
    my ($listener, $control, $answer) = @_;
    my ($reading, $writing, $dripping) = (IO::Select->new($control, $listener), IO::Select->new, IO::Select->new);
    my %received;    # by socket: what is no whole command yet
    my $drop = sub {
        delete $received{ $_[0] };
        $dripping->remove($_[0]);
        $reading->remove($_[0]);
        $writing->remove($_[0]);
        close $_[0];
    };
    my $say = sub {
        my ($socket) = @_;
        return $drop->($socket) unless defined syswrite($socket, $answer->{bytes}) || $!{EAGAIN};
        return $writing->add($socket) if $answer->{ends} eq 'repeat';
        return $dripping->add($socket) if $answer->{ends} eq 'drip';
        return if $answer->{ends} =~ /^(?:hold|answer)$/;
        $drop->($socket);
    };
    for (;;)
    {
        my ($readable, $writable) = IO::Select->select($reading, $writing, undef, $dripping->count ? 0.5 : undef);
        for my $socket ($dripping->handles) { syswrite $socket, 'x'; }
        for my $socket (@$writable) { $say->($socket); }
        for my $socket (@$readable)
        {
            return if $socket == $control;
            if ($socket == $listener)
            {
                my $client = $listener->accept or next;
                PostgreSQL::Test::Utils::append_to_file($answer->{connections}, time . "\n") if $answer->{connections};
                $client->blocking(0);
                $reading->add($client);
                $say->($client) if $answer->{greets};
                next;
            }
            my $got = sysread $socket, my $bytes = '', 1 << 16;
            if (!$got)
            {
                $drop->($socket);
                next;
            }
            if ($answer->{answers})
            {
                $received{$socket} .= $bytes;
                while (pos($received{$socket}) = 0, my @words = _take_command(\$received{$socket})) { syswrite $socket, $answer->{answers}->(@words); }
                next;
            }
            if ($answer->{welcomes})
            {
                my @commands = $bytes =~ /\*\d+\r\n\$\d+\r\n(\w+)\r\n/g;
                my @good = map { /^(?:AUTH|SELECT|HELLO|CLIENT)$/ ? "+OK\r\n" : undef } @commands;
                if (@good && ($answer->{ends} eq 'answer' || !grep { !defined } @good))
                {
                    syswrite $socket, join '', map { $_ // $answer->{bytes} } @good;
                    next;
                }
            }
            $say->($socket) unless $writing->exists($socket) || $dripping->exists($socket);
        }
    }
}

sub stop
{
    my ($self) = @_;
    return unless $self->{pid};
    close $self->{control};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    unlink $self->{path};
    return;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!);
    $self->stop;
    return;
}

1;
