# Compares what was committed with what Redis was sent, has accepted, and has passed on to a subscriber.
package SyncKit::Reconciliation;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Exporter 'import';

our @EXPORT_OK = qw(delta_contents broadcast_contents);

# What of a message is compared: all that stands in its row as text, so neither clock nor epoch. As SQL, over the columns of
# synckit.deltas.
my $delta_sql = <<'SQL';
format('{"type":"delta","id":"%s","documentId":%s,"clientId":%s,"operationType":%s,"fieldPath":%s,"value":%s,"clockValue":%s,'
    '"version":%s,"lamport":%s,"stamp":%s,"outcome":"%s","changedFields":%s,"timestamp":%s,"serverId":%s', id, to_json(document_id::text),
    to_json(client_id::text), to_json(operation_type::text), to_json(field_path::text), coalesce(value::text, 'null'), clock_value,
    version, lamport, stamp, outcome, coalesce(to_json(changed_fields)::text, 'null'), floor(extract(epoch FROM "timestamp") * 1000)::bigint,
    coalesce(to_json(server_id)::text, 'null'))
SQL

sub delta_contents { return $delta_sql; }

# The same of a broadcast, over columns event and data.
sub broadcast_contents
{
    return q[format('{"type":"broadcast","event":%s,"data":%s', to_json(event), coalesce(data::text, 'null'))];
}

# Of what was committed: deltas => { id => [ document, version, md5 of its contents, xid ] },
# broadcasts => { event => [ md5 of its contents, xid, session, number in the session ] }; no session where it was sent out of
# turn, in a transaction that was prepared.
sub new
{
    my ($class, %committed) = @_;
    return bless {
        %committed,
        arrived  => {},    # ids and events that Redis has accepted
        versions => {},    # of each document: the last that Redis has accepted
        numbers  => {},    # of each session: its last broadcast that Redis has accepted
        unheard  => _deltas_by_transaction(\%committed),
        epoch    => 0,
        heard    => {},    # as versions, by the subscriber since it is connected
        faults   => {},
        counts   => { sent => 0, accepted => 0, heard => 0, refused => 0 },
    }, $class;
}

# Of each transaction that has sent broadcasts: how many of its deltas Redis has not accepted yet.
sub _deltas_by_transaction
{
    my ($committed) = @_;
    my %unheard = map { $_->[1] => 0 } values %{ $committed->{broadcasts} };
    exists $unheard{ $_->[3] } and $unheard{ $_->[3] }++ for values %{ $committed->{deltas} };
    return \%unheard;
}

# Takes in a recorder's file.
sub read_record
{
    my ($self, $file) = @_;
    open my $handle, '<:raw', $file or die "cannot read $file: $!";
    while (my $line = <$handle>)
    {
        chomp $line;
        $self->take($line);
    }
    return;
}

# Takes in a line of it.
sub take
{
    my ($self, $line) = @_;
    my ($what, @words) = split / /, $line, $line =~ /^sent/ ? 4 : 3;
    $self->{counts}{$what}++;
    if ($what eq 'sent')
    {
        # Also what Redis does not confirm may have been heard.
        my $message = $self->_identify(@words[ 1, 2 ]);
        $self->_expect_epoch($message, $line);
        $self->{sent}{ $words[0] } = $message;
    }
    elsif ($what eq 'accepted') { $self->_accept(delete $self->{sent}{ $words[0] }); }
    elsif ($what eq 'refused') { $self->_fault('refused', $line); }
    elsif ($what eq 'heard')
    {
        my $message = $self->_identify(@words);
        $self->_hear($message) if $message->{document};
    }
    elsif ($what eq 'connected') { $self->{sent} = $self->{heard} = {}; }
    else { die "what is this: $line"; }
    return;
}

# What kind of fault => the first lines that show it.
sub faults
{
    my ($self) = @_;
    for my $id (sort keys %{ $self->{deltas} })
    {
        my ($document, $version) = @{ $self->{deltas}{$id} };
        $self->_fault('missing', "version $version of $document, $id") unless $self->{arrived}{$id};
    }
    for my $event (sort keys %{ $self->{broadcasts} })
    {
        $self->_fault('missing', "broadcast $event") unless $self->{arrived}{$event};
    }
    return $self->{faults};
}

sub counts { return $_[0]{counts}; }

sub _fault
{
    my ($self, $kind, $what) = @_;
    push @{ $self->{faults}{$kind} }, $what if @{ $self->{faults}{$kind} // [] } < 5;
    return;
}

# Which delta, broadcast or epoch a message is. It must be in the tables, with these contents.
sub _identify
{
    my ($self, $channel, $text) = @_;
    my $is_broadcast = $channel eq 'synckit:broadcast';
    return { epoch => $1 } if $is_broadcast && $text =~ /^\{"type":"epoch","epoch":(\d+),"timestamp":\d+\}$/;
    my ($contents, $epoch) = $text =~ /^(.*),"epoch":(\d+)\}$/s;
    my %message = (epoch => $epoch);
    my $md5;
    if (defined $epoch && $is_broadcast && $contents =~ /^(\{"type":"broadcast","event":"([^"]+)","data":.*),"serverId":(?:null|"[^"]*"),"timestamp":\d+$/s)
    {
        ($contents, $message{event}) = ($1, $2);
        $md5 = ($self->{broadcasts}{ $message{event} } // [])->[0];
    }
    elsif (defined $epoch && $contents =~ /^\{"type":"delta","id":"([^"]+)","documentId":"([^"]+)",.*,"version":(\d+),"lamport":/s && $channel eq "synckit:doc:$2")
    {
        @message{qw(id document version)} = ($1, $2, $3);
        $contents =~ s/,"clock":(?:null|\{[^{}]*\})(?=,"version":)//;
        $md5 = ($self->{deltas}{ $message{id} } // [])->[2];
    }
    if (!defined $md5) { $self->_fault('foreign', "$channel $text"); }
    elsif ($md5 ne md5_hex($contents)) { $self->_fault('different', "$channel $text"); }
    return \%message;
}

sub _expect_epoch
{
    my ($self, $message, $line) = @_;
    my $epoch = $message->{epoch} // return;
    $self->_fault('epoch', "$line, after $self->{epoch}") if $epoch < $self->{epoch};
    $self->{epochs}{$epoch} = 1;
    $self->{epoch} = $epoch;
    return;
}

sub _accept
{
    my ($self, $message) = @_;
    my $key = $message->{id} // $message->{event} // return;
    return if $self->{arrived}{$key}++;
    if ($message->{id})
    {
        my ($document, $version) = @$message{qw(document version)};
        my $last = $self->{versions}{$document} // 0;
        $self->_fault('disordered', "version $version of $document after $last") if $version != $last + 1;
        $self->{versions}{$document} = $version;
        my $committed = $self->{deltas}{$key};
        $self->{unheard}{ $committed->[3] }-- if $committed && exists $self->{unheard}{ $committed->[3] };
        return;
    }
    my (undef, $xid, $session, $number) = @{ $self->{broadcasts}{$key} // return };
    $self->_fault('disordered', "broadcast $key before $self->{unheard}{$xid} deltas of its transaction") if $self->{unheard}{$xid};
    return unless $session;
    my $last = $self->{numbers}{$session} // 0;
    $self->_fault('disordered', "broadcast $key after number $last") if $number < $last;
    $self->{numbers}{$session} = $number;
    return;
}

# As far as a subscriber can tell that has come in between.
sub _hear
{
    my ($self, $message) = @_;
    my ($document, $version) = @$message{qw(document version)};
    my $last = $self->{heard}{$document};
    $self->_fault('disordered', "heard version $version of $document after $last") if defined $last && $version > $last + 1;
    $self->{heard}{$document} = $version if !defined $last || $version > $last;
    return;
}

# How many different epochs were sent.
sub epochs { return scalar keys %{ $_[0]{epochs} }; }

1;
