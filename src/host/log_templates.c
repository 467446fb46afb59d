#include "host/log_templates.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "host/log_known.h"

enum {
	KNOWN_SLOTS = 1 << 15,
	PREFIX_WORDS = 2,
	MAX_FIRST_WORDS = 40,
	MAX_EXAMPLE = 400,
	MAX_BELOW = 160,
	OTHER_KEY = 0x07e3,
};

#define LONG_AGO_NS INT64_C(300000000000)

static const double similar = 0.5;

void log_templates_init(struct log_templates *templates)
{
	*templates = (struct log_templates){ 0 };
	templates->known = x_calloc(KNOWN_SLOTS, sizeof(*templates->known));
}

void log_templates_done(struct log_templates *templates)
{
	for (size_t i = 0; i < templates->leaves.count; i++)
		free(templates->leaves.items[i].ids);
	log_leaf_vec_done(&templates->leaves);
	log_template_vec_done(&templates->all);
	id_table_done(&templates->by_key);
	free(templates->known);
	arena_done(&templates->arena);
}

/* ---- values */

static void value_set(struct log_value *value, struct str text, uint64_t hash)
{
	value->hash = hash;
	value->length = (uint8_t)MIN(text.len, (size_t)LOG_VALUE_BYTES);
	memcpy(value->text, text.ptr, value->length);
}

/* The most frequent ones in little room ("space saving"): the rarest gives way to a new one, whose
 * count may then be too high by what that one had. */
static void value_count(struct log_slot *slot, struct str text, uint32_t by)
{
	uint64_t hash = str_hash((struct str){ text.ptr, MIN(text.len, (size_t)LOG_VALUE_BYTES) });
	struct log_value *least = &slot->values[0];

	slot->count += by;
	for (size_t i = 0; i < slot->value_count; i++) {
		struct log_value *value = &slot->values[i];

		if (value->hash == hash) {
			value->count += by;
			return;
		}
		if (value->count < least->count)
			least = value;
	}
	if (slot->value_count < LOG_MAX_VALUES) {
		least = &slot->values[slot->value_count++];
		*least = (struct log_value){ .count = by };
		value_set(least, text, hash);
		return;
	}
	slot->other++;
	least->error = least->count;
	least->count += by;
	value_set(least, text, hash);
}

static void number_note(struct log_slot *slot, struct str text)
{
	double value = 0, place = 1;
	bool point = false;

	if (text.len > 18)
		return;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return;
		value = value * 10 + (c - '0');
		place *= point ? 10 : 1;
	}
	value /= place;
	slot->low = MIN(slot->low, value);
	slot->high = MAX(slot->high, value);
}

/* Of "user=alice" in a place where such words vary, the value alone. */
static struct str value_of(const struct log_slot *slot, const struct log_template *template,
			   const struct log_word *word)
{
	const struct log_template_word *mine = &template->words[slot->word];
	struct str text = word->text;
	ptrdiff_t star;

	if (!mine->is_any)
		return word->mask != LOG_MASK_NONE ? word->value : text;
	star = str_find(mine->text, STR("<*>"));
	if (star > 0 && (size_t)star < text.len)
		text = (struct str){ text.ptr + star, text.len - (size_t)star };
	while (text.len > 1 && strchr(",;:)]\"'", text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static void slots_count(struct log_template *template, const struct log_word *words)
{
	for (uint32_t i = 0; i < template->slot_count; i++) {
		struct log_slot *slot = &template->slots[i];
		struct str value = value_of(slot, template, &words[slot->word]);

		value_count(slot, value, 1);
		if (slot->mask == LOG_MASK_NUM)
			number_note(slot, value);
	}
}

static void slot_add(struct log_template *template, uint32_t word, enum log_mask mask)
{
	struct log_slot *slot;

	/* what stands in the text anyway says nothing more */
	if (template->slot_count == LOG_MAX_SLOTS || mask == LOG_MASK_TIME || mask == LOG_MASK_DATE)
		return;
	slot = &template->slots[template->slot_count++];
	*slot = (struct log_slot){ .word = word, .mask = mask, .low = 1, .high = 0 };
	if (mask == LOG_MASK_NUM) {
		slot->low = 1e300;
		slot->high = -1e300;
	}
}

/* ---- templates */

/* What came before something went wrong may be why: the last lines, unless they are long ago. */
static void before_keep(const struct log_templates *templates, struct log_template *template,
			const struct log_line *line)
{
	uint64_t have = MIN(templates->lines, (uint64_t)LOG_BEFORE);

	for (uint64_t i = 0; i < have; i++) {
		uint64_t at = (templates->lines - have + i) % LOG_BEFORE;
		const struct log_time *time = &templates->recent_time[at];

		if (time->clock == line->time.clock && line->time.ns - time->ns > LONG_AGO_NS)
			continue;
		template->before[template->before_lines++] = templates->recent[at];
	}
}

static struct log_template *template_new(struct log_templates *templates,
					 const struct log_line *line, const struct log_word *words,
					 size_t count)
{
	struct log_template *template = arena_new(&templates->arena, struct log_template);
	struct str example = { line->text.ptr, MIN(line->text.len, (size_t)MAX_EXAMPLE) };

	template->level = line->level;
	template->level_is_said = line->level_is_said;
	template->word_count = (uint32_t)count;
	template->words =
		arena_array(&templates->arena, MAX(count, (size_t)1), sizeof(*template->words));
	template->slots = arena_array(&templates->arena, LOG_MAX_SLOTS, sizeof(*template->slots));
	template->example = (struct str){ arena_copy(&templates->arena, example), example.len };
	for (size_t i = 0; i < count; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		if (line->is_request && i == 3)
			strbuf_add(&text, words[i].text);
		else
			log_word_write(words[i].text, line->is_request && i == 1, &text);
		template->words[i].hash = words[i].hash;
		template->words[i].text =
			(struct str){ arena_copy(&templates->arena, strbuf_str(&text)), text.len };
		if (words[i].mask != LOG_MASK_NONE)
			slot_add(template, (uint32_t)i, words[i].mask);
	}
	if (line->level >= LOG_LEVEL_WARNING)
		before_keep(templates, template, line);
	return template;
}

static bool is_separator(char c)
{
	return c && strchr("=:-_/#[(@.", c);
}

/* What two words begin with, up to a separator: "user=", "[http-". */
static size_t common_length(struct str a, struct str b)
{
	size_t same = 0;

	while (same < a.len && same < b.len && a.ptr[same] == b.ptr[same] && a.ptr[same] != '<')
		same++;
	while (same && !is_separator(a.ptr[same - 1]))
		same--;
	return same > 1 ? same : 0;
}

/* Signs that both end with: "]", "),". */
static struct str common_end(struct str a, struct str b, size_t from)
{
	size_t same = 0;

	while (same + from < a.len && same + from < b.len &&
	       a.ptr[a.len - 1 - same] == b.ptr[b.len - 1 - same] &&
	       strchr(")]}\"',;:>", a.ptr[a.len - 1 - same]))
		same++;
	return (struct str){ a.ptr + a.len - same, same };
}

static struct log_slot *slot_of(struct log_template *template, uint32_t word)
{
	for (uint32_t i = 0; i < template->slot_count; i++)
		if (template->slots[i].word == word)
			return &template->slots[i];
	return NULL;
}

static void word_widen(struct log_templates *templates, struct log_template *template,
		       uint32_t index, const struct log_word *word)
{
	struct log_template_word *mine = &template->words[index];
	size_t common = common_length(mine->text, word->text);
	struct log_slot *slot = slot_of(template, index);
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add(&text, (struct str){ mine->text.ptr, common });
	strbuf_add_text(&text, log_mask_names[LOG_MASK_ANY]);
	strbuf_add(&text, common_end(mine->text, word->text, common));
	if (mine->is_any && str_eq(mine->text, strbuf_str(&text)))
		return;
	if (slot) {
		slot->mask = LOG_MASK_ANY;
	} else if (!mine->is_any && template->slot_count < LOG_MAX_SLOTS) {
		slot_add(template, index, LOG_MASK_ANY);
		/* until now it was always the same */
		value_count(&template->slots[template->slot_count - 1],
			    (struct str){ mine->text.ptr + common, mine->text.len - common },
			    (uint32_t)MIN(template->count, (uint64_t)UINT32_MAX));
	}
	mine->text = (struct str){ arena_copy(&templates->arena, strbuf_str(&text)), text.len };
	mine->is_any = true;
}

static void template_widen(struct log_templates *templates, struct log_template *template,
			   const struct log_word *words)
{
	for (uint32_t i = 0; i < template->word_count; i++)
		if (template->words[i].is_any || template->words[i].hash != words[i].hash)
			word_widen(templates, template, i, &words[i]);
}

/* Share of words that are the same; those that vary anyway count a little, so that of two the more
 * general one does not win. */
static double similarity(const struct log_template *template, const struct log_word *words)
{
	double same = 0;
	uint32_t any = 0;

	for (uint32_t i = 0; i < template->word_count; i++) {
		any += template->words[i].is_any;
		same += !template->words[i].is_any && template->words[i].hash == words[i].hash;
	}
	if (!template->word_count)
		return 1;
	if (any && same > 0 && same + any == template->word_count)
		return 0.9; /* it fits as it is */
	return (same + any * 0.3) / template->word_count;
}

/* ---- the tree, as keys: level, length, first words */

static bool has_digit(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
			return true;
	return false;
}

/* A masked word has the same hash whatever its value is; one with a digit that is not masked is a
 * value more often than not. */
static uint64_t leaf_key(const struct log_line *line, const struct log_word *words, size_t count,
			 bool any_first)
{
	uint64_t key = hash_mix(hash_mix(1, line->level), count);

	for (size_t i = 0; i < MIN(count, (size_t)PREFIX_WORDS); i++) {
		bool varies = words[i].mask == LOG_MASK_NONE && i && has_digit(words[i].text);

		key = hash_mix(key, varies || (any_first && !i) ? 0x2a : words[i].hash);
	}
	if (line->is_request && count > 3) /* its status */
		key = hash_mix(key, words[3].hash);
	return key;
}

static uint64_t key_hash(const void *rows, uint32_t id)
{
	return ((const struct log_leaf *)rows)[id].key;
}

static bool key_is(const void *rows, uint32_t id, const void *key)
{
	return ((const struct log_leaf *)rows)[id].key == *(const uint64_t *)key;
}

static const struct id_table_rows by_key = { key_hash, key_is };

static struct log_leaf *leaf_of(struct log_templates *templates, uint64_t key, bool may_add)
{
	uint32_t *slot =
		id_table_slot(&templates->by_key, &by_key, templates->leaves.items, key, &key);

	if (*slot)
		return &templates->leaves.items[*slot - 1];
	if (!may_add)
		return NULL;
	id_table_put(&templates->by_key, slot, (uint32_t)templates->leaves.count);
	return log_leaf_vec_push(&templates->leaves, (struct log_leaf){ .key = key });
}

static void leaf_add(struct log_leaf *leaf, uint32_t id)
{
	if (leaf->count == leaf->allocated) {
		leaf->allocated = MAX(leaf->allocated * 2, 4U);
		leaf->ids = x_reallocarray(leaf->ids, leaf->allocated, sizeof(*leaf->ids));
	}
	leaf->ids[leaf->count++] = id;
}

static uint32_t add_new(struct log_templates *templates, struct log_leaf *leaf,
			const struct log_line *line, const struct log_word *words, size_t count)
{
	uint32_t id = (uint32_t)templates->all.count;

	log_template_vec_push(&templates->all, template_new(templates, line, words, count));
	leaf_add(leaf, id);
	return id;
}

/* Where nothing else is left: one row for all. */
static uint32_t other_lines(struct log_templates *templates, const struct log_line *line)
{
	struct log_leaf *leaf = leaf_of(templates, OTHER_KEY + (uint64_t)line->level, true);
	struct log_word words[2];

	templates->merged_lines++;
	if (leaf->count)
		return leaf->ids[0];
	log_word_read(STR("(other"), false, &words[0]);
	log_word_read(STR("lines)"), false, &words[1]);
	return add_new(templates, leaf, line, words, ARRAY_SIZE(words));
}

/* The leaf of the line's first words; where very many lines differ in the first one only, that of
 * any first word. NULL: there is no room for another. */
static struct log_leaf *leaf_for(struct log_templates *templates, const struct log_line *line,
				 const struct log_word *words, size_t count, uint32_t known)
{
	bool may_add = templates->all.count < LOG_MAX_TEMPLATES;
	uint64_t key = hash_mix(leaf_key(line, words, count, false), known);
	uint64_t any = hash_mix(leaf_key(line, words, count, true), known);
	struct log_leaf *leaf = leaf_of(templates, key, false);

	if (leaf)
		return leaf;
	if (count > 1) {
		leaf = leaf_of(templates, any, may_add);
		if (!leaf || leaf->first_words >= MAX_FIRST_WORDS)
			return leaf;
		leaf->first_words++;
	}
	return leaf_of(templates, key, may_add);
}

static uint32_t template_find(struct log_templates *templates, const struct log_line *line,
			      const struct log_word *words, size_t count)
{
	bool full = templates->all.count >= LOG_MAX_TEMPLATES;
	uint32_t known = log_known_find(line->text);
	struct log_leaf *leaf = leaf_for(templates, line, words, count, known);
	/* of short lines all words but one have to be the same */
	double need = count <= 3 ? ((double)count - 1) / (count ? (double)count : 1) : similar;
	double best = 0;
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; leaf && i < leaf->count; i++) {
		double now = similarity(templates->all.items[leaf->ids[i]], words);

		if (now > best) {
			best = now;
			found = leaf->ids[i];
		}
	}
	if (found == UINT32_MAX || best < need) {
		if (!full) {
			found = add_new(templates, leaf, line, words, count);
			templates->all.items[found]->known = known;
			return found;
		}
		if (found == UINT32_MAX)
			return other_lines(templates, line);
		templates->merged_lines++;
	}
	template_widen(templates, templates->all.items[found], words);
	return found;
}

/* ---- lines */

static void time_count(struct log_templates *templates, struct log_template *template,
		       const struct log_line *line)
{
	struct log_shift shift;
	int64_t second = line->time.ns / 1000000000;
	unsigned slot;

	if (line->time.clock == LOG_CLOCK_NONE)
		return;
	log_span_cover(&templates->span, line->time.ns, &shift);
	if (shift.doublings) {
		log_rate_shift(&templates->rate, &shift);
		for (size_t i = 0; i < templates->all.count; i++)
			log_rate_shift(&templates->all.items[i]->rate, &shift);
	}
	slot = log_span_slot(&templates->span, line->time.ns);
	templates->rate.slots[slot]++;
	template->rate.slots[slot]++;
	if (template->first.clock == LOG_CLOCK_NONE || line->time.ns < template->first.ns)
		template->first = line->time;
	if (template->last.clock == LOG_CLOCK_NONE || line->time.ns > template->last.ns)
		template->last = line->time;
	template->second_count = second == template->second ? template->second_count + 1 : 1;
	template->second = second;
	if (template->second_count > template->best_second_count) {
		template->best_second_count = template->second_count;
		template->best_second = second;
	}
}

uint32_t log_templates_add(struct log_templates *templates, const struct log_line *line,
			   const struct log_word *words, size_t count, uint64_t line_number)
{
	uint64_t hash = hash_mix(line->level + 1, count);
	struct log_known_line *known;
	struct log_template *template;
	uint32_t id;

	for (size_t i = 0; i < count; i++)
		hash = hash_mix(hash, words[i].hash);
	known = &templates->known[hash % KNOWN_SLOTS];
	if (known->hash == hash && known->id) {
		id = known->id - 1;
	} else {
		id = template_find(templates, line, words, count);
		*known = (struct log_known_line){ hash, id + 1 };
	}
	template = templates->all.items[id];
	if (template->word_count == count)
		slots_count(template, words);
	if (!template->count++)
		template->first_line = line_number;
	template->last_line = line_number;
	time_count(templates, template, line);
	templates->recent_time[templates->lines % LOG_BEFORE] = line->time;
	templates->recent[templates->lines++ % LOG_BEFORE] = id + 1;
	return id;
}

void log_templates_below(struct log_templates *templates, uint32_t id, struct str text)
{
	struct log_template *template = templates->all.items[id];

	/* those of the first line that had some */
	if (template->count > 1 && template->below_count)
		return;
	text = str_trim(text);
	text.len = MIN(text.len, (size_t)MAX_BELOW);
	if (!text.len)
		return;
	if (template->below_count < LOG_BELOW) {
		template->below[template->below_count] =
			(struct str){ arena_copy(&templates->arena, text), text.len };
	} else {
		if (!template->below_last_room)
			template->below_last_room = arena_alloc(&templates->arena, MAX_BELOW);
		memcpy(template->below_last_room, text.ptr, text.len);
		template->below_last = (struct str){ template->below_last_room, text.len };
	}
	template->below_count++;
}

void log_template_write(const struct log_template *template, struct strbuf *out)
{
	for (uint32_t i = 0; i < template->word_count; i++) {
		struct str text = template->words[i].text;
		const struct log_slot *slot = NULL;
		ptrdiff_t open = str_find(text, STR("<")), close = str_find(text, STR(">"));

		for (uint32_t k = 0; k < template->slot_count; k++)
			if (template->slots[k].word == i)
				slot = &template->slots[k];
		if (i)
			strbuf_add_char(out, ' ');
		/* a mask that always stood for the same is that */
		if (slot && slot->value_count == 1 && template->count > 1 &&
		    !template->words[i].is_any && open >= 0 && close > open &&
		    slot->values[0].length < LOG_VALUE_BYTES) {
			strbuf_add(out, (struct str){ text.ptr, (size_t)open });
			strbuf_add(out,
				   (struct str){ slot->values[0].text, slot->values[0].length });
			text = (struct str){ text.ptr + close + 1, text.len - (size_t)close - 1 };
		}
		strbuf_add(out, text);
	}
}
