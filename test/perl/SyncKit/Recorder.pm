# Records in a file what Redis was sent and has accepted, which a restart of Redis or of Postgres cannot take away. Two
# processes write such files: a proxy between the publisher and Redis, and a subscriber that comes back whenever Redis does.
#
# A line each: "sent NUMBER CHANNEL MESSAGE", "accepted NUMBER", "refused NUMBER ERROR", "heard CHANNEL MESSAGE", and
# "connected", from which NUMBERs count anew and before which a subscriber may have missed something.
package SyncKit::Recorder;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Socket;
use Time::HiRes qw(sleep);

use SyncKit::RedisClient;

# What waits to be passed on may grow so large before more is read.
my $most_waiting = 1 << 16;

# A proxy, where the publisher is to find Redis.
sub proxy
{
    my ($class, $redis) = @_;
    return $class->_start($redis, \&_pass_on);
}

# A subscriber to all channels.
sub subscriber
{
    my ($class, $redis) = @_;
    return $class->_start($redis, \&_listen);
}

sub url { return "unix://$_[0]{path}"; }

# How long the record is: it grows when something happens.
sub size { return -s $_[0]{record}; }

# Ends the process. Returns the file.
sub finish
{
    my ($self) = @_;
    if ($self->{pid})
    {
        # Not by closing it: processes that were started later hold the pipe, too.
        syswrite $self->{control}, "\n";
        waitpid $self->{pid}, 0;
        $self->{pid} = undef;
        die "the recorder has failed: $?" if $?;
    }
    return $self->{record};
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!, $@);
    eval { $self->finish };
    return;
}

sub _start
{
    my ($class, $redis, $run) = @_;
    my $dir = PostgreSQL::Test::Utils::tempdir_short();
    my $self = bless { path => "$dir/proxy", record => "$dir/record", upstream => $redis->path }, $class;
    open $self->{file}, '>', $self->{record} or die "cannot write $self->{record}: $!";
    if ($run == \&_pass_on)
    {
        $self->{listener} = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $self->{path}, Listen => 16)
            or die "cannot listen at $self->{path}: $!";
    }
    pipe my $theirs, my $ours or die "cannot make a pipe: $!";
    my $pid = fork // die "cannot fork: $!";
    if ($pid == 0)
    {
        close $ours;
        $SIG{PIPE} = 'IGNORE';
        $self->{control} = $theirs;
        my $done = eval { $self->$run; 1 };
        print STDERR "recorder: $@" unless $done;
        POSIX::_exit($done ? 0 : 1);
    }
    close $_ for grep { defined } $theirs, delete @$self{qw(file listener)};
    @$self{qw(pid control)} = ($pid, $ours);
    return $self;
}

# What follows runs in the processes, until something comes through the control pipe.
sub _record
{
    my ($self, @lines) = @_;
    my $text = join '', map { "$_\n" } @lines;
    for (my $done = 0; $done < length $text;)
    {
        $done += syswrite($self->{file}, $text, length($text) - $done, $done) // die "cannot write: $!";
    }
    return;
}

sub _listen
{
    my ($self) = @_;
    my $control = IO::Select->new($self->{control});
    until ($control->can_read(0))
    {
        # Redis comes and goes.
        my $died = !eval {
            my $client = SyncKit::RedisClient->new($self->{upstream});
            $client->command('PSUBSCRIBE', '*');
            $self->_record('connected');
            until ($control->can_read(0))
            {
                my $message = $client->next_reply(0.1) or next;
                $self->_record("heard $message->[2] $message->[3]");
            }
            1;
        };
        sleep 0.02 if $died;
    }
    return;
}

# One connection at a time, until Redis has answered all of it: what is recorded stands in the order in which Redis took it.
sub _pass_on
{
    my ($self) = @_;
    my $select = IO::Select->new($self->{control}, $self->{listener});
    for (;;)
    {
        my @ready = $select->can_read;
        return if grep { $_ == $self->{control} } @ready;
        my $client = $self->{listener}->accept or next;
        my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $self->{upstream}) or next;
        $self->_record('connected');
        return unless $self->_serve($client, $server);
    }
}

# Until either side has ended; false if we are to end.
sub _serve
{
    my ($self, $client, $server) = @_;
    $_->blocking(0) for $client, $server;
    my ($commands, $to_server, $replies, $to_client, $reading, $number) = ('', '', '', '', 1, 0);
    my @awaited;    # of each command that Redis has not answered: its number if it is a message, else 0
    for (;;)
    {
        my $readable = IO::Select->new($self->{control}, $server);
        $readable->add($client) if $reading && length $to_server < $most_waiting;
        my $writable = IO::Select->new;
        $writable->add($server) if length $to_server;
        $writable->add($client) if length $to_client;
        my ($to_read, $to_write) = IO::Select->select($readable, $writable, undef);
        return 0 if grep { $_ == $self->{control} } @$to_read;
        my @lines;
        my ($server_ended, $client_ended);
        for my $socket (@$to_read)
        {
            if ($socket == $client)
            {
                $reading = _read($client, \$commands);
                while (my $words = _take_command(\$commands, \$to_server))
                {
                    my $is_message = $words->[0] eq 'PUBLISH';
                    push @awaited, $is_message ? ++$number : 0;
                    push @lines, "sent $number $words->[1] $words->[2]" if $is_message;
                }
            }
            else
            {
                $server_ended = !_read($server, \$replies);
                while (my $reply = _take_reply(\$replies, \$to_client))
                {
                    my $message = shift @awaited // die 'Redis answers what was not asked';
                    push @lines, $reply =~ /^:/ ? "accepted $message" : "refused $message $reply" if $message;
                }
            }
        }
        $self->_record(@lines) if @lines;
        for my $socket (@$to_write)
        {
            my $buffer = $socket == $server ? \$to_server : \$to_client;
            my $sent = syswrite $socket, $$buffer;
            if (defined $sent) { substr $$buffer, 0, $sent, ''; }
            elsif ($socket == $client) { $to_client = ''; }    # gone, which reading will tell
            elsif (!$!{EAGAIN}) { $server_ended = 1; }
        }
        # What Redis said at last still reaches the publisher, if it is there to take it.
        syswrite $client, $to_client if $server_ended && length $to_client;
        return 1 if $server_ended || (!$reading && !@awaited && !length $to_server);
    }
}

# False at its end.
sub _read
{
    my ($socket, $buffer) = @_;
    my $got = sysread $socket, $$buffer, 1 << 16, length $$buffer;
    return defined $got ? $got > 0 : $!{EAGAIN};
}

# Moves a command, as the publisher writes them, from one buffer to the other, and returns its words; nothing if it is not all there.
sub _take_command
{
    my ($from, $to) = @_;
    return unless $$from =~ /\A\*(\d+)\r\n/;
    my ($count, $at, @words) = ($1, $+[0]);
    for (1 .. $count)
    {
        pos($$from) = $at;
        return unless $$from =~ /\G\$(\d+)\r\n/g;
        $at = pos($$from) + $1 + 2;
        return if $at > length $$from;
        push @words, substr $$from, $at - $1 - 2, $1;
    }
    $$to .= substr $$from, 0, $at, '';
    return \@words;
}

# The same for a reply, of which it returns the beginning.
sub _take_reply
{
    my ($from, $to) = @_;
    my $at = _end_of_reply($from, 0) or return;
    my $reply = substr $$from, 0, $at, '';
    $$to .= $reply;
    return $reply =~ s/\r\n.*//sr;
}

sub _end_of_reply
{
    my ($text, $at) = @_;
    my $end = index $$text, "\r\n", $at;
    return if $end < 0;
    my ($kind, $count) = (substr($$text, $at, 1), substr $$text, $at + 1, $end - $at - 1);
    $at = $end + 2;
    if ($kind eq '$') { $at += $count + 2 if $count >= 0; }
    elsif ($kind eq '*')
    {
        for (1 .. $count) { $at = _end_of_reply($text, $at) // return; }
    }
    return $at <= length $$text ? $at : undef;
}

1;
