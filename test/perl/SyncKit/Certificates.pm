# Certificate authorities, and certificates that they sign, made by openssl.
package SyncKit::Certificates;

use strict;
use warnings;

use PostgreSQL::Test::Utils ();

# A new authority in a folder of its own.
sub new
{
    my ($class, $name) = @_;
    my $self = bless { dir => PostgreSQL::Test::Utils::tempdir(), made => 0 }, $class;
    $self->_openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
        '-subj', "/CN=$name", '-days', '2', '-keyout', $self->_file('ca.key'), '-out', $self->ca_file);
    return $self;
}

sub ca_file { return $_[0]->_file('ca.crt'); }

# A certificate for these names, as "DNS:localhost,IP:127.0.0.1": (certificate, key), two files. until => a time as
# openssl ca takes it, where it is not to hold for two days.
sub issue
{
    my ($self, $names, %options) = @_;
    my $base = 'issued' . $self->{made}++;
    my ($request, $key, $certificate) = map { $self->_file("$base.$_") } qw(csr key crt);
    $self->_openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=test',
        '-keyout', $key, '-out', $request);
    my $conf = $self->_file("$base.conf");
    PostgreSQL::Test::Utils::append_to_file($conf, <<"CONF");
[ca]
default_ca = own
[own]
new_certs_dir = $self->{dir}
database = $conf.index
serial = $conf.serial
default_md = sha256
policy = any
x509_extensions = issued
unique_subject = no
[any]
commonName = supplied
[issued]
subjectAltName = $names
CONF
    PostgreSQL::Test::Utils::append_to_file("$conf.index", '');
    my @dates = $options{until} ? ('-startdate', '20200101000000Z', '-enddate', $options{until}) : ('-days', '2');
    $self->_openssl('ca', '-batch', '-notext', '-rand_serial', '-config', $conf, '-cert', $self->ca_file,
        '-keyfile', $self->_file('ca.key'), '-in', $request, '-out', $certificate, @dates);
    chmod 0600, $key;
    return ($certificate, $key);
}

sub _file { return "$_[0]{dir}/$_[1]"; }

sub _openssl
{
    my ($self, @words) = @_;
    my $log = $self->_file('openssl.log');
    system("openssl @{[ map { quotemeta } @words ]} >>$log 2>&1") == 0
        or die "openssl @words: see $log: " . PostgreSQL::Test::Utils::slurp_file($log);
    return;
}

1;
