# What the network does, read twice, $1 seconds apart, in as few processes as can be: sockets, the
# queues of interfaces, packet filters. Our own lines begin with "= "; nothing else that is printed
# here can begin so.
columns() { tr -s ' ' 2>/dev/null || cat; }

# The first reading needs no owners; ss before iproute2 4.x knows no -H.
sockets() {
	if command -v ss >/dev/null 2>&1; then
		{ ss -Htuaniem"$1" 2>/dev/null || ss -tuaniem"$1" 2>/dev/null; } | columns
	else
		for table in tcp tcp6 udp udp6; do
			echo "= table $table"
			cat /proc/net/$table 2>/dev/null
		done
	fi
}

counters() {
	echo "= queues $1"
	tc -s qdisc 2>/dev/null
	echo "= filters $1"
	nft list ruleset 2>/dev/null
	[ -n "$legacy" ] && { $legacy -c; $legacy6 -c; } 2>/dev/null
	echo "= time $(cut -d' ' -f1 /proc/uptime)"
}

# Attempts that failed so far.
failed() {
	set -- $(grep '^Tcp: [0-9]' /proc/net/snmp 2>/dev/null)
	echo "${8:-0}"
}

legacy=
command -v iptables-legacy-save >/dev/null 2>&1 && legacy=iptables-legacy-save
[ -z "$legacy" ] && ! command -v nft >/dev/null 2>&1 && command -v iptables-save >/dev/null 2>&1 &&
	legacy=iptables-save
case $legacy in iptables-legacy-save) legacy6=ip6tables-legacy-save ;; *) legacy6=ip6tables-save ;; esac

echo "= sockets 1"
sockets ''
counters 1
before=$(failed)
sleep 1
# Who was refused is gone at once: the kernel tells of sockets as they go.
if [ $(($(failed) - before)) -ge 2 ] && command -v ss >/dev/null 2>&1; then
	echo "= gone"
	timeout 1 ss -Etni 2>/dev/null | head -c 400000 | columns
	echo
else
	sleep "${1:-1}"
fi
echo "= sockets 2"
sockets p
counters 2
echo "= end"
