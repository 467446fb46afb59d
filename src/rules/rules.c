#include "rules/rules.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/units.h"
#include "rules/rule.h"

enum {
	STEPS_PER_RUN = 20000000,
	MAX_FINDINGS_PER_RULE = 16,
	MAX_EVIDENCE = 12,
	MAX_NEEDS_PER_LOOP = 8,
	MAX_RULE_BYTES = 1 << 20,
	MAX_REPLACED = 1024, /* findings */
};

/* Beyond it "at most 50 times as fast" promises what nobody would see. */
#define LARGEST_GAIN 0.98

VEC_DEFINE(entity_vec, struct entity)
VEC_DEFINE(list_vec, struct entity_list)
VEC_DEFINE(id_vec, uint32_t)

extern const struct str embedded_code_rule, embedded_files_rule, embedded_host_rule,
	embedded_look_rule, embedded_net_rule, embedded_profile_rule, embedded_stack_rule,
	embedded_tools_rule;

static const struct {
	const char *name;
	const struct str *text;
} built_in[] = {
	{ "profile.rule", &embedded_profile_rule }, { "stack.rule", &embedded_stack_rule },
	{ "code.rule", &embedded_code_rule },	    { "host.rule", &embedded_host_rule },
	{ "files.rule", &embedded_files_rule },	    { "look.rule", &embedded_look_rule },
	{ "tools.rule", &embedded_tools_rule },	    { "net.rule", &embedded_net_rule },
};

struct ruleset *ruleset_empty(void)
{
	return x_calloc(1, sizeof(struct ruleset));
}

struct ruleset *ruleset_new(void)
{
	struct ruleset *rules = ruleset_empty();

	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++) {
		auto_error struct error *error =
			ruleset_add_text(rules, built_in[i].name, *built_in[i].text);

		if (error) { /* a unit test reads them too: this is a broken binary */
			log_debug("rules", "%s", error->message);
			abort();
		}
	}
	return rules;
}

void ruleset_free(struct ruleset *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->rules.count; i++)
		rule_done(&rules->rules.items[i]);
	rule_vec_done(&rules->rules);
	arena_done(&rules->arena);
	free(rules);
}

void cleanup_ruleset(struct ruleset **rules)
{
	ruleset_free(*rules);
}

size_t ruleset_count(const struct ruleset *rules)
{
	return rules->rules.count;
}

const char *ruleset_id(const struct ruleset *rules, size_t index)
{
	return rules->rules.items[index].id.ptr;
}

static void rule_put(struct ruleset *rules, const struct rule *rule)
{
	for (size_t i = 0; i < rules->rules.count; i++)
		if (str_eq(rules->rules.items[i].id, rule->id) &&
		    str_eq(rules->rules.items[i].by, rule->by)) {
			rule_done(&rules->rules.items[i]);
			rules->rules.items[i] = *rule;
			return;
		}
	rule_vec_push(&rules->rules, *rule);
}

struct error *ruleset_add_text(struct ruleset *rules, const char *name, struct str text)
{
	struct rule_vec parsed = { 0 };
	struct error *error = ruleset_parse(&rules->arena, name, text, &parsed);

	for (size_t i = 0; i < parsed.count; i++) {
		if (error)
			rule_done(&parsed.items[i]);
		else
			rule_put(rules, &parsed.items[i]);
	}
	rule_vec_done(&parsed);
	return error;
}

static int is_rule_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends_with(str_from(entry->d_name), STR(".rule"));
}

static struct error *file_add(struct ruleset *rules, const char *folder, const char *name)
{
	auto_strbuf struct strbuf path = STRBUF_INIT;
	auto_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&path, "%s/%s", folder, name);
	TRY(file_read(strbuf_text(&path), MAX_RULE_BYTES, &text));
	return ruleset_add_text(rules, strbuf_text(&path), strbuf_str(&text));
}

void ruleset_add_folder(struct ruleset *rules, const char *path, struct warnings *warnings)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, is_rule_file, alphasort);

	for (int i = 0; i < count; i++) {
		auto_error struct error *error = file_add(rules, path, names[i]->d_name);

		if (error) {
			auto_free char *text = error_text(error);

			warnings_add(warnings, "%s; left out", text);
		}
		free(names[i]);
	}
	free(names);
}

void ruleset_result_done(struct ruleset_result *result)
{
	free(result->unchecked);
	*result = (struct ruleset_result){ 0 };
}

/* ---- a run */

struct run {
	struct facts *facts;
	struct ruleset_result *result;
	struct list_vec lists;
	struct entity_vec entities; /* what the lists point into */
	const struct rule *rule;
	struct scope scope;
	uint64_t steps_left;
	size_t findings; /* of this rule */
	bool was_true, was_absent;
};

static int by_entity(const void *left, const void *right, void *context)
{
	return entity_cmp(context, *(const struct entity *)left, *(const struct entity *)right);
}

/* Every entity that has a fact, once, by kind and name. */
static void lists_make(struct run *run)
{
	struct facts *facts = run->facts;
	struct entity_vec *all = &run->entities;
	size_t count = 0;

	for (size_t i = 0; i < facts->facts.count; i++) {
		struct entity entity = facts->facts.items[i].entity;

		/* facts of one entity mostly stand together: fewer to sort */
		if (!all->count || !entity_eq(all->items[all->count - 1], entity))
			entity_vec_push(all, entity);
	}
	if (!all->count)
		return;
	qsort_r(all->items, all->count, sizeof(*all->items), by_entity, facts);
	for (size_t i = 0; i < all->count; i++)
		if (!count || !entity_eq(all->items[count - 1], all->items[i]))
			all->items[count++] = all->items[i];
	all->count = count;
	for (size_t i = 0; i < all->count; i++) {
		struct entity_list *last =
			run->lists.count ? &run->lists.items[run->lists.count - 1] : NULL;

		/* entities of several hosts: a kind has one list per host */
		if (last && last->kind == all->items[i].kind &&
		    last->items[0].host == all->items[i].host)
			last->count++;
		else
			list_vec_push(&run->lists, (struct entity_list){ all->items[i].kind,
									 &all->items[i], 1 });
	}
}

static void number_add(struct strbuf *out, double number, enum template_format format)
{
	switch (format) {
	case FORMAT_PERCENT:
		units_percent(out, number);
		return;
	case FORMAT_COUNT:
		units_count(out, number > 0 ? (uint64_t)(number + 0.5) : 0);
		return;
	case FORMAT_BYTES:
		units_bytes(out, number > 0 ? (uint64_t)number : 0);
		return;
	case FORMAT_SECONDS:
		units_duration(out, number > 0 ? (uint64_t)number : 0);
		return;
	case FORMAT_TIMES:
		strbuf_addf(out, "%.2f times", number);
		return;
	case FORMAT_PLAIN:
		strbuf_addf(out, "%.6g", number);
		return;
	}
}

static void value_add(struct run *run, struct strbuf *out, struct value value,
		      enum template_format format)
{
	switch (value.type) {
	case VALUE_NUMBER:
		number_add(out, value.number, format);
		return;
	case VALUE_TEXT:
		strbuf_add(out, value.text);
		return;
	case VALUE_BOOL:
		strbuf_add_text(out, value.truth ? "yes" : "no");
		return;
	case VALUE_ENTITY:
		strbuf_add_text(out, facts_str(run->facts, value.entity.name));
		return;
	case VALUE_ABSENT:
		strbuf_add_text(out, "(not known)");
		return;
	}
}

static bool part_is_known(struct run *run, const struct template_vec *template, unsigned part)
{
	for (size_t i = 0; part && i < template->count; i++)
		if (template->items[i].part == part && template->items[i].value &&
		    expr_eval(&run->scope, template->items[i].value).type == VALUE_ABSENT)
			return false;
	return true;
}

static uint32_t template_text(struct run *run, const struct template_vec *template)
{
	auto_strbuf struct strbuf out = STRBUF_INIT;
	unsigned part = 0;
	bool is_shown = true;

	for (size_t i = 0; i < template->count; i++) {
		const struct template_piece *piece = &template->items[i];

		if (piece->part != part) {
			part = piece->part;
			is_shown = part_is_known(run, template, part);
		}
		if (!is_shown)
			continue;
		strbuf_add(&out, piece->literal);
		if (piece->value)
			value_add(run, &out, expr_eval(&run->scope, piece->value), piece->format);
	}
	return facts_text(run->facts, strbuf_text(&out));
}

/* Lets with a unit become facts, so that their figures can be cited. */
static void lets_derive(struct run *run, struct entity entity, struct id_vec *evidence)
{
	for (size_t i = 0; i < run->rule->let_count; i++) {
		const struct rule_let *let = &run->rule->lets[i];
		auto_strbuf struct strbuf name = STRBUF_INIT;
		auto_strbuf struct strbuf source = STRBUF_INIT;
		struct value value;

		if (!let->unit.len)
			continue;
		value = expr_eval(&run->scope,
				  &(struct expr){ .kind = EXPR_NAME, .text = let->name });
		if (value.type != VALUE_NUMBER)
			continue;
		strbuf_addf(&name, "%.*s.%.*s", STR_ARG(run->rule->id), STR_ARG(let->name));
		strbuf_addf(&source, "rule %.*s", STR_ARG(run->rule->id));
		id_vec_push(
			evidence,
			facts_add(run->facts,
				  (struct fact){
					  .entity = entity,
					  .name = facts_text(run->facts, strbuf_text(&name)),
					  .type = FACT_NUMBER,
					  .number = value.number,
					  .unit = intern(&run->facts->texts, let->unit),
					  .source = facts_text(run->facts, strbuf_text(&source)),
					  .flags = FACT_DERIVED }));
	}
}

/* Amdahl: how many times as fast all of it would be, were this part gone. */
static void ceiling_derive(struct run *run, struct entity entity, double gain,
			   struct id_vec *evidence)
{
	auto_strbuf struct strbuf name = STRBUF_INIT;

	if (gain <= 0 || gain > LARGEST_GAIN)
		return;
	strbuf_addf(&name, "%.*s.ceiling", STR_ARG(run->rule->id));
	id_vec_push(evidence,
		    facts_add(run->facts,
			      (struct fact){ .entity = entity,
					     .name = facts_text(run->facts, strbuf_text(&name)),
					     .type = FACT_NUMBER,
					     .number = 1 / (1 - gain),
					     .unit = facts_text(run->facts, "times"),
					     .source = facts_text(run->facts, "1 / (1 - share)"),
					     .flags = FACT_DERIVED }));
}

static void evidence_one(struct run *run, const struct expr *field, struct id_vec *ret)
{
	const struct fact *fact = expr_fact(&run->scope, field);

	if (fact)
		id_vec_push(ret, (uint32_t)(fact - run->facts->facts.items));
}

/* Larger figures first; rows keep their order where figures are equal or none. */
static int by_number(const void *left, const void *right, void *context)
{
	const struct facts *facts = context;
	uint32_t a_row = *(const uint32_t *)left, b_row = *(const uint32_t *)right;
	const struct fact *a = &facts->facts.items[a_row], *b = &facts->facts.items[b_row];

	if (a->number != b->number)
		return a->number > b->number ? -1 : 1;
	return (a_row > b_row) - (a_row < b_row);
}

static void evidence_loop(struct run *run, const struct rule_evidence *evidence, struct id_vec *ret)
{
	const struct entity_list *list = scope_list(&run->scope, evidence->loop.entity_kind);
	size_t slot = run->scope.binding_count, first = ret->count;

	if (!scope_bind(&run->scope, evidence->loop.variable, (struct value){ 0 }))
		return;
	for (size_t i = 0; list && i < list->count; i++) {
		run->scope.bindings[slot].value =
			(struct value){ .type = VALUE_ENTITY, .entity = list->items[i] };
		if (!evidence->loop.where ||
		    value_is_true(expr_eval(&run->scope, evidence->loop.where)))
			evidence_one(run, evidence->field, ret);
	}
	run->scope.binding_count = slot;
	if (ret->count > first)
		qsort_r(ret->items + first, ret->count - first, sizeof(*ret->items), by_number,
			run->facts);
	ret->count = MIN(ret->count, (size_t)MAX_EVIDENCE);
}

static void remedies_collect(struct run *run, struct id_vec *ret)
{
	const struct rule *rule = run->rule;

	for (size_t i = 0; i < rule->remedy_count; i++)
		id_vec_push(ret, template_text(run, &rule->remedies[i]));
	for (size_t i = 0; i < rule->advice_count; i++) {
		auto_free char *topic = x_strndup(rule->advice[i].ptr, rule->advice[i].len);
		struct entity entity = facts_entity(run->facts, "topic", topic);
		const struct note *note;
		uint32_t cursor = 0;

		while ((note = facts_next_note(run->facts, entity, "change", &cursor)))
			id_vec_push(ret, note->text);
	}
}

static void need_loop(struct run *run, const struct rule_need *need)
{
	const struct entity_list *list = scope_list(&run->scope, need->loop.entity_kind);
	auto_free char *kind = x_strndup(need->kind.ptr, need->kind.len);
	auto_free char *menu = x_strndup(need->menu.ptr, need->menu.len);
	size_t slot = run->scope.binding_count, asked = 0;

	if (!scope_bind(&run->scope, need->loop.variable, (struct value){ 0 }))
		return;
	for (size_t i = 0; list && i < list->count && asked < MAX_NEEDS_PER_LOOP; i++) {
		run->scope.bindings[slot].value =
			(struct value){ .type = VALUE_ENTITY, .entity = list->items[i] };
		if (need->loop.where && !value_is_true(expr_eval(&run->scope, need->loop.where)))
			continue;
		facts_add_need(run->facts, kind, menu, list->items[i]);
		asked++;
	}
	run->scope.binding_count = slot;
}

static void needs_ask(struct run *run, bool fired)
{
	for (size_t i = 0; i < run->rule->need_count; i++) {
		const struct rule_need *need = &run->rule->needs[i];
		auto_free char *kind = x_strndup(need->kind.ptr, need->kind.len);
		auto_free char *menu = x_strndup(need->menu.ptr, need->menu.len);
		struct value value;

		if (need->when ? !value_is_true(expr_eval(&run->scope, need->when)) : !fired)
			continue;
		if (need->loop.entity_kind.len) {
			need_loop(run, need);
			continue;
		}
		value = expr_eval(&run->scope,
				  &(struct expr){ .kind = EXPR_NAME, .text = need->variable });
		if (value.type == VALUE_ENTITY)
			facts_add_need(run->facts, kind, menu, value.entity);
	}
}

static enum severity severity_of(struct run *run)
{
	const struct rule *rule = run->rule;

	if (rule->critical && value_is_true(expr_eval(&run->scope, rule->critical)))
		return SEVERITY_CRITICAL;
	if (rule->warning && value_is_true(expr_eval(&run->scope, rule->warning)))
		return SEVERITY_WARNING;
	return SEVERITY_INFO;
}

static void fire(struct run *run)
{
	const struct rule *rule = run->rule;
	struct str variable = rule->entity.len ? rule->entity : rule->loops[0].variable;
	struct value about =
		expr_eval(&run->scope, &(struct expr){ .kind = EXPR_NAME, .text = variable });
	struct value rank = { .type = VALUE_ABSENT }, gain = rank;
	const struct expr *order = rule->rank ? rule->rank : rule->gain;
	struct id_vec evidence = { 0 }, remedies = { 0 };
	struct finding finding = { .severity = severity_of(run), .entity = about.entity };

	if (about.type != VALUE_ENTITY)
		return;
	if (order)
		rank = expr_eval(&run->scope, order);
	finding.rank = rank.type == VALUE_NUMBER ? rank.number : 0;
	lets_derive(run, about.entity, &evidence);
	for (size_t i = 0; i < rule->evidence_count; i++) {
		if (rule->evidence[i].loop.entity_kind.len)
			evidence_loop(run, &rule->evidence[i], &evidence);
		else
			evidence_one(run, rule->evidence[i].field, &evidence);
	}
	if (rule->gain)
		gain = expr_eval(&run->scope, rule->gain);
	if (gain.type == VALUE_NUMBER)
		ceiling_derive(run, about.entity, gain.number, &evidence);
	remedies_collect(run, &remedies);
	finding.rule = intern(&run->facts->texts, rule->id);
	finding.title = template_text(run, &rule->title);
	finding.text = template_text(run, &rule->text);
	finding.evidence = evidence.items;
	finding.evidence_count = evidence.count;
	finding.remedies = remedies.items;
	finding.remedy_count = remedies.count;
	facts_add_finding(run->facts, &finding);
	run->findings++;
	run->result->fired++;
	id_vec_done(&evidence);
	id_vec_done(&remedies);
}

/* Binds the answers to the rule's questions about stacks, and asks where there is none yet. */
static void stacks_bind(struct run *run)
{
	const struct rule *rule = run->rule;

	for (size_t i = 0; i < rule->stack_count; i++) {
		const struct rule_stack *stack = &rule->stacks[i];
		auto_free char *pattern = x_strndup(stack->pattern.ptr, stack->pattern.len);
		auto_strbuf struct strbuf name = STRBUF_INIT;
		struct entity trace;

		strbuf_addf(&name, "%.*s.%.*s", STR_ARG(rule->id), STR_ARG(stack->name));
		trace = facts_entity(run->facts, "trace", strbuf_text(&name));
		scope_bind(&run->scope, stack->name,
			   (struct value){ .type = VALUE_ENTITY, .entity = trace });
		if (!facts_find(run->facts, trace, "share"))
			facts_add_need(run->facts, "stack_pattern", pattern, trace);
	}
}

/* All variables are bound: stacks, lets, then the conditions. */
static void judge(struct run *run)
{
	const struct rule *rule = run->rule;
	size_t slot = run->scope.binding_count;
	struct value verdict;
	bool fired;

	stacks_bind(run);
	for (size_t i = 0; i < rule->let_count; i++)
		scope_bind(&run->scope, rule->lets[i].name,
			   expr_eval(&run->scope, rule->lets[i].value));
	verdict = expr_eval(&run->scope, rule->when);
	run->was_absent |= verdict.type == VALUE_ABSENT;
	run->was_true |= value_is_true(verdict);
	fired = value_is_true(verdict) &&
		!(rule->unless && value_is_true(expr_eval(&run->scope, rule->unless)));
	needs_ask(run, fired);
	if (fired && run->findings < MAX_FINDINGS_PER_RULE)
		fire(run);
	run->scope.binding_count = slot;
}

static void loop(struct run *run, size_t depth)
{
	const struct rule_loop *now;

	if (depth == run->rule->loop_count) {
		judge(run);
		return;
	}
	now = &run->rule->loops[depth];
	for (size_t i = 0; i < run->lists.count; i++) {
		const struct entity_list *list = &run->lists.items[i];
		size_t slot = run->scope.binding_count;

		if (!str_eq(interned(&run->facts->texts, list->kind), now->entity_kind))
			continue;
		scope_bind(&run->scope, now->variable, (struct value){ 0 });
		for (size_t k = 0; k < list->count && run->steps_left; k++) {
			run->scope.bindings[slot].value =
				(struct value){ .type = VALUE_ENTITY, .entity = list->items[k] };
			if (!now->where || value_is_true(expr_eval(&run->scope, now->where)))
				loop(run, depth + 1);
		}
		run->scope.binding_count = slot;
	}
}

static void unchecked_add(struct ruleset_result *result, const struct rule *rule)
{
	for (size_t i = 0; i < result->unchecked_count; i++)
		if (str_is(rule->id, result->unchecked[i]))
			return; /* another way to find the same could not be gone either */
	result->unchecked = x_reallocarray(result->unchecked, result->unchecked_count + 1,
					   sizeof(*result->unchecked));
	result->unchecked[result->unchecked_count++] = rule->id.ptr;
}

static const struct rule *rule_of(const struct ruleset *rules, const struct facts *facts,
				  const struct finding *finding)
{
	for (size_t i = 0; i < rules->rules.count; i++)
		if (str_eq(interned(&facts->texts, finding->rule), rules->rules.items[i].id))
			return &rules->rules.items[i];
	return NULL;
}

/* What an earlier look concluded is concluded anew. */
static void findings_forget(const struct ruleset *rules, struct facts *facts)
{
	size_t kept = 0;

	for (size_t i = 0; i < facts->findings.count; i++)
		if (!rule_of(rules, facts, &facts->findings.items[i]))
			facts->findings.items[kept++] = facts->findings.items[i];
	facts->findings.count = kept;
}

static bool is_replaced(const struct ruleset *rules, const struct facts *facts, size_t row)
{
	struct str id = interned(&facts->texts, facts->findings.items[row].rule);

	for (size_t i = 0; i < facts->findings.count; i++) {
		const struct rule *rule = rule_of(rules, facts, &facts->findings.items[i]);

		for (size_t k = 0; rule && i != row && k < rule->replaces_count; k++)
			if (str_eq(rule->replaces[k], id))
				return true;
	}
	return false;
}

/* Of two findings that say the same the one that says more stays. */
static void findings_replace(const struct ruleset *rules, struct facts *facts)
{
	bool replaced[MAX_REPLACED] = { 0 };
	size_t count = MIN(facts->findings.count, (size_t)MAX_REPLACED), kept = 0;

	for (size_t i = 0; i < count; i++)
		replaced[i] = is_replaced(rules, facts, i);
	for (size_t i = 0; i < facts->findings.count; i++)
		if (i >= count || !replaced[i])
			facts->findings.items[kept++] = facts->findings.items[i];
	facts->findings.count = kept;
}

static bool names(const struct rule *rule, struct str id)
{
	for (size_t e = 0; e < rule->explains_count; e++)
		if (str_eq(id, rule->explains[e]))
			return true;
	return false;
}

/* Of two findings of one name the one that says more explains the other. */
static bool is_symptom(const struct finding *cause, const struct finding *symptom)
{
	return cause != symptom && (cause->rule != symptom->rule || cause->rank > symptom->rank);
}

static bool has_id(const struct id_vec *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i] == id)
			return true;
	return false;
}

static void explain_by(const struct rule *rule, struct facts *facts, struct finding *cause)
{
	struct id_vec rows = { 0 };

	for (size_t i = 0; i < cause->explains_count; i++)
		id_vec_push(&rows, cause->explains[i]);
	for (uint32_t s = 0; s < facts->findings.count; s++) {
		const struct finding *symptom = &facts->findings.items[s];

		if (is_symptom(cause, symptom) &&
		    names(rule, interned(&facts->texts, symptom->rule)) && !has_id(&rows, s))
			id_vec_push(&rows, s);
	}
	cause->explains = arena_array(&facts->arena, rows.count, sizeof(uint32_t));
	cause->explains_count = rows.count;
	if (rows.count)
		memcpy(cause->explains, rows.items, rows.count * sizeof(*rows.items));
	id_vec_done(&rows);
}

/* Symptoms are told by rule ids; findings by rows. */
static void explain(const struct ruleset *rules, struct facts *facts)
{
	for (size_t i = 0; i < rules->rules.count; i++) {
		const struct rule *rule = &rules->rules.items[i];

		for (size_t k = 0; rule->explains_count && k < facts->findings.count; k++)
			if (str_eq(interned(&facts->texts, facts->findings.items[k].rule),
				   rule->id))
				explain_by(rule, facts, &facts->findings.items[k]);
	}
}

struct ruleset_result ruleset_run(const struct ruleset *rules, struct facts *facts)
{
	struct ruleset_result result = { 0 };
	struct run run = { .facts = facts, .result = &result, .steps_left = STEPS_PER_RUN };

	findings_forget(rules, facts);
	lists_make(&run);
	for (size_t i = 0; i < rules->rules.count && run.steps_left; i++) {
		run.rule = &rules->rules.items[i];
		run.findings = 0;
		run.was_true = run.was_absent = false;
		run.scope = (struct scope){ .facts = facts,
					    .lists = run.lists.items,
					    .list_count = run.lists.count,
					    .steps_left = &run.steps_left };
		if (run.rule->off)
			continue;
		loop(&run, 0);
		result.checked++;
		if (run.was_absent && !run.was_true)
			unchecked_add(&result, run.rule);
	}
	result.gave_up = !run.steps_left;
	findings_replace(rules, facts);
	explain(rules, facts);
	facts_sort_findings(facts);
	list_vec_done(&run.lists);
	entity_vec_done(&run.entities);
	return result;
}
