/* The text of perf script through the importer, the filters and the tables. */
#include "fuzz.h"

#include "samples/load.h"
#include "samples/table.h"

/* Every row must be one of the profile: reading what it names would leave the arrays otherwise. */
static uint64_t read_rows(const struct profile *profile, struct table table)
{
	uint64_t sum = table.weight;

	for (size_t i = 0; i < table.count; i++) {
		const struct table_row *row = &table.rows[i];

		sum += row->self + interned(&profile->texts, row->text).len;
		if (row->frame != UINT32_MAX)
			sum += profile->frames.items[row->frame].line;
		sum += profile->nodes.items[row->node].parent;
	}
	table_done(&table);
	return sum;
}

static uint64_t read_timelines(const struct profile_selection *selection)
{
	auto_table struct table threads = table_threads(selection);
	double ratios[8], busy;
	uint64_t known = 0;

	for (size_t i = 0; i < threads.count && i < 4; i++)
		known += table_timeline(selection, threads.rows[i].thread, ratios,
					ARRAY_SIZE(ratios), &busy);
	return known;
}

static uint64_t read_tables(const struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;

	return read_rows(profile, table_functions(selection, false)) +
	       read_rows(profile, table_programs(selection)) +
	       read_rows(profile, table_libraries(selection)) +
	       read_rows(profile, table_stacks(selection, true, 10)) + read_timelines(selection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const struct profile_filter filters[] = {
		{ 0 },
		{ .thread = "busiest", .time = "10%,90%" },
		{ .comm = "*a*", .dso = "lib*", .cpu = "0-3" },
	};
	struct str text = { (const char *)data, size_bytes };
	auto_profile struct profile *profile = NULL;
	auto_error struct error *error = profile_import_text(text, "input", &profile);

	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(filters) && !error; i++) {
		auto_selection struct profile_selection selection = { 0 };

		error = profile_select(profile, &filters[i], &selection);
		if (!error)
			sum += read_tables(&selection);
	}
	/* Never true, which the compiler cannot know: the reading stays. */
	return sum == UINT64_MAX - 1 ? 1 : 0;
}
