#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/net.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/resolvers.h"

static double of(struct facts *facts, const char *kind, const char *name, const char *fact)
{
	return facts_value(facts, facts_entity(facts, kind, name), fact, (double)NAN);
}

static void expect(double value, double wanted)
{
	if (!(fabs(value - wanted) < 1e-6 * fmax(1, fabs(wanted))))
		fail_msg("%.9g is not %.9g", value, wanted);
}

static void expect_nothing(double value)
{
	if (!isnan(value))
		fail_msg("%.9g is told, and is not known", value);
}

/* Two readings, two seconds apart. */
#define READINGS(before, after)                                                                    \
	"= sockets 1\n" before "= queues 1\n= filters 1\n= time 100.00\n= sockets 2\n" after       \
	"= queues 2\n= filters 2\n= time 102.00\n= end\n"

static void a_queue_that_stands_is_the_readers(void **state)
{
	static const char text[] = READINGS(
		"tcp ESTAB 128512 0 10.0.0.1:9996 10.0.0.2:40000 ino:2 sk:1 <->\n"
		"\t rto:200 bytes_received:128512\n"
		"tcp ESTAB 9000 0 10.0.0.1:9996 10.0.0.3:40000 ino:3 sk:2 <->\n"
		"\t rto:200 bytes_received:9000\n",
		"tcp ESTAB 128512 0 10.0.0.1:9996 10.0.0.2:40000 users:((\"my (x\",pid=8,fd=4))\n"
		"\t rto:200 bytes_received:128512\n"
		"tcp ESTAB 9000 0 10.0.0.1:9996 10.0.0.3:40000 users:((\"sink\",pid=9,fd=4))\n"
		"\t rto:200 bytes_received:2009000\n");
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	expect(of(&facts, "process", "my (x (8)", "receive_queue_standing"), 128512);
	expect(of(&facts, "process", "my (x (8)", "receive_drained"), 0);
	expect(of(&facts, "process", "sink (9)", "receive_drained"), 1000000);
}

static void only_what_moved_in_the_window_is_lost(void **state)
{
	static const char text[] =
		READINGS("tcp ESTAB 0 0 10.0.0.1:5 10.0.0.2:80 sk:1\n"
			 "\t rtt:3/1 data_segs_out:1000 retrans:0/500 minrtt:1.5\n",
			 "tcp ESTAB 0 0 10.0.0.1:5 10.0.0.2:80 sk:1\n"
			 "\t rtt:3/1 data_segs_out:1100 retrans:0/508 minrtt:1.5\n"
			 "tcp ESTAB 0 0 10.0.0.1:6 [::ffff:10.0.0.2]:80 sk:2\n"
			 "\t rtt:9/1 data_segs_out:100 retrans:1/2 minrtt:2\n");
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	expect(of(&facts, "peer", "10.0.0.2", "connections"), 2);
	expect(of(&facts, "peer", "10.0.0.2", "segments"), 200);
	expect(of(&facts, "peer", "10.0.0.2", "retransmits"), 10);
	expect(of(&facts, "peer", "10.0.0.2", "retransmit_share"), 0.05);
	expect(of(&facts, "peer", "10.0.0.2", "rtt_min"), 1.5e6);
	expect(of(&facts, "peer", "10.0.0.2", "near"), 1);
}

static void sockets_that_share_a_port_keep_their_own_drops(void **state)
{
	static const char text[] =
		READINGS("udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* sk:1\n\t skmem:(r0,d7)\n"
			 "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* sk:2\n\t skmem:(r0,d9000)\n",
			 "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:((\"n\",pid=5,fd=1)) sk:1\n"
			 "\t skmem:(r0,d27)\n"
			 "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:((\"n\",pid=5,fd=2)) sk:2\n"
			 "\t skmem:(r0,d9000)\n");
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	expect(of(&facts, "process", "n (5)", "udp_drops"), 10);
	expect(of(&facts, "port", "udp:53", "udp_drops"), 10);
}

static void listeners_queues_and_who_is_refused_are_told_by_port(void **state)
{
	static const char text[] =
		"= sockets 1\n= time 100\n= gone\n"
		"UNCONN 0 1 127.0.0.1:49510 127.0.0.1:9992\n"
		"\t rto:1000 cwnd:10 segs_out:1 segs_in:1\n"
		/* one that was closed as it should be */
		"UNCONN 1 0 127.0.0.1:52104 127.0.0.1:9993\n"
		"\t rto:204 rtt:0.007/0.003 segs_out:3 segs_in:3\n"
		"= sockets 2\n"
		"tcp LISTEN 9 8 0.0.0.0:9997 0.0.0.0:*users:((\"web\",pid=7,fd=3)) sk:1\n"
		"tcp SYN-SENT 0 1 127.0.0.1:4 127.0.0.1:9997 sk:2\n"
		"= time 102\n= end\n";
	auto_facts struct facts facts = FACTS_INIT;
	struct entity port;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	port = facts_entity(&facts, "port", "9997");
	expect(of(&facts, "port", "9997", "backlog"), 9);
	expect(of(&facts, "port", "9997", "backlog_limit"), 8);
	expect(of(&facts, "port", "9997", "syn_sent"), 1);
	assert_true(facts_related(&facts, facts_entity(&facts, "process", "web (7)"), "listens on",
				  port));
	expect(of(&facts, "port", "9992", "refused"), 1);
	expect_nothing(of(&facts, "port", "9993", "refused"));
}

static void without_ss_the_kernels_tables_tell_the_queues(void **state)
{
	static const char text[] =
		"= sockets 1\n= table tcp\n"
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
		"   0: 0100007F:270D 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 7 "
		"1\n"
		"= table tcp6\n"
		"   1: 0000000000000000FFFF00000100000A:0016 0000000000000000FFFF00000200000A:9C40 "
		"01 "
		"00000010:00000000 00:0 0 0 0 8 1\n"
		"= time 5\n";
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	expect(of(&facts, "port", "9997", "backlog"), 3);
	expect_nothing(of(&facts, "port", "9997", "backlog_limit"));
	expect(of(&facts, "peer", "10.0.0.2", "send_queue"), 16);
}

static void shapers_and_filters_count_in_the_window_only(void **state)
{
	static const char text[] =
		"= sockets 1\n= queues 1\n"
		"qdisc tbf 8002: dev eth0 root refcnt 2 rate 8Mbit burst 16Kb lat 400ms \n"
		" Sent 0 bytes 0 pkt (dropped 7, overlimits 100 requeues 0) \n"
		" backlog 68Kb 45p requeues 0\n"
		"= filters 1\n"
		"table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter;\n"
		"\t\ttcp dport { 80, 9991 } counter packets 5 bytes 60 drop\n"
		"\t\ttcp dport 22 counter packets 900 bytes 60 drop\n\t}\n}\n"
		"[3:9] -A OUTPUT -p tcp --dport 25 -j REJECT\n"
		"= time 100\n= sockets 2\n= queues 2\n"
		"qdisc tbf 8002: dev eth0 root refcnt 2 rate 8Mbit burst 16Kb lat 400ms \n"
		" Sent 0 bytes 0 pkt (dropped 7, overlimits 900 requeues 0) \n"
		" backlog 34Kb 25p requeues 0\n"
		"= filters 2\n"
		"table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter;\n"
		"\t\ttcp dport { 80, 9991 } counter packets 9 bytes 60 drop\n"
		"\t\ttcp dport 22 counter packets 900 bytes 60 drop\n\t}\n}\n"
		"[7:9] -A OUTPUT -p tcp --dport 25 -j REJECT\n"
		"= time 102\n= end\n";
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	net_to_facts(str_from(text), "net", &facts);
	expect(of(&facts, "interface", "eth0", "qdisc_overlimits"), 400);
	expect(of(&facts, "interface", "eth0", "qdisc_drops"), 0);
	expect(of(&facts, "interface", "eth0", "qdisc_backlog"), 34 * 1024);
	expect(of(&facts, "interface", "eth0", "qdisc_rate"), 1e6);
	expect(of(&facts, "port", "9991", "filter_drops"), 2);
	expect(of(&facts, "port", "80", "filter_drops"), 2);
	expect(of(&facts, "port", "25", "filter_drops"), 2);
	expect_nothing(of(&facts, "port", "22", "filter_drops"));
	expect(of(&facts, "host", "the host", "filter_drops"), 4);
}

static void one_text_of_ss_tells_what_stands(void **state)
{
	static const char glued[] =
		"State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
		"LISTEN 9      8            0.0.0.0:9997      0.0.0.0:*    "
		"users:((\"netload\",pid=25620,fd=3))\n"
		"ESTAB  0      77     10.0.0.1%eth0:22     10.0.0.9:5\n";
	static const char summary[] = "Total: 1791 (kernel 0)\nTCP:   5738 (estab 20, closed 4180, "
				      "orphaned 3, synrecv 0, "
				      "timewait 4023/0), ports 0\n";
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	host_read(&(struct host_text){ "ss", "ss.txt", str_from(glued), false }, &facts);
	host_read(&(struct host_text){ "ss", "sum.txt", str_from(summary), false }, &facts);
	expect(of(&facts, "port", "9997", "backlog"), 9);
	expect(of(&facts, "peer", "10.0.0.9", "send_queue"), 77);
	expect(of(&facts, "host", "the host", "time_wait"), 4023);
	expect(of(&facts, "host", "the host", "tcp_orphans"), 3);
	expect(of(&facts, "input", "ss.txt", "unknown_lines"), 0);
}

static void a_name_server_that_is_not_there_is_said_to_be_silent(void **state)
{
	char path[] = "/tmp/net_test.XXXXXX";
	static const char conf[] = "# none\nnameserver 127.0.0.9\nnameserver nonsense\n";
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_facts struct facts facts = FACTS_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && write(fd, conf, sizeof(conf) - 1) == (ssize_t)sizeof(conf) - 1);
	close(fd);
	resolver_probe_end(resolver_probe_start(path), 300, &text);
	unlink(path);
	resolvers_to_facts(strbuf_str(&text), "probe", &facts);
	expect(of(&facts, "resolver", "127.0.0.9", "answered"), 0);
	expect(of(&facts, "resolver", "nonsense", "answered"), 0);
	expect(of(&facts, "host", "the host", "resolvers_silent"), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_that_stands_is_the_readers),
		cmocka_unit_test(only_what_moved_in_the_window_is_lost),
		cmocka_unit_test(sockets_that_share_a_port_keep_their_own_drops),
		cmocka_unit_test(listeners_queues_and_who_is_refused_are_told_by_port),
		cmocka_unit_test(without_ss_the_kernels_tables_tell_the_queues),
		cmocka_unit_test(shapers_and_filters_count_in_the_window_only),
		cmocka_unit_test(one_text_of_ss_tells_what_stands),
		cmocka_unit_test(a_name_server_that_is_not_there_is_said_to_be_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
