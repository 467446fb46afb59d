/* What jc's public fixtures hold, held against jc's own reading of them, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/macros.h"
#include "host/columns.h"
#include "host/lsof.h"
#include "host/netstat.h"
#include "host/parser.h"

#define FIXTURES SOURCE_ROOT "/../shared/fixtures/jc/"

struct fixture {
	struct arena arena;
	struct strbuf text;
	const struct json *rows;
};

static void fixture_open(struct fixture *fixture, const char *name)
{
	auto_strbuf struct strbuf json = STRBUF_INIT;
	struct error *error;
	char path[512];

	*fixture = (struct fixture){ .text = STRBUF_INIT };
	snprintf(path, sizeof(path), FIXTURES "%s.out", name);
	error = file_read(path, 1 << 26, &fixture->text);
	if (error)
		fail_msg("%s", error->message);
	snprintf(path, sizeof(path), FIXTURES "%s.json", name);
	error = file_read(path, 1 << 26, &json);
	if (!error)
		error = json_parse(strbuf_str(&json), &fixture->arena, &fixture->rows);
	if (error)
		fail_msg("%s", error->message);
}

static void fixture_close(struct fixture *fixture)
{
	strbuf_done(&fixture->text);
	arena_done(&fixture->arena);
}

/* "SIZE/OFF" is jc's "size_off". */
static void key_of(struct str name, char key[64])
{
	size_t count = 0;

	for (size_t i = 0; i < name.len && count < 63; i++)
		if (isalnum((unsigned char)name.ptr[i]))
			key[count++] = (char)tolower((unsigned char)name.ptr[i]);
		else if (name.ptr[i] != '%')
			key[count++] = '_';
	key[count] = '\0';
}

static void expect_cell(const char *where, const char *key, const struct json *wanted,
			struct str cell)
{
	double number;
	bool same = false;

	switch (wanted->type) {
	case JSON_NULL:
		/* jc's node is a number or nothing: of sockets lsof says "TCP" there */
		same = !cell.len || (!strcmp(key, "node") && !str_to_double(cell, &number));
		break;
	case JSON_BOOL:
		same = str_is(cell, wanted->truth ? "1" : "0");
		break;
	case JSON_NUMBER:
		if (str_starts_with(cell, STR("0t"))) /* lsof marks an offset so */
			cell = (struct str){ cell.ptr + 2, cell.len - 2 };
		same = str_to_double(cell, &number) && number == wanted->number;
		break;
	case JSON_TEXT:
		same = str_eq(cell, wanted->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return;
	}
	if (!same)
		fail_msg("%s: %s is '%.*s', jc has '%.*s' (%g)", where, key, STR_ARG(cell),
			 STR_ARG(wanted->text), wanted->number);
}

typedef bool header_read(struct str line, struct columns *columns);

static bool any_header(struct str line, struct columns *columns)
{
	static const char *const joined[] = { "UNIT FILE", NULL };

	return columns_read(columns, line, joined);
}

/* Every column of every row; what jc adds of its own (size_bytes) is worked out from ours. */
static void expect_table(const char *name, header_read *is_header, const char *tree)
{
	struct fixture fixture;
	struct columns columns = { .count = 0 };
	const struct json *row;
	struct str rest, line, cells[COLUMNS_MAX];
	size_t count = 0;

	fixture_open(&fixture, name);
	row = fixture.rows->first;
	rest = strbuf_str(&fixture.text);
	while (str_next_line(&rest, &line)) {
		if (!columns.count) {
			assert_true(is_header(line, &columns));
			continue;
		}
		if (!row || !str_trim(line).len)
			break;
		columns_cut(&columns, line, cells);
		if (str_starts_with(cells[0], STR("\xe2\x97\x8f "))) /* systemctl's mark */
			cells[0] = (struct str){ cells[0].ptr + 4, cells[0].len - 4 };
		for (unsigned i = 0; i < columns.count; i++) {
			const struct json *wanted, *bytes;
			double number;
			char key[64];

			key_of(columns.items[i].name, key);
			if (tree && !strcmp(key, tree))
				cells[i] = tree_name(cells[i]);
			wanted = json_find(row, key);
			if (wanted)
				expect_cell(name, key, wanted, cells[i]);
			strcat(key, "_bytes");
			bytes = json_find(row, key);
			if (bytes && json_get_number(bytes, &number)) {
				double ours = -1;

				assert_true(size_scan(cells[i], 1, &ours) ||
					    str_is(cells[i], "0B"));
				if (str_is(cells[i], "0B"))
					ours = 0;
				assert_true(floor(ours) == number);
			}
		}
		row = row->next;
		count++;
	}
	assert_null(row);
	assert_true(count > 1);
	fixture_close(&fixture);
}

static void lsof_is_read_as_jc_reads_it(void **state)
{
	(void)state;
	expect_table("centos-7.7/lsof", lsof_header_read, NULL);
	expect_table("centos-7.7/lsof-sudo", lsof_header_read, NULL);
}

static void lsblk_is_read_as_jc_reads_it(void **state)
{
	(void)state;
	expect_table("centos-7.7/lsblk", any_header, "name");
	expect_table("centos-7.7/lsblk-allcols", any_header, "name");
}

static void systemctl_is_read_as_jc_reads_it(void **state)
{
	(void)state;
	expect_table("ubuntu-18.04/systemctl", any_header, NULL);
	expect_table("ubuntu-18.04/systemctl-lj", any_header, NULL);
	expect_table("ubuntu-18.04/systemctl-ls", any_header, NULL);
	expect_table("ubuntu-18.04/systemctl-luf", any_header, NULL);
}

/* ---- facts of mounts */

static struct str text_of(struct facts *facts, const char *kind, struct str name, const char *fact)
{
	auto_free char *text = x_strndup(name.ptr, name.len);
	const struct fact *found = facts_find(facts, facts_entity(facts, kind, text), fact);

	return found && found->type == FACT_TEXT ? interned(&facts->texts, found->text) : STR("");
}

static double number_of(struct facts *facts, const char *kind, struct str name, const char *fact)
{
	auto_free char *text = x_strndup(name.ptr, name.len);

	return facts_value(facts, facts_entity(facts, kind, text), fact, (double)NAN);
}

static struct str json_text(const struct json *row, const char *key)
{
	struct str text = STR("");

	json_get_text(json_find(row, key), &text);
	return text;
}

static void read_fixture(struct fixture *fixture, const char *command, struct facts *facts)
{
	host_read(&(struct host_text){ command, "f", strbuf_str(&fixture->text), false }, facts);
	assert_true(number_of(facts, "input", STR("f"), "unknown_lines") == 0);
}

static bool has_text(const struct json *array, const char *wanted)
{
	for (const struct json *item = array ? array->first : NULL; item; item = item->next)
		if (str_is(item->text, wanted))
			return true;
	return false;
}

static bool comes_later(const struct json *row, const char *key)
{
	for (const struct json *later = row->next; later; later = later->next)
		if (str_eq(json_text(later, key), json_text(row, key)))
			return true;
	return false;
}

static void expect_mounts(const char *name, const char *path_key, const char *device_key,
			  const char *type_key)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct fixture fixture;

	fixture_open(&fixture, name);
	read_fixture(&fixture, "", &facts);
	for (const struct json *row = fixture.rows->first; row; row = row->next) {
		struct str path = json_text(row, path_key);
		const struct json *options = json_find(row, "options");

		/* of two mounts on one path the later one is what is seen */
		if (comes_later(row, path_key))
			continue;
		if (!str_eq(text_of(&facts, "mount", path, "device"), json_text(row, device_key)) ||
		    (json_find(row, type_key) &&
		     !str_eq(text_of(&facts, "mount", path, "type"), json_text(row, type_key))))
			fail_msg("%s: '%.*s' is read otherwise", name, STR_ARG(path));
		assert_int_equal(has_text(options, "ro") || has_text(options, "read-only"),
				 str_is(text_of(&facts, "mount", path, "readonly"), "yes"));
	}
	fixture_close(&fixture);
}

static void mounts_are_read_as_jc_reads_them(void **state)
{
	(void)state;
	expect_mounts("ubuntu-18.04/mount", "mount_point", "filesystem", "type");
	expect_mounts("generic/mount-spaces-in-mountpoint", "mount_point", "filesystem", "type");
	expect_mounts("generic/mount-parens-in-filesystem", "mount_point", "filesystem", "type");
	expect_mounts("centos-7.7/findmnt", "target", "source", "fstype");
	expect_mounts("centos-7.7/findmnt-a", "target", "source", "fstype");
}

static void expect_df(const char *name, const char *size_key, const char *available_key,
		      const char *share_key, double unit)
{
	auto_facts struct facts facts = FACTS_INIT;
	struct fixture fixture;

	fixture_open(&fixture, name);
	read_fixture(&fixture, "df", &facts);
	for (const struct json *row = fixture.rows->first; row; row = row->next) {
		struct str path = json_text(row, "mounted_on");
		double size = -1, used = -1, available = -1, percent = -1, share;

		assert_true(json_get_number(json_find(row, size_key), &size));
		json_get_number(json_find(row, "used"), &used);
		json_get_number(json_find(row, available_key), &available);
		json_get_number(json_find(row, share_key), &percent);
		/* jc cuts off what "1.9G" has below the byte */
		assert_true(floor(number_of(&facts, "mount", path, "size")) == size * unit);
		assert_true(floor(number_of(&facts, "mount", path, "used")) == used * unit);
		assert_true(floor(number_of(&facts, "mount", path, "available")) ==
			    available * unit);
		share = number_of(&facts, "mount", path, "used_share");
		if (percent >= 0 && size > 0)
			assert_true(ceil(share * 100 - 1e-9) == percent ||
				    fabs(share * 100 - percent) <= 1);
		assert_true(str_eq(text_of(&facts, "mount", path, "device"),
				   json_text(row, "filesystem")));
	}
	fixture_close(&fixture);
}

static void df_is_read_as_jc_reads_it(void **state)
{
	(void)state;
	expect_df("ubuntu-18.04/df", "1k_blocks", "available", "use_percent", 1024);
	expect_df("generic/df-long-filesystem", "1024_blocks", "available", "capacity_percent",
		  1024);
	expect_df("centos-7.7/df-h", "size", "available", "use_percent", 1);
}

/* ---- netstat */

/* jc parts a port from its address, and a pid from its program. */
static void expect_sockets(const char *name)
{
	struct netstat_columns columns = { .has_user = false };
	struct netstat_row row;
	struct fixture fixture;
	const struct json *wanted;
	struct str rest, line;
	size_t count = 0;

	fixture_open(&fixture, name);
	wanted = fixture.rows->first;
	rest = strbuf_str(&fixture.text);
	while (str_next_line(&rest, &line)) {
		if (netstat_header_read(line, &columns) || !netstat_row_read(line, &columns, &row))
			continue;
		const struct {
			const char *key;
			struct str value;
		} cells[] = {
			{ "proto", row.proto },
			{ "recv_q", row.receive_queue },
			{ "send_q", row.send_queue },
			{ "local_address", row.local },
			{ "local_port", row.local_port },
			{ "foreign_address", row.peer },
			{ "foreign_port", row.peer_port },
			{ "state", row.state },
			{ "user", row.user },
			{ "inode", row.inode },
			{ "pid", row.pid },
			{ "program_name", row.program },
		};

		assert_non_null(wanted);
		for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
			const struct json *value = json_find(wanted, cells[i].key);

			if (value)
				expect_cell(name, cells[i].key, value, cells[i].value);
			else if (strcmp(cells[i].key, "state") != 0)
				assert_true(!cells[i].value.len);
		}
		wanted = wanted->next;
		count++;
	}
	assert_true(count > 1);
	assert_true(!wanted || !str_is(json_text(wanted, "kind"), "network"));
	fixture_close(&fixture);
}

static void sockets_of_netstat_are_read_as_jc_reads_them(void **state)
{
	(void)state;
	expect_sockets("centos-7.7/netstat-l");
	expect_sockets("centos-7.7/netstat-sudo-aeep");
	expect_sockets("fedora32/netstat");
	expect_sockets("generic/netstat-no-state");
	expect_sockets("ubuntu-18.04/netstat-sudo-lnp");
	expect_sockets("ubuntu-18.04/netstat-sudo-lnp-space");
}

static void interfaces_of_netstat_are_read_as_jc_reads_them(void **state)
{
	static const char *const keys[][2] = { { "mtu", "mtu" },
					       { "rx_ok", "rx_packets_total" },
					       { "rx_err", "rx_errors_total" },
					       { "rx_drp", "rx_dropped_total" },
					       { "rx_ovr", "rx_overrun_total" },
					       { "tx_ok", "tx_packets_total" },
					       { "tx_err", "tx_errors_total" } };
	auto_facts struct facts facts = FACTS_INIT;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "centos-7.7/netstat-i");
	read_fixture(&fixture, "netstat", &facts);
	for (const struct json *row = fixture.rows->first; row; row = row->next)
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			double wanted = -1;

			assert_true(json_get_number(json_find(row, keys[i][0]), &wanted));
			assert_true(number_of(&facts, "interface", json_text(row, "iface"),
					      keys[i][1]) == wanted);
		}
	fixture_close(&fixture);
}

static void ethtool_is_read_as_jc_reads_it(void **state)
{
	static const char *const names[] = {
		"generic/ethtool--default1", "generic/ethtool--link-partner-advertised-link-modes"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_facts struct facts facts = FACTS_INIT;
		struct fixture fixture;
		struct str name;
		double speed = -1;

		fixture_open(&fixture, names[i]);
		read_fixture(&fixture, "ethtool", &facts);
		name = json_text(fixture.rows, "name");
		json_get_number(json_find(fixture.rows, "speed_bps"), &speed);
		assert_true(number_of(&facts, "interface", name, "speed") == speed);
		assert_true(number_of(&facts, "interface", name, "speed_supported") == 1e9);
		assert_true(str_eq(text_of(&facts, "interface", name, "duplex"),
				   json_text(fixture.rows, "duplex")));
		fixture_close(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lsof_is_read_as_jc_reads_it),
		cmocka_unit_test(lsblk_is_read_as_jc_reads_it),
		cmocka_unit_test(systemctl_is_read_as_jc_reads_it),
		cmocka_unit_test(mounts_are_read_as_jc_reads_them),
		cmocka_unit_test(df_is_read_as_jc_reads_it),
		cmocka_unit_test(sockets_of_netstat_are_read_as_jc_reads_them),
		cmocka_unit_test(interfaces_of_netstat_are_read_as_jc_reads_them),
		cmocka_unit_test(ethtool_is_read_as_jc_reads_it),
	};

	if (access(FIXTURES "README.md", R_OK) != 0) {
		puts("skipped: jc's fixtures are not here (" FIXTURES ")");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
