#include "samples/group_reader.h"

#include <stdlib.h>

#include "base/memory.h"

static int compare_ids(const void *left, const void *right)
{
	const struct group_counter *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static void list_counters(struct group_reader *reader, const struct perf_data *data)
{
	size_t count = 0;

	for (size_t i = 0; i < data->evsels.count; i++)
		count += data->evsels.items[i].id_count;
	reader->counters = x_calloc(count, sizeof(*reader->counters));
	for (uint32_t i = 0; i < data->evsels.count; i++) {
		const struct perf_evsel *evsel = &data->evsels.items[i];

		for (size_t n = 0; n < evsel->id_count; n++)
			reader->counters[reader->count++] =
				(struct group_counter){ .id = evsel->ids[n], .evsel = i };
	}
	if (count)
		qsort(reader->counters, count, sizeof(*reader->counters), compare_ids);
}

static struct group_counter *counter_of(const struct group_reader *reader, uint64_t id)
{
	const struct group_counter key = { .id = id };

	return reader->count ? bsearch(&key, reader->counters, reader->count,
				       sizeof(*reader->counters), compare_ids)
			     : NULL;
}

size_t group_reader_read(struct group_reader *reader, const struct perf_data *data,
			 const struct perf_sample *sample,
			 struct group_member ret[static GROUP_MEMBERS_MAX])
{
	uint64_t format = data->evsels.items[sample->evsel].attr.read_format, value, ignored;
	struct bytes values = sample->read_values;
	size_t count = 0;

	if (!reader->counters)
		list_counters(reader, data);
	while (count < GROUP_MEMBERS_MAX && bytes_u64(&values, &value)) {
		uint64_t id = sample->id;
		struct group_counter *counter;

		if ((format & PERF_FORMAT_ID) && !bytes_u64(&values, &id))
			break;
		if ((format & PERF_FORMAT_LOST) && !bytes_u64(&values, &ignored))
			break;
		counter = counter_of(reader, id);
		if (!counter || value == counter->value)
			continue;
		ret[count++] = (struct group_member){ counter->evsel, value - counter->value };
		counter->value = value;
	}
	return count;
}

void group_reader_done(struct group_reader *reader)
{
	free(reader->counters);
	*reader = (struct group_reader){ 0 };
}
