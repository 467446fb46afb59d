#include "host/outliers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"

/* MAD to standard deviation, where values are spread normally. */
static const double mad_to_deviation = 1.4826;
static const double least_score = 6;
/* Equal hosts differ by so much of the median without a reason. */
static const double ordinary_share = 0.25;

/* What is of no matter, by unit: hosts that are alike have a deviation of nearly 0. */
static const struct {
	const char *unit;
	double least;
} matters[] = {
	{ "ratio", 0.03 },     { "bytes", 256 << 20 }, { "bytes_per_s", 4 << 20 }, { "per_s", 50 },
	{ "pages_per_s", 50 }, { "ns", 5e6 },	       { "CPUs", 0.15 },
};
static const double matters_otherwise = 2;

/* Counted since a start that is each host's own, or said of the look itself. */
static const char *const passed_over[] = { "window", "uptime", "boot_time" };
/* Entities that have the same name on every host. */
static const char *const kinds[] = { "host", "disk", "device", "mount", "interface" };

struct figure {
	const struct facts *facts;
	const struct fact *fact;
	size_t host;
	uint32_t row;
};

VEC_DEFINE(figure_vec, struct figure)

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static bool is_comparable(const struct facts *facts, const struct fact *fact)
{
	return fact->type == FACT_NUMBER && isfinite(fact->number) &&
	       !(fact->flags & FACT_DERIVED) && !fact->start_ns && !fact->end_ns &&
	       is_one_of(facts_str(facts, fact->entity.kind), kinds, ARRAY_SIZE(kinds)) &&
	       !is_one_of(facts_str(facts, fact->name), passed_over, ARRAY_SIZE(passed_over));
}

/* What is compared with each other stands together. */
static int by_key(const struct figure *left, const struct figure *right)
{
	int order = strcmp(facts_str(left->facts, left->fact->entity.kind),
			   facts_str(right->facts, right->fact->entity.kind));

	if (!order)
		order = strcmp(facts_str(left->facts, left->fact->entity.name),
			       facts_str(right->facts, right->fact->entity.name));
	if (!order)
		order = strcmp(facts_str(left->facts, left->fact->name),
			       facts_str(right->facts, right->fact->name));
	if (!order)
		order = strcmp(facts_str(left->facts, left->fact->unit),
			       facts_str(right->facts, right->fact->unit));
	return order;
}

static int by_key_and_host(const void *left, const void *right)
{
	const struct figure *a = left, *b = right;
	int order = by_key(a, b);

	return order ? order : (a->host > b->host) - (a->host < b->host);
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double least_of(const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(matters); i++)
		if (strcmp(matters[i].unit, unit) == 0)
			return matters[i].least;
	return matters_otherwise;
}

/* Figures of the same key, one for each host. */
static void compare(const struct figure *figures, size_t count, struct outlier_vec *ret)
{
	auto_free double *values = x_calloc(count, sizeof(*values));
	double usual, deviation, least;

	for (size_t i = 0; i < count; i++)
		values[i] = figures[i].fact->number;
	usual = median(values, count);
	for (size_t i = 0; i < count; i++)
		values[i] = fabs(figures[i].fact->number - usual);
	least = MAX(least_of(facts_str(figures->facts, figures->fact->unit)),
		    ordinary_share * fabs(usual));
	/* Below `least` nothing is unlike, whatever the spread. */
	deviation = MAX(mad_to_deviation * median(values, count), least / least_score);
	for (size_t i = 0; i < count; i++) {
		double score = fabs(figures[i].fact->number - usual) / deviation;

		if (score >= least_score)
			outlier_vec_push(&ret[figures[i].host],
					 (struct outlier){ figures[i].row, usual, score });
	}
}

static void keep_farthest(struct outlier_vec *outliers)
{
	/* Few: put in order by insertion, which keeps the order of keys between equal scores. */
	for (size_t i = 1; i < outliers->count; i++)
		for (size_t k = i; k > 0 && outliers->items[k].score > outliers->items[k - 1].score;
		     k--) {
			struct outlier farther = outliers->items[k];

			outliers->items[k] = outliers->items[k - 1];
			outliers->items[k - 1] = farther;
		}
	outliers->count = MIN(outliers->count, (size_t)OUTLIERS_PER_HOST);
}

void outliers_find(const struct facts *const *hosts, size_t count, struct outlier_vec *ret)
{
	struct figure_vec figures = { 0 };
	size_t first = 0;

	for (size_t h = 0; h < count; h++)
		for (size_t i = 0; hosts[h] && i < hosts[h]->facts.count; i++)
			if (is_comparable(hosts[h], &hosts[h]->facts.items[i]))
				figure_vec_push(&figures,
						(struct figure){ hosts[h],
								 &hosts[h]->facts.items[i], h,
								 (uint32_t)i });
	if (figures.count)
		qsort(figures.items, figures.count, sizeof(*figures.items), by_key_and_host);
	for (size_t i = 1; i <= figures.count; i++) {
		if (i < figures.count && by_key(&figures.items[first], &figures.items[i]) == 0)
			continue;
		if (i - first >= OUTLIERS_LEAST_HOSTS)
			compare(&figures.items[first], i - first, ret);
		first = i;
	}
	for (size_t h = 0; h < count; h++)
		keep_farthest(&ret[h]);
	figure_vec_done(&figures);
}
