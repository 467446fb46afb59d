#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <math.h>
#include <string.h>

#include "host/parser.h"

static void look(struct facts *facts, const char *command, const char *text)
{
	host_read(&(struct host_text){ command, "input.txt", str_from(text), false }, facts);
	host_finish(facts);
}

static double of(struct facts *facts, const char *kind, const char *name, const char *fact)
{
	return facts_value(facts, facts_entity(facts, kind, name), fact, (double)NAN);
}

static const char *text_of(struct facts *facts, const char *kind, const char *name,
			   const char *fact)
{
	const struct fact *found = facts_find(facts, facts_entity(facts, kind, name), fact);

	return found && found->type == FACT_TEXT ? facts_str(facts, found->text) : "(none)";
}

static void expect(double value, double wanted)
{
	if (!(fabs(value - wanted) < 1e-6 * fmax(1, fabs(wanted))))
		fail_msg("%.9g is not %.9g", value, wanted);
}

/* ---- df */

static void df_tells_bytes_whatever_its_unit(void **state)
{
	static const struct {
		const char *text;
		double size;
	} cases[] = {
		{ "Filesystem 1K-blocks Used Available Use% Mounted on\n"
		  "/dev/sda1 2048 1024 512 67% /a b\n",
		  2048 * 1024.0 },
		{ "Filesystem     Type 512-blocks  Used Available Capacity Mounted on\n"
		  "/dev/sda1      ext4       4096  2048      1024      67% /a b\n",
		  4096 * 512.0 },
		{ "Filesystem     1M-blocks  Used Available Use% Mounted on\n"
		  "/dev/sda1             2M    1M        1M  67% /a b\n",
		  2 * 1048576.0 },
		{ "Filesystem      1MB-blocks  Used Available Use% Mounted on\n"
		  "/dev/sda1               2     1         1  67% /a b\n",
		  2e6 },
		{ "Dateisystem    Typ  Größe Benutzt Verf. Verw% Eingehängt auf\n"
		  "/dev/sda1      ext4  1,5G      1G  512M   67% /a b\n",
		  1.5 * 1073741824 },
		{ "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
		  "/dev/mapper/a-very-long-name-of-a-volume\n"
		  "                         2048      1024       512  67% /a b\n",
		  2048 * 1024.0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_facts struct facts facts = FACTS_INIT;

		look(&facts, "", cases[i].text);
		expect(of(&facts, "mount", "/a b", "size"), cases[i].size);
		assert_true(fabs(of(&facts, "mount", "/a b", "used_share") - 0.667) < 0.01);
		expect(of(&facts, "input", "input.txt", "unknown_lines"), 0);
	}
}

static void inodes_are_not_bytes_and_the_reserve_is_told(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;

	(void)state;
	look(&facts, "df",
	     "Filesystem     Type      Inodes  IUsed    IFree IUse% Mounted on\n"
	     "my disk        ext4          64     64        0  100% /srv\n"
	     "pool           btrfs          0      0        0     - /pool\n");
	look(&facts, "df",
	     "Filesystem     Type      1024-blocks  Used Available Capacity Mounted on\n"
	     "my disk        ext4             1000   930        20      98% /srv\n"
	     "none           proc                0     0         0       - /proc\n");
	expect(of(&facts, "mount", "/srv", "inodes"), 64);
	expect(of(&facts, "mount", "/srv", "inodes_used_share"), 1);
	expect(of(&facts, "mount", "/srv", "reserved"), 50 * 1024);
	expect(of(&facts, "mount", "/srv", "used_share"), 930.0 / 950);
	assert_true(isnan(of(&facts, "mount", "/pool", "inodes_used_share")));
	assert_true(isnan(of(&facts, "mount", "/proc", "used_share")));
	assert_string_equal(text_of(&facts, "mount", "/srv", "device"), "my disk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(df_tells_bytes_whatever_its_unit),
		cmocka_unit_test(inodes_are_not_bytes_and_the_reserve_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
