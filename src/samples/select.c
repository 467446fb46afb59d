#include "samples/select.h"

#include <stdlib.h>

#include "base/memory.h"

/* A comma-separated list, looked at part by part. */
static bool next_part(struct str *list, struct str *ret_part)
{
	while (list->len) {
		str_cut(*list, ',', ret_part, list);
		*ret_part = str_trim(*ret_part);
		if (ret_part->len)
			return true;
	}
	return false;
}

static bool list_has_glob(const char *list, struct str text)
{
	struct str rest = str_from(list), part;

	while (next_part(&rest, &part))
		if (str_glob(part, text))
			return true;
	return false;
}

static bool list_has_number(const char *list, uint64_t number)
{
	struct str rest = str_from(list), part, low, high;
	uint64_t first, last;

	while (next_part(&rest, &part)) {
		bool is_range = str_cut(part, '-', &low, &high);

		if (!str_to_u64(low, &first))
			continue;
		last = first;
		if (is_range && !str_to_u64(high, &last))
			continue;
		if (number >= first && number <= last)
			return true;
	}
	return false;
}

static struct error *check_numbers(const char *list, const char *option)
{
	struct str rest = str_from(list), part, low, high;
	uint64_t number;
	bool any = false;

	while (next_part(&rest, &part)) {
		bool is_range = str_cut(part, '-', &low, &high);

		if (!str_to_u64(low, &number) || (is_range && !str_to_u64(high, &number)))
			return error_with_hint(error_new(ERROR_USAGE,
							 "--%s takes numbers, not '%.*s'", option,
							 STR_ARG(part)),
					       "for example --%s 3 or --%s 0,2-5", option, option);
		any = true;
	}
	return any ? NULL : error_new(ERROR_USAGE, "--%s needs a number", option);
}

/* Texts repeat in many samples: each is compared once. */
struct text_test {
	const char *list; /* NULL: all pass */
	uint8_t *known;	  /* per text id: 0 not asked, 1 no, 2 yes */
};

static bool text_passes(const struct profile *profile, struct text_test *test, uint32_t text)
{
	if (!test->list)
		return true;
	if (!test->known)
		test->known = x_calloc(profile->texts.count, 1);
	if (!test->known[text])
		test->known[text] =
			list_has_glob(test->list, interned(&profile->texts, text)) ? 2 : 1;
	return test->known[text] == 2;
}

struct matcher {
	const struct profile *profile;
	const struct profile_filter *filter;
	struct text_test comm, thread, dso, symbol;
	bool *passes_through; /* per node, when the filter has `through` */
	uint64_t from_ns, to_ns;
	bool by_thread; /* --thread other than "busiest" */
};

static void matcher_done(struct matcher *matcher)
{
	free(matcher->comm.known);
	free(matcher->thread.known);
	free(matcher->dso.known);
	free(matcher->symbol.known);
	free(matcher->passes_through);
}

/* Parents come before children, so one pass knows of each stack whether it passes. */
static void find_through(struct matcher *matcher)
{
	const struct profile *profile = matcher->profile;
	struct text_test test = { .list = matcher->filter->through };

	matcher->passes_through = x_calloc(profile->nodes.count, sizeof(bool));
	for (size_t i = 1; i < profile->nodes.count; i++) {
		const struct profile_node *node = &profile->nodes.items[i];

		matcher->passes_through[i] =
			matcher->passes_through[node->parent] ||
			text_passes(profile, &test, profile->frames.items[node->frame].name);
	}
	free(test.known);
}

/* The innermost function and what it was inlined into: all of that is where the sample was. */
static bool leaf_passes(struct matcher *matcher, uint32_t node_id)
{
	const struct profile *profile = matcher->profile;
	bool dso_ok = !matcher->dso.list, symbol_ok = !matcher->symbol.list;

	while (node_id && !(dso_ok && symbol_ok)) {
		const struct profile_node *node = &profile->nodes.items[node_id];
		const struct profile_frame *frame = &profile->frames.items[node->frame];

		dso_ok = dso_ok || text_passes(profile, &matcher->dso, frame->dso) ||
			 text_passes(profile, &matcher->dso, frame->dso_path);
		symbol_ok = symbol_ok ||
			    (frame->name && text_passes(profile, &matcher->symbol, frame->name));
		if (!(frame->flags & PROFILE_FRAME_INLINED))
			break;
		node_id = node->parent;
	}
	return dso_ok && symbol_ok;
}

static bool sample_passes(struct matcher *matcher, const struct profile_sample *sample)
{
	const struct profile *profile = matcher->profile;
	const struct profile_filter *filter = matcher->filter;
	const struct profile_thread *thread = &profile->threads.items[sample->thread];

	if (filter->time &&
	    (sample->time_ns < matcher->from_ns || sample->time_ns > matcher->to_ns))
		return false;
	if (filter->cpu &&
	    (sample->cpu == UINT32_MAX || !list_has_number(filter->cpu, sample->cpu)))
		return false;
	if (filter->pid &&
	    (thread->pid < 0 || !list_has_number(filter->pid, (uint64_t)thread->pid)))
		return false;
	if (matcher->by_thread &&
	    !(thread->tid >= 0 && list_has_number(filter->thread, (uint64_t)thread->tid)) &&
	    !text_passes(profile, &matcher->thread, sample->comm))
		return false;
	if (!text_passes(profile, &matcher->comm, sample->comm))
		return false;
	if (matcher->passes_through && !matcher->passes_through[sample->node])
		return false;
	return leaf_passes(matcher, sample->node);
}

static struct error *choose_event(const struct profile *profile, const char *wanted,
				  uint32_t *ret_event)
{
	auto_strbuf struct strbuf names = STRBUF_INIT;
	uint32_t chosen = UINT32_MAX;

	for (uint32_t i = 0; i < profile->events.count; i++) {
		const struct profile_event *event = &profile->events.items[i];

		strbuf_addf(&names, "%s%s", i ? ", " : "", event->name);
		if (wanted && str_glob(str_from(wanted), str_from(event->name))) {
			*ret_event = i;
			return NULL;
		}
		if (!event->samples && !event->weight)
			continue;
		if (chosen == UINT32_MAX || i == profile->default_event)
			chosen = i;
	}
	if (wanted)
		return error_with_hint(error_new(ERROR_USAGE, "there is no event '%s' in '%s'",
						 wanted, profile->source ? profile->source : ""),
				       "it holds: %s", strbuf_text(&names));
	*ret_event = chosen != UINT32_MAX ? chosen : 0;
	return NULL;
}

static void find_times(const struct profile *profile, uint64_t *ret_first, uint64_t *ret_last)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < profile->samples.count; i++) {
		uint64_t time_ns = profile->samples.items[i].time_ns;

		if (!time_ns)
			continue;
		first = MIN(first, time_ns);
		last = MAX(last, time_ns);
	}
	*ret_first = last ? first : 0;
	*ret_last = last;
}

/* One side of --time, as a time stamp of the profile. */
static bool read_time(struct str text, uint64_t first_ns, uint64_t last_ns, uint64_t *ret_ns)
{
	bool is_percent = text.len && text.ptr[text.len - 1] == '%';
	uint64_t duration_ns = last_ns - first_ns, offset_ns;
	double value;

	if (is_percent)
		text.len--;
	else if (text.len > 1 && text.ptr[text.len - 1] == 's')
		text.len--;
	if (!str_to_double(text, &value) || !(value >= 0) || value > 1e9)
		return false;
	if (is_percent) {
		offset_ns = value >= 100 ? duration_ns
					 : (uint64_t)((double)duration_ns * (value / 100));
	} else {
		offset_ns = (uint64_t)(value * 1e9);
		/* Past the end and behind the first stamp: a stamp as perf script prints it (which
		 * cuts off below the microsecond). */
		if (first_ns > duration_ns && offset_ns + 1000 >= first_ns) {
			*ret_ns = offset_ns;
			return true;
		}
	}
	*ret_ns = first_ns + offset_ns;
	return true;
}

static struct error *read_window(const char *text, uint64_t *from_ns, uint64_t *to_ns)
{
	uint64_t first_ns = *from_ns, last_ns = *to_ns;
	struct str from, to;

	if (!text)
		return NULL;
	if (!last_ns)
		return error_new(ERROR_USAGE, "--time: the samples carry no times");
	str_cut(str_from(text), ',', &from, &to);
	from = str_trim(from);
	to = str_trim(to);
	if ((!from.len && !to.len) || (from.len && !read_time(from, first_ns, last_ns, from_ns)) ||
	    (to.len && !read_time(to, first_ns, last_ns, to_ns)) || *from_ns > *to_ns)
		return error_with_hint(
			error_new(ERROR_USAGE, "--time takes 'from,to', not '%s'", text),
			"seconds from the first sample (--time 1.5,3), percents (--time 10%%,20%%) "
			"or time stamps of perf script");
	return NULL;
}

static struct error *matcher_init(struct matcher *matcher, const struct profile_filter *filter)
{
	find_times(matcher->profile, &matcher->from_ns, &matcher->to_ns);
	TRY(read_window(filter->time, &matcher->from_ns, &matcher->to_ns));
	if (filter->pid)
		TRY(check_numbers(filter->pid, "pid"));
	if (filter->cpu)
		TRY(check_numbers(filter->cpu, "cpu"));
	matcher->comm.list = filter->comm;
	matcher->dso.list = filter->dso;
	matcher->symbol.list = filter->symbol;
	if (filter->thread && !str_is(str_from(filter->thread), "busiest")) {
		matcher->by_thread = true;
		matcher->thread.list = filter->thread;
	}
	if (filter->through)
		find_through(matcher);
	return NULL;
}

static void add_sample(struct profile_selection *selection, uint32_t index)
{
	const struct profile_sample *sample = &selection->profile->samples.items[index];

	selection->samples[selection->count++] = index;
	if (__builtin_add_overflow(selection->weight, sample->weight, &selection->weight))
		selection->weight = UINT64_MAX;
	if (__builtin_add_overflow(selection->sample_count, sample->count,
				   &selection->sample_count))
		selection->sample_count = UINT64_MAX;
}

/* Leaves the samples of the thread that has most of the weight; idling (tid 0) is no work. */
static void keep_busiest(struct profile_selection *selection)
{
	const struct profile *profile = selection->profile;
	auto_free uint64_t *weights = x_calloc(profile->threads.count, sizeof(*weights));
	size_t count = selection->count;
	uint32_t busiest = 0;

	for (size_t i = 0; i < count; i++) {
		const struct profile_sample *sample =
			&profile->samples.items[selection->samples[i]];

		if (profile->threads.items[sample->thread].tid == 0)
			continue;
		weights[sample->thread] += sample->weight;
		if (weights[sample->thread] > weights[busiest])
			busiest = sample->thread;
	}
	selection->count = 0;
	selection->weight = 0;
	selection->sample_count = 0;
	for (size_t i = 0; i < count; i++)
		if (profile->samples.items[selection->samples[i]].thread == busiest)
			add_sample(selection, selection->samples[i]);
}

struct error *profile_select(const struct profile *profile, const struct profile_filter *filter,
			     struct profile_selection *ret)
{
	static const struct profile_filter all = { 0 };
	struct profile_selection selection = { .profile = profile };
	struct matcher matcher = { .profile = profile, .filter = filter ? filter : &all };
	struct error *error;

	filter = matcher.filter;
	TRY(choose_event(profile, filter->event, &selection.event));
	error = matcher_init(&matcher, filter);
	if (error) {
		matcher_done(&matcher);
		return error;
	}
	selection.from_ns = matcher.from_ns;
	selection.to_ns = matcher.to_ns;
	selection.is_filtered = filter->thread || filter->pid || filter->comm || filter->cpu ||
				filter->dso || filter->symbol || filter->through || filter->time;
	selection.samples = x_calloc(profile->samples.count, sizeof(*selection.samples));
	for (uint32_t i = 0; i < profile->samples.count; i++) {
		const struct profile_sample *sample = &profile->samples.items[i];

		if (sample->event == selection.event &&
		    (!selection.is_filtered || sample_passes(&matcher, sample)))
			add_sample(&selection, i);
	}
	if (filter->thread && !matcher.by_thread && profile->threads.count)
		keep_busiest(&selection);
	matcher_done(&matcher);
	*ret = selection;
	return NULL;
}

void profile_selection_done(struct profile_selection *selection)
{
	free(selection->samples);
	*selection = (struct profile_selection){ 0 };
}
