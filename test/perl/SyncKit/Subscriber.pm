# Hears all that is published under a prefix, and remembers it.
package SyncKit::Subscriber;

use strict;
use warnings;

use JSON::PP ();
use Time::HiRes qw(time);

use SyncKit::RedisClient;

# Subscribed on return.
sub new
{
    my ($class, $redis, $prefix) = @_;
    $prefix //= 'synckit:';
    my $client = SyncKit::RedisClient->new($redis->path, $redis->password);
    $client->command('PSUBSCRIBE', "$prefix*");
    return bless {
        client => $client,
        prefix => $prefix,
        deltas => [],    # {id, document, version, payload}, in the order of arrival
        others => [],    # {channel, payload}
    }, $class;
}

# Takes in what comes within so many seconds; what is there already, in any case.
sub listen
{
    my ($self, $seconds) = @_;
    my $deadline = time + $seconds;
    for (;;)
    {
        my $left = $deadline - time;
        my $message = $self->{client}->next_reply($left > 0 ? $left : 0) or return;
        $self->_take($message);
    }
}

sub _take
{
    my ($self, $message) = @_;
    my (undef, undef, $channel, $payload) = @$message;
    if ($channel =~ /^\Q$self->{prefix}\Edoc:(.*)$/s)
    {
        my $document = $1;
        # The first "version" after the number is the message's own: the clock before it holds numbers only.
        my ($id) = $payload =~ /"id":"([^"]+)"/;
        my ($version) = $payload =~ /,"version":(\d+),"lamport":/;
        push @{ $self->{deltas} }, { id => $id, document => $document, version => $version, payload => $payload };
    }
    else
    {
        push @{ $self->{others} }, { channel => $channel, payload => $payload };
    }
    return;
}

# Listens until the condition holds; false if it does not within so many seconds.
sub await
{
    my ($self, $condition, $seconds) = @_;
    my $deadline = time + ($seconds // 60);
    for (;;)
    {
        $self->listen(0);
        return 1 if $condition->();
        return 0 if time > $deadline;
        my $message = $self->{client}->next_reply(0.05);
        $self->_take($message) if $message;
    }
}

# Deltas as they came, repeated ones included; of one document, or all.
sub deltas
{
    my ($self, $document) = @_;
    return grep { !defined $document || $_->{document} eq $document } @{ $self->{deltas} };
}

# The versions of a document's deltas, as they came for the first time: "1 2 3".
sub versions
{
    my ($self, $document) = @_;
    my %seen;
    return join ' ', map { $_->{version} } grep { !$seen{ $_->{id} }++ } $self->deltas($document);
}

# Listens until a document's versions are these.
sub await_versions
{
    my ($self, $document, $versions, $seconds) = @_;
    my $found = $self->await(sub { $self->versions($document) eq $versions }, $seconds);
    Test::More::diag("versions of $document are: " . $self->versions($document)) unless $found;
    return $found;
}

# What came on other channels, decoded, with its channel.
sub others
{
    my ($self) = @_;
    return map { { channel => $_->{channel}, message => JSON::PP->new->utf8->decode($_->{payload}) } }
        @{ $self->{others} };
}

# The epochs that were announced, in the order of arrival.
sub epochs
{
    my ($self) = @_;
    return map { $_->{message}{epoch} } grep { $_->{message}{type} eq 'epoch' } $self->others;
}

sub forget
{
    my ($self) = @_;
    $self->listen(0);
    $self->{deltas} = [];
    $self->{others} = [];
    return;
}

1;
