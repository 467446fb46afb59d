# Hashes, regular expressions, sorting, string building, method calls; usage: work.pl SECONDS
use strict;
use warnings;

package Counter;
sub new { my ($class) = @_; return bless { n => 0 }, $class; }
sub add { my ($self, $by) = @_; $self->{n} += $by; return $self; }

package main;
my $end = time + $ARGV[0];
my $sum = 0;
while (time < $end) {
	my (%count, @lines);
	for my $i (1 .. 20000) {
		push @lines, sprintf("10.0.%d.%d GET /page/%d HTTP/1.1 %d", $i % 7, $i % 250, $i % 900, $i * 13);
	}
	for my $line (@lines) {
		$count{$1}{$2}++ if $line =~ m{^(\S+) GET /page/(\d+) HTTP};
		my @fields = split / /, $line;
		$sum += $fields[-1];
		$line =~ s/GET/POST/g;
	}
	my $counter = Counter->new;
	$counter->add($_) for map { scalar keys %{ $count{$_} } } sort keys %count;
	$sum += length(join(",", sort { $b cmp $a } @lines)) + $counter->{n};
}
print "$sum\n";
