/* By the first byte a perf map, a kallsyms file or a jitdump, asked about what it names. */
#include "fuzz.h"

#include "base/memory.h"
#include "symbol/jitdump.h"
#include "symbol/kallsyms.h"
#include "symbol/perf_map.h"

enum { MAX_ADDRESSES = 256 };

static struct strbuf copy_of(const uint8_t *data, size_t size_bytes)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_add(&text, (struct str){ (const char *)data, size_bytes });
	return text;
}

static void ask_map(struct strbuf *text)
{
	struct perf_map map;
	struct str name;
	uint64_t start;

	perf_map_parse(text, &map);
	for (size_t i = 0; i < map.ranges.count && i < MAX_ADDRESSES; i++) {
		(void)perf_map_find(&map, map.ranges.items[i].start, &name, &start);
		(void)perf_map_find(&map, map.ranges.items[i].end, &name, &start);
	}
	perf_map_done(&map);
}

static void ask_kallsyms(struct strbuf *text, uint64_t text_address)
{
	struct kallsyms kallsyms;

	kallsyms_parse(text, text_address, &kallsyms);
	for (size_t i = 0; i < kallsyms.symtab.symbols.count && i < MAX_ADDRESSES; i++) {
		const struct symbol *symbol =
			symtab_find(&kallsyms.symtab, kallsyms.symtab.symbols.items[i].start);

		if (symbol)
			(void)symtab_name(&kallsyms.symtab, symbol);
	}
	kallsyms_done(&kallsyms);
}

static void ask_jitdump(const uint8_t *data, size_t size_bytes)
{
	auto_error struct error *error = NULL;
	struct jitdump jitdump;
	struct str name;
	uint64_t start;

	error = jitdump_parse(bytes_of(data, size_bytes), &jitdump);
	if (error)
		return;
	for (size_t i = 0; i < jitdump.ranges.count && i < MAX_ADDRESSES; i++)
		(void)jitdump_find(&jitdump, jitdump.ranges.items[i].start, i, &name, &start);
	jitdump_done(&jitdump);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;

	if (!size_bytes)
		return 0;
	if (data[0] & 4) {
		ask_jitdump(data + 1, size_bytes - 1);
		return 0;
	}
	text = copy_of(data + 1, size_bytes - 1);
	if (data[0] & 1)
		ask_kallsyms(&text, data[0] & 2 ? 0xffffffff90000000 : 0);
	else
		ask_map(&text);
	return 0;
}
