# A connection to Redis: commands and their replies, blocking; enough for tests.
package SyncKit::RedisClient;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

# Connects to the unix socket at `path`, with a password if there is one; dies if nobody listens there.
sub new
{
    my ($class, $path, $password) = @_;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $path)
        or die "cannot connect to Redis at $path: $!";
    $socket->blocking(0);
    my $self = bless {
        socket => $socket,
        select => IO::Select->new($socket),
        input  => '',
        at     => 0,
    }, $class;
    $self->command('AUTH', $password) if defined $password;
    return $self;
}

# Sends a command without waiting for its reply.
sub send
{
    my ($self, @words) = @_;
    my $command = sprintf("*%d\r\n", scalar @words) . join('', map { sprintf("\$%d\r\n%s\r\n", length $_, $_) } @words);
    $self->{socket}->blocking(1);
    print { $self->{socket} } $command or die "cannot write to Redis: $!";
    $self->{socket}->flush;
    $self->{socket}->blocking(0);
    return;
}

# Sends a command and returns its reply; an error is died of.
sub command
{
    my ($self, @words) = @_;
    $self->send(@words);
    my $reply = $self->next_reply(30);
    die "no answer from Redis to @words" unless defined $reply;
    die "Redis refused @words: $$reply" if ref $reply eq 'SCALAR';
    return $reply;
}

# The next reply, or undef if none comes within so many seconds. An error is a reference to its text.
sub next_reply
{
    my ($self, $seconds) = @_;
    my $deadline = time + $seconds;
    for (;;)
    {
        my ($complete, $reply) = $self->_parse;
        return $reply if $complete;
        my $left = $deadline - time;
        return undef unless $self->{select}->can_read($left > 0 ? $left : 0);
        $self->_read;
    }
}

sub _read
{
    my ($self) = @_;
    substr($self->{input}, 0, $self->{at}, '');
    $self->{at} = 0;
    my $got = sysread $self->{socket}, $self->{input}, 1 << 16, length $self->{input};
    return if !defined $got && $!{EAGAIN};
    die 'Redis closed the connection' unless $got;
    return;
}

# (1, reply) if there is a whole one in the input, else (0).
sub _parse
{
    my ($self) = @_;
    my $start = $self->{at};
    my @result = $self->_parse_one;
    $self->{at} = $start unless $result[0];
    return @result;
}

sub _parse_one
{
    my ($self) = @_;
    my $end = index $self->{input}, "\r\n", $self->{at};
    return 0 if $end < 0;
    my $type = substr $self->{input}, $self->{at}, 1;
    my $text = substr $self->{input}, $self->{at} + 1, $end - $self->{at} - 1;
    $self->{at} = $end + 2;
    return (1, $text) if $type eq '+' || $type eq ':';
    return (1, \$text) if $type eq '-';
    if ($type eq '$')
    {
        return (1, '') if $text < 0;
        return 0 if length $self->{input} < $self->{at} + $text + 2;
        my $bulk = substr $self->{input}, $self->{at}, $text;
        $self->{at} += $text + 2;
        return (1, $bulk);
    }
    die "unexpected reply of Redis: $type$text" unless $type eq '*';
    my @elements;
    for (1 .. $text)
    {
        my ($complete, $element) = $self->_parse_one;
        return 0 unless $complete;
        push @elements, $element;
    }
    return (1, \@elements);
}

1;
