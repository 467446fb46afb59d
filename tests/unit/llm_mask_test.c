#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/mask.h"

#include <string.h>

static void assert_masked(struct masks *masks, const char *text, const char *expected)
{
	auto_strbuf struct strbuf hidden = STRBUF_INIT, shown = STRBUF_INIT;

	mask_hide(masks, str_from(text), &hidden);
	assert_string_equal(strbuf_text(&hidden), expected);
	mask_reveal(masks, strbuf_str(&hidden), &shown);
	assert_string_equal(strbuf_text(&shown), text);
}

static void one(const char *text, const char *expected)
{
	auto_masks struct masks masks = MASKS_INIT;

	masks_add_name(&masks, MASK_HOST, "web1");
	masks_add_name(&masks, MASK_USER, "alice");
	assert_masked(&masks, text, expected);
}

static void what_names_people_and_machines_is_masked(void **)
{
	one("web1 is slow", "<host-1> is slow");
	one("alice@web1:~$ ls", "<user-1>@<host-1>:~$ ls");
	one("/home/bob/src/a.c and /home/bob/b", "<home-1>/src/a.c and <home-1>/b");
	one("peer 10.1.2.3:80 and 10.1.2.4", "peer <ip-1>:80 and <ip-2>");
	one("fe80::1c2:3 and 2001:db8::5", "<ip-1> and <ip-2>");
	one("peer_10.1.2.3", "peer_<ip-1>");
	one("link aa:bb:cc:dd:ee:0f up", "link <mac-1> up");
	one("db1.prod.example.com.", "<host-1>.");
	one("carol@example.org wrote", "<user-1>@<host-1> wrote");
	one("http://web1/x", "http://<host-1>/x");
	one("\nweb1\n", "\n<host-1>\n");
}

static void keys_are_masked(void **)
{
	one("sk-abcdefghijklmnopqrstuv x", "<key-1> x");
	one("AKIAIOSFODNN7EXAMPLE", "<key-1>");
	one("password=hunter2&x", "password=<key-1>&x");
	one("Authorization: Bearer abc.def-1", "Authorization: Bearer <key-1>");
	one("\"api_key\": \"abcd1234\"", "\"api_key\": \"<key-1>\"");
	one("postgres://app:s3cret!@10.0.0.1/db", "postgres://<user-1>:<key-1>@<ip-1>/db");
	one("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.", "<key-1>.");
}

static void figures_and_symbols_are_not_touched(void **)
{
	static const char *const texts[] = {
		"64.57% of 16,469 samples, 1.5 KiB, 12.3 ms",
		"token: 5 secret=0.3% pwd 12",
		"libc.so.6 python3.11 gcc 12.2.0 kernel 6.1.192-1",
		"std::vector<int>::push_back(int&&)",
		"add::be fe::ad a::b::c",
		"malloc@GLIBC_2.2.5 memcpy@plt x@@GLIBC_2.17",
		"org.apache.lucene.index.Foo github.com/foo/bar java.net",
		"[F12] <unknown> a < b > c <host-> <host-x> <1>",
		"127.0.0.1 0.0.0.0 300.1.1.1 1.2.3.4.5 12:34:56",
		"0x7f1234567890 deadbeef 2026-11-20T10:00:00",
		"aliceblue web10 my_web1",
		"root localhost",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		one(texts[i], texts[i]);
}

static void the_same_text_has_the_same_mask(void **)
{
	auto_masks struct masks masks = MASKS_INIT;

	assert_masked(&masks, "10.0.0.1 10.0.0.2 10.0.0.1", "<ip-1> <ip-2> <ip-1>");
	assert_masked(&masks, "10.0.0.2", "<ip-2>");
	assert_int_equal(masks_count(&masks), 2);
}

static void what_looks_like_a_mask_already_comes_back_as_it_was(void **)
{
	auto_masks struct masks masks = MASKS_INIT;

	assert_masked(&masks, "<ip-1> 10.0.0.1 <text-7>", "<text-1> <ip-1> <text-2>");
}

static void an_unknown_mask_of_the_model_stays(void **)
{
	auto_masks struct masks masks = MASKS_INIT;
	auto_strbuf struct strbuf out = STRBUF_INIT;

	mask_reveal(&masks, STR("<host-9> <ip-0> <key-"), &out);
	assert_string_equal(strbuf_text(&out), "<host-9> <ip-0> <key-");
}

static void masks_can_be_switched_off(void **)
{
	struct masks masks = { .off = true };

	assert_masked(&masks, "10.0.0.1 <ip-1>", "10.0.0.1 <ip-1>");
	masks_done(&masks);
}

static void any_bytes_come_back(void **)
{
	static const char *const pieces[] = {
		"10.0.0.1", "web1",	   "/home/x",	"<ip-1>", "sk-abcdefghijklmnopqrst",
		"@",	    ":",	   "://",	"a:b@",	  "\xff",
		"token=",   "<",	   "\n",	" ",	  "::1",
		"fe80:",    "-----BEGIN ", "-----END ", "-----",  "com",
		".",
	};
	uint32_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		auto_strbuf struct strbuf text = STRBUF_INIT, hidden = STRBUF_INIT,
					  shown = STRBUF_INIT;
		auto_masks struct masks masks = MASKS_INIT;

		masks_add_name(&masks, MASK_HOST, "web1");
		for (int i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			strbuf_add_text(&text, pieces[(seed >> 16) % ARRAY_SIZE(pieces)]);
		}
		mask_hide(&masks, strbuf_str(&text), &hidden);
		mask_reveal(&masks, strbuf_str(&hidden), &shown);
		assert_true(str_eq(strbuf_str(&text), strbuf_str(&shown)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_names_people_and_machines_is_masked),
		cmocka_unit_test(keys_are_masked),
		cmocka_unit_test(figures_and_symbols_are_not_touched),
		cmocka_unit_test(the_same_text_has_the_same_mask),
		cmocka_unit_test(what_looks_like_a_mask_already_comes_back_as_it_was),
		cmocka_unit_test(an_unknown_mask_of_the_model_stays),
		cmocka_unit_test(masks_can_be_switched_off),
		cmocka_unit_test(any_bytes_come_back),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
