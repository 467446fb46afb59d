/* What commands print for people, held against what the same commands print for programs, live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_in.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/strbuf.h"

/* The output of a command; skips the test where the program is not there. */
static void run(const char *command, struct strbuf *out)
{
	char line[512], part[4096];
	size_t got;
	FILE *pipe;

	snprintf(line, sizeof(line), "LC_ALL=C timeout 10 %s 2>/dev/null", command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	while ((got = fread(part, 1, sizeof(part), pipe)) > 0)
		strbuf_add(out, (struct str){ part, got });
	pclose(pipe);
	if (!out->len) {
		print_message("skipped: '%s' says nothing here\n", command);
		skip();
	}
}

static const struct json *run_json(const char *command, struct arena *arena)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	const struct json *json = NULL;

	run(command, &out);
	assert_null(json_parse(strbuf_str(&out), arena, &json));
	return json;
}

static void read_command(const char *command, const char *program, struct facts *facts)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;

	run(command, &out);
	host_read(&(struct host_text){ program, command, strbuf_str(&out), false }, facts);
	assert_true(facts_value(facts, facts_entity(facts, "input", command), "unknown_lines", 1) ==
		    0);
}

static struct entity entity_of(struct facts *facts, const char *kind, const struct json *row,
			       const char *key)
{
	struct str name = STR("");

	json_get_text(json_find(row, key), &name);
	return facts_entity(facts, kind, name.ptr);
}

static void expect_text(struct facts *facts, struct entity entity, const char *fact,
			const struct json *wanted)
{
	const struct fact *found = facts_find(facts, entity, fact);
	struct str text = STR("");

	json_get_text(wanted, &text);
	if (!str_eq(found ? str_from(facts_str(facts, found->text)) : STR(""), text))
		fail_msg("%s of %s is '%s', not '%.*s'", fact, facts_str(facts, entity.name),
			 found ? facts_str(facts, found->text) : "(none)", STR_ARG(text));
}

static void expect_between(struct facts *facts, struct entity entity, const char *fact,
			   const struct json *before, const struct json *after)
{
	double low = 0, high = 0, value = facts_value(facts, entity, fact, (double)NAN);

	if (!json_get_number(before, &low) || !json_get_number(after, &high) || low > high)
		return;
	if (!(value >= low && value <= high))
		fail_msg("%s of %s is %g, not from %g to %g", fact, facts_str(facts, entity.name),
			 value, low, high);
}

static void ip_link_says_what_its_json_says(void **state)
{
	static const char *const keys[][3] = { { "rx", "bytes", "rx_bytes_total" },
					       { "rx", "packets", "rx_packets_total" },
					       { "rx", "errors", "rx_errors_total" },
					       { "rx", "dropped", "rx_dropped_total" },
					       { "tx", "bytes", "tx_bytes_total" },
					       { "tx", "errors", "tx_errors_total" },
					       { "tx", "carrier_errors", "tx_carrier_total" },
					       { "tx", "collisions", "tx_collisions_total" } };
	auto_facts struct facts facts = FACTS_INIT;
	struct arena arena = { 0 };
	const struct json *before = run_json("ip -j -s link", &arena), *after, *row, *later;

	(void)state;
	read_command("ip -s link", "ip", &facts);
	after = run_json("ip -j -s link", &arena);
	assert_non_null(before->first);
	for (row = before->first, later = after->first; row && later;
	     row = row->next, later = later->next) {
		struct entity interface = entity_of(&facts, "interface", row, "ifname");
		double mtu = 0;

		expect_text(&facts, interface, "state", json_find(row, "operstate"));
		assert_true(json_get_number(json_find(row, "mtu"), &mtu));
		assert_true(facts_value(&facts, interface, "mtu", -1) == mtu);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			expect_between(&facts, interface, keys[i][2],
				       json_find(json_find(json_find(row, "stats64"), keys[i][0]),
						 keys[i][1]),
				       json_find(json_find(json_find(later, "stats64"), keys[i][0]),
						 keys[i][1]));
	}
	arena_done(&arena);
}

static void ip_addr_and_route_say_what_their_json_says(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct arena arena = { 0 };
	const struct json *links = run_json("ip -j addr", &arena);
	const struct json *routes = run_json("ip -j route", &arena);
	size_t count = 0;

	(void)state;
	read_command("ip addr", "ip", &facts);
	read_command("ip route", "ip", &facts);
	for (const struct json *row = links->first; row; row = row->next) {
		const struct json *addresses = json_find(row, "addr_info");
		double here = 0;

		for (const struct json *a = addresses ? addresses->first : NULL; a; a = a->next)
			here++;
		assert_true(facts_value(&facts, entity_of(&facts, "interface", row, "ifname"),
					"addresses", 0) == here);
	}
	for (const struct json *row = routes->first; row; row = row->next) {
		struct str to = STR("");

		count++;
		json_get_text(json_find(row, "dst"), &to);
		if (str_is(to, "default"))
			expect_text(&facts, facts_entity(&facts, "host", "the host"),
				    "default_gateway", json_find(row, "gateway"));
	}
	assert_true(facts_value(&facts, facts_entity(&facts, "host", "the host"), "routes", 0) ==
		    (double)count);
	arena_done(&arena);
}

static void expect_disks(struct facts *facts, const struct json *rows, size_t *count)
{
	for (const struct json *row = rows ? rows->first : NULL; row; row = row->next) {
		struct entity disk = entity_of(facts, "disk", row, "name");
		struct str size = STR("");
		const struct fact *readonly = facts_find(facts, disk, "readonly");

		expect_text(facts, disk, "kind", json_find(row, "type"));
		assert_int_equal(readonly != NULL, json_find(row, "ro")->truth);
		json_get_text(json_find(row, "size"), &size);
		assert_true(size.len && facts_value(facts, disk, "size", -1) >= 0);
		++*count;
		expect_disks(facts, json_find(row, "children"), count);
	}
}

static void lsblk_says_what_its_json_says(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct arena arena = { 0 };
	size_t count = 0;

	(void)state;
	read_command("lsblk", "lsblk", &facts);
	expect_disks(&facts, json_find(run_json("lsblk -J", &arena), "blockdevices"), &count);
	assert_true(count > 0);
	arena_done(&arena);
}

static void expect_mounts(struct facts *facts, const struct json *rows, size_t *count)
{
	for (const struct json *row = rows ? rows->first : NULL; row; row = row->next) {
		struct entity mount = entity_of(facts, "mount", row, "target");

		++*count;
		expect_text(facts, mount, "type", json_find(row, "fstype"));
		expect_mounts(facts, json_find(row, "children"), count);
	}
}

static void findmnt_says_what_its_json_says(void **state)
{
	static const char *const forms[] = { "findmnt", "findmnt -l", "findmnt -a" };
	struct arena arena = { 0 };
	const struct json *tree = run_json("findmnt -J", &arena);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		auto_facts struct facts facts = FACTS_INIT;
		size_t count = 0;

		read_command(forms[i], "findmnt", &facts);
		expect_mounts(&facts, json_find(tree, "filesystems"), &count);
		assert_true(count > 0);
	}
	arena_done(&arena);
}

static void nstat_says_what_its_json_says(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct arena arena = { 0 };
	const struct json *before = run_json("nstat -azsj", &arena), *after;
	struct entity host = facts_entity(&facts, "host", "the host");
	size_t count = 0;

	(void)state;
	read_command("nstat -azs", "nstat", &facts);
	after = run_json("nstat -azsj", &arena);
	before = json_find(before, "kernel");
	after = json_find(after, "kernel");
	for (const struct json *row = before->first; row; row = row->next, count++) {
		auto_free char *name = x_strndup(row->key.ptr, row->key.len);

		double wide = facts_value(&facts, host, name, 0);

		/* its JSON keeps the lower 32 bits of a counter */
		if (wide < 4294967296.0)
			expect_between(&facts, host, name, row, json_find(after, name));
	}
	assert_true(count > 20);
	arena_done(&arena);
}

static void netstat_and_nstat_count_the_same(void **state)
{
	static const char *const names[] = { "TcpActiveOpens", "TcpOutSegs",	 "TcpRetransSegs",
					     "TcpOutRsts",     "UdpInDatagrams", "IpInReceives" };
	auto_facts struct facts facts = FACTS_INIT;
	struct arena arena = { 0 };
	const struct json *before = json_find(run_json("nstat -azsj", &arena), "kernel"), *after;
	auto_strbuf struct strbuf out = STRBUF_INIT;

	(void)state;
	run("netstat -s", &out);
	host_read(&(struct host_text){ "netstat", "netstat -s", strbuf_str(&out), false }, &facts);
	after = json_find(run_json("nstat -azsj", &arena), "kernel");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_between(&facts, facts_entity(&facts, "host", "the host"), names[i],
			       json_find(before, names[i]), json_find(after, names[i]));
	arena_done(&arena);
}

static void lsof_says_the_same_in_columns_and_fields(void **state)
{
	auto_facts struct facts columns = FACTS_INIT, fields = FACTS_INIT;
	char path[] = "sysgrok-oracle-XXXXXX", command[96], process[64];
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, 3 << 20), 0);
	unlink(path);
	snprintf(command, sizeof(command), "lsof -p %d", (int)getpid());
	read_command(command, "lsof", &columns);
	snprintf(command, sizeof(command), "lsof -F pcfLtDsikn -p %d", (int)getpid());
	read_command(command, "lsof", &fields);
	close(file);
	/* its columns cut a command after nine characters */
	snprintf(process, sizeof(process), "host_orac (%d)", (int)getpid());
	assert_true(facts_value(&columns, facts_entity(&columns, "process", process),
				"deleted_bytes", 0) == 3 << 20);
	snprintf(process, sizeof(process), "host_oracle_tes (%d)", (int)getpid());
	assert_true(facts_value(&fields, facts_entity(&fields, "process", process), "deleted_bytes",
				0) == 3 << 20);
}

static void df_and_the_kernel_agree(void **state)
{
	auto_facts struct facts small = FACTS_INIT, large = FACTS_INIT;
	struct entity root;
	double exact;

	(void)state;
	read_command("df -P -k -T /", "df", &small);
	read_command("df -BM /", "df", &large);
	root = facts_entity(&small, "mount", "/");
	exact = facts_value(&small, root, "size", 0);
	if (exact == 0) { /* a root that df has under another name: skip() would leave the facts */
		print_message("skipped: df does not say how large / is\n");
		return;
	}
	assert_true(fabs(facts_value(&large, facts_entity(&large, "mount", "/"), "size", 0) -
			 exact) <= 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_link_says_what_its_json_says),
		cmocka_unit_test(ip_addr_and_route_say_what_their_json_says),
		cmocka_unit_test(lsblk_says_what_its_json_says),
		cmocka_unit_test(findmnt_says_what_its_json_says),
		cmocka_unit_test(nstat_says_what_its_json_says),
		cmocka_unit_test(netstat_and_nstat_count_the_same),
		cmocka_unit_test(lsof_says_the_same_in_columns_and_fields),
		cmocka_unit_test(df_and_the_kernel_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
