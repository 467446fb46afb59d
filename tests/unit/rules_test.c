#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "case_stacks.h"
#include "cmd/traces.h"
#include "knowledge/knowledge.h"
#include "samples/facts_profile.h"
#include "samples/load.h"

/* ---- cases beside the rules */

static struct entity entity_of_words(struct facts *facts, struct str words)
{
	struct str kind, name;

	str_cut(str_trim(words), ' ', &kind, &name);
	auto_free char *kind_text = x_strndup(kind.ptr, kind.len);
	auto_free char *name_text = x_strndup(name.ptr, name.len);

	return facts_entity(facts, kind_text, name_text);
}

/* "process app (7) -- holds deleted files on -- mount /srv" */
static bool relation_of_line(struct facts *facts, struct str line)
{
	static const struct str dashes = { " -- ", 4 };
	ptrdiff_t at = str_find(line, dashes), next;
	struct str a, b;

	if (at < 0)
		return false;
	a = (struct str){ line.ptr, (size_t)at };
	b = (struct str){ line.ptr + at + 4, line.len - (size_t)at - 4 };
	next = str_find(b, dashes);
	if (next < 0)
		fail_msg("'%.*s' is half a relation", STR_ARG(line));
	auto_free char *verb = x_strndup(b.ptr, (size_t)next);

	facts_add_relation(
		facts, entity_of_words(facts, a), verb,
		entity_of_words(facts, (struct str){ b.ptr + next + 4, b.len - (size_t)next - 4 }));
	return true;
}

/* "symbol libc.so.6:malloc: self=0.12, children=0.2, text=word" */
static void facts_of_line(struct facts *facts, struct str line)
{
	struct str kind, rest, name, pairs;
	ptrdiff_t colon;

	if (relation_of_line(facts, line))
		return;
	str_cut(str_trim(line), ' ', &kind, &rest);
	colon = str_find(rest, STR(": "));
	if (colon < 0)
		fail_msg("no ': ' in '%.*s'", STR_ARG(line));
	name = (struct str){ rest.ptr, (size_t)colon };
	pairs = (struct str){ rest.ptr + colon + 2, rest.len - (size_t)colon - 2 };
	while (pairs.len) {
		struct str pair, key, value;
		auto_free char *kind_text = x_strndup(kind.ptr, kind.len);
		auto_free char *name_text = x_strndup(name.ptr, name.len);
		struct entity entity = facts_entity(facts, kind_text, name_text);
		double number;

		str_cut(pairs, ',', &pair, &pairs);
		str_cut(str_trim(pair), '=', &key, &value);
		auto_free char *key_text = x_strndup(key.ptr, key.len);
		auto_free char *value_text = x_strndup(value.ptr, value.len);

		if (str_to_double(value, &number))
			facts_add_number(facts, entity, key_text, number, "", "case");
		else
			facts_add_text(facts, entity, key_text, value_text, "case");
	}
}

static bool has_finding(const struct facts *facts, struct str rule)
{
	for (size_t i = 0; i < facts->findings.count; i++)
		if (str_eq(interned(&facts->texts, facts->findings.items[i].rule), rule))
			return true;
	return false;
}

/* Judges as an answering command does: what the rules ask of the stacks is answered. */
static void judge_stacks(const struct ruleset *rules, const struct knowledge *knowledge,
			 struct str text, struct facts *facts)
{
	auto_profile struct profile *profile = NULL;
	auto_selection struct profile_selection selection = { 0 };
	auto_error struct error *error = profile_import_text(text, "test", &profile);
	struct ruleset_result result;

	if (!error)
		error = profile_select(profile, &(struct profile_filter){ 0 }, &selection);
	if (error)
		fail_msg("%s", error->message);
	profile_facts(&selection, facts);
	knowledge_annotate(knowledge, facts);
	result = ruleset_run(rules, facts);
	traces_meet(knowledge, &selection, facts);
	ruleset_result_done(&result);
}

static size_t wrong_cases;

/* A case: its first line, "case RULE fires" or "case RULE stays silent", then facts, or stacks. */
static void run_case(const struct ruleset *rules, const struct knowledge *knowledge,
		     struct str head, struct str body)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_strbuf struct strbuf stacks = STRBUF_INIT;
	struct ruleset_result result;
	struct str word, rule, verdict = head, line;
	bool fires;

	str_next_word(&verdict, &word);
	str_next_word(&verdict, &rule);
	fires = str_is(str_trim(verdict), "fires");
	if (!fires && !str_is(str_trim(verdict), "stays silent"))
		fail_msg("'%.*s' is no case", STR_ARG(head));
	while (str_next_line(&body, &line))
		if (!case_stack_write(str_trim(line), &stacks))
			facts_of_line(&facts, line);
	if (stacks.len)
		judge_stacks(rules, knowledge, strbuf_str(&stacks), &facts);
	knowledge_annotate(knowledge, &facts);
	result = ruleset_run(rules, &facts);
	if (has_finding(&facts, rule) != fires) {
		print_message("%.*s: it does not, but:", STR_ARG(head));
		for (size_t i = 0; i < facts.findings.count; i++)
			print_message(" %s", facts_str(&facts, facts.findings.items[i].rule));
		print_message("\n");
		wrong_cases++;
	}
	ruleset_result_done(&result);
}

static size_t run_cases(struct str text, const struct ruleset *rules,
			const struct knowledge *knowledge, bool want_fires, struct strbuf *seen)
{
	struct str head = STR(""), line, body = STR("");
	size_t count = 0;

	for (;;) {
		bool more = str_next_line(&text, &line);

		if (more && (!str_trim(line).len || line.ptr[0] == '#'))
			continue;
		if (more && line.ptr[0] == '\t') {
			if (!body.len)
				body.ptr = line.ptr;
			body.len = (size_t)(line.ptr + line.len - body.ptr);
			continue;
		}
		if (head.len) {
			run_case(rules, knowledge, head, body);
			if (str_ends_with(head, STR(" fires")) == want_fires) {
				strbuf_add(seen, head);
				strbuf_add_char(seen, '\n');
			}
			count++;
		}
		if (!more)
			return count;
		head = line;
		body = STR("");
	}
}

static void the_cases_beside_the_rules_hold(void **state)
{
	auto_ruleset struct ruleset *rules = ruleset_new();
	auto_knowledge struct knowledge *knowledge = knowledge_new();
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_strbuf struct strbuf fired = STRBUF_INIT, silent = STRBUF_INIT;
	static const char *const files[] = {
		SOURCE_ROOT "/data/rules/code.case",  SOURCE_ROOT "/data/rules/profile.case",
		SOURCE_ROOT "/data/rules/stack.case", SOURCE_ROOT "/data/rules/host.case",
		SOURCE_ROOT "/data/rules/files.case", SOURCE_ROOT "/data/rules/look.case",
		SOURCE_ROOT "/data/rules/tools.case", SOURCE_ROOT "/data/rules/net.case"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_error struct error *error = file_read(files[i], 1 << 20, &text);

		assert_null(error);
	}
	assert_true(run_cases(strbuf_str(&text), rules, knowledge, true, &fired) > 40);
	run_cases(strbuf_str(&text), rules, knowledge, false, &silent);
	assert_int_equal(wrong_cases, 0);
	assert_true(ruleset_count(rules) > 20);
	for (size_t i = 0; i < ruleset_count(rules); i++) {
		auto_strbuf struct strbuf line = STRBUF_INIT;

		strbuf_addf(&line, "case %s fires\n", ruleset_id(rules, i));
		if (!strstr(strbuf_text(&fired), strbuf_text(&line)))
			fail_msg("there is no '%s'", strbuf_text(&line));
		strbuf_reset(&line);
		strbuf_addf(&line, "case %s stays silent\n", ruleset_id(rules, i));
		if (!strstr(strbuf_text(&silent), strbuf_text(&line)))
			fail_msg("there is no '%s'", strbuf_text(&line));
	}
}

/* ---- the language */

static void fill(struct facts *facts)
{
	struct entity input = facts_entity(facts, "profile", "p");
	struct entity a = facts_symbol(facts, "libx.so", "a");
	struct entity b = facts_symbol(facts, "libx.so", "b");

	facts_add_number(facts, input, "samples", 1000, "samples", "t");
	facts_add_absent(facts, input, "lost", "not said", "t");
	facts_add_text(facts, input, "event", "cycles:u", "t");
	facts_add_number(facts, a, "self", 0.25, "ratio", "t");
	facts_add_number(facts, b, "self", 0.5, "ratio", "t");
	facts_add_note(facts, a, "family", "alloc", "t");
	facts_add_relation(facts, b, "calls", a);
}

/* Whether a rule with this condition fires over the facts of fill(). */
static bool holds(const char *condition)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = NULL;
	struct ruleset_result result;

	fill(&facts);
	strbuf_addf(&text, "rule t\n\tfor: profile p\n\twhen: %s\n\ttitle: x\n", condition);
	error = ruleset_add_text(rules, "t.rule", strbuf_str(&text));
	if (error)
		fail_msg("%s", error->message);
	result = ruleset_run(rules, &facts);
	ruleset_result_done(&result);
	return facts.findings.count == 1;
}

static void expressions_mean_what_they_say(void **state)
{
	static const char *const true_ones[] = {
		"p.samples == 1k",
		"1 + 2 * 3 == 7",
		"(1 + 2) * 3 == 9",
		"10 - 4 - 3 == 3",
		"-2 < 0 - 1",
		"not p.samples < 10",
		"not (1 > 2) and 25% == 0.25",
		"p.event ~ \"cycles*\"",
		"p.event != \"cycles\"",
		"sum(s in symbol: s.self) == 0.75",
		"sum(s in symbol where s.family == \"alloc\": s.self) == 0.25",
		"count(s in symbol) == 2",
		"count(s in symbol where s.self > 30%) == 1",
		"max(s in symbol: s.self) == 0.5 and min(s in symbol: s.self) == 0.25",
		"any(s in symbol: s.function == \"b\")",
		"all(s in symbol: s.library == \"libx.so\")",
		"any(a in symbol: any(b in symbol: linked(b, \"calls\", a)))",
		"not any(a in symbol: linked(a, \"calls\", p))",
		"(p.lost ?? 7) == 7",
		"known(p.samples) and not known(p.lost) and not known(p.nothing)",
		"p.name == \"p\"",
		"300ms == 300000000 and 2M == 2000000 and 5s == 5G",
		"sum(s in nothing: s.self) == 0",
	};
	static const char *const others[] = {
		"p.lost > 0",
		"p.lost == p.lost",
		"not (p.lost > 0)",
		"p.samples / 0 == 1",
		"p.event == 5",
		"max(s in nothing: s.self) > 0",
		"p.lost > 0 and 1 == 1",
		"all(s in symbol: s.self > 30%)",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(true_ones); i++)
		if (!holds(true_ones[i]))
			fail_msg("not true: %s", true_ones[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (holds(others[i]))
			fail_msg("true: %s", others[i]);
	assert_true(holds("p.lost > 0 or 1 == 1"));
	assert_false(holds("p.lost > 0 and 1 == 2"));
}

static void a_finding_carries_figures_evidence_and_advice(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error = ruleset_add_text(
		rules, "t.rule",
		STR("# a comment\n"
		    "rule heavy\n"
		    "\tfor: profile p\n"
		    "\tlet alloc ratio: sum(s in symbol\n"
		    "\t\twhere s.family == \"alloc\": s.self)\n"
		    "\twhen: alloc > 10%\n"
		    "\twarning: alloc > 20%\n"
		    "\trank: alloc\n"
		    "\tevidence: p.samples, s in symbol: s.self\n"
		    "\ttitle: {alloc:percent} of {p.samples:count} in {p}\n"
		    "\tremedy: do less of {p.event}\n"
		    "\tadvice: malloc\n"
		    "\texplains: light\n"
		    "\tneed: stack_pattern callers for s in symbol where s.self > 30%\n"
		    "rule light\n"
		    "\tfor: symbol s where s.self > 40%\n"
		    "\twhen: s.self > 0\n"
		    "\ttitle: {s} {nothing}\n"));
	struct ruleset_result result;
	const struct finding *heavy;
	const struct fact *derived;

	(void)state;
	assert_null(error);
	fill(&facts);
	facts_add_note(&facts, facts_entity(&facts, "topic", "malloc"), "change", "reuse", "t");
	result = ruleset_run(rules, &facts);
	assert_int_equal(result.fired, 2);
	heavy = &facts.findings.items[0];
	assert_string_equal(facts_str(&facts, heavy->title), "25.00% of 1,000 in p");
	assert_int_equal(heavy->severity, SEVERITY_WARNING);
	assert_true(heavy->rank == 0.25);
	assert_int_equal(heavy->remedy_count, 2);
	assert_string_equal(facts_str(&facts, heavy->remedies[0]), "do less of cycles:u");
	assert_string_equal(facts_str(&facts, heavy->remedies[1]), "reuse");
	assert_int_equal(heavy->explains_count, 1);
	assert_string_equal(facts_str(&facts, facts.findings.items[heavy->explains[0]].title),
			    "libx.so:b (not known)");
	assert_int_equal(heavy->evidence_count, 4);
	derived = facts_find(&facts, facts_entity(&facts, "profile", "p"), "heavy.alloc");
	assert_non_null(derived);
	assert_true(derived->number == 0.25 && derived->flags == FACT_DERIVED);
	assert_int_equal(facts.needs.count, 1);
	assert_string_equal(facts_str(&facts, facts.needs.items[0].entity.name), "libx.so:b");
	ruleset_result_done(&result);
}

static void what_no_fact_says_is_reported_as_unchecked(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error =
		ruleset_add_text(rules, "t.rule",
				 STR("rule t\n\tfor: profile p\n\twhen: p.lost > 3\n\ttitle: x\n"
				     "\tneed: collector lost for p if not known(p.lost)\n"));
	struct ruleset_result result;

	(void)state;
	assert_null(error);
	fill(&facts);
	result = ruleset_run(rules, &facts);
	assert_int_equal(facts.findings.count, 0);
	assert_int_equal(result.unchecked_count, 1);
	assert_string_equal(result.unchecked[0], "t");
	assert_int_equal(facts.needs.count, 1);
	ruleset_result_done(&result);
}

static void a_rule_of_the_same_id_replaces_and_off_silences(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *first = ruleset_add_text(
		rules, "a", STR("rule t\n\tfor: profile p\n\twhen: 1 == 1\n\ttitle: x\n"));
	auto_error struct error *second = ruleset_add_text(rules, "b", STR("rule t\n\toff: yes\n"));
	struct ruleset_result result;

	(void)state;
	assert_null(first);
	assert_null(second);
	fill(&facts);
	assert_int_equal(ruleset_count(rules), 1);
	result = ruleset_run(rules, &facts);
	assert_int_equal(facts.findings.count, 0);
	ruleset_result_done(&result);
}

static void assert_mistake(const char *text, const char *wanted)
{
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error = ruleset_add_text(rules, "x.rule", str_from(text));

	if (!error)
		fail_msg("no mistake found in: %s", text);
	else if (!strstr(error->message, wanted))
		fail_msg("'%s' does not say '%s'", error->message, wanted);
	assert_int_equal(ruleset_count(rules), 0);
}

#define HEAD "rule t\n\tfor: profile p\n\ttitle: x\n"

static void mistakes_are_told_with_line_and_column(void **state)
{
	auto_strbuf struct strbuf deep = STRBUF_INIT;

	(void)state;
	assert_mistake("nonsense\n", "x.rule:1:1: expected 'rule NAME'");
	assert_mistake("\twhen: 1\n", "x.rule:1:1: no rule stands above");
	assert_mistake(HEAD, "needs 'for', 'when' and 'title'");
	assert_mistake(HEAD "\twhen: 1 +\n", "x.rule:4:11: a name is expected");
	assert_mistake(HEAD "\twhen: (1\n", "')' is expected");
	assert_mistake(HEAD "\twhen: 1 2\n", "x.rule:4:10: this is left over");
	assert_mistake(HEAD "\twhen: 12parsecs\n", "units of numbers");
	assert_mistake(HEAD "\twhen: 1\n\twhen: 1\n", "given already");
	assert_mistake(HEAD "\tcolour: red\n", "no such field");
	assert_mistake(HEAD "\twhen: \"a\n", "is not closed");
	assert_mistake(HEAD "\twhen: 1\n\ttext: {p.x\n", "'}' is expected");
	assert_mistake(HEAD "\twhen: 1\n\ttext: {p.x:miles}\n", "formats are");
	assert_mistake(HEAD "\twhen: sum(s in symbol)\n", "': VALUE' is expected");
	assert_mistake(HEAD "\twhen: 1\n\tevidence: p\n", "evidence is a fact");
	assert_mistake(HEAD "\twhen: 1\n\ttext: a [ b\n", "a '[' is not closed");
	assert_mistake(HEAD "\twhen: 1\n\ttext: a ] b\n", "no '[' stands before");
	assert_mistake(HEAD "\twhen: 1\n\ttext: [ [ ] ]\n", "inside of another");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: alloc\n", "x.rule:5:11: 'leaf' or 'has'");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: leaf\n", "a family, @topic");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: leaf \"x\n", "is not closed");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: leaf x y\n", "x.rule:5:18: this is left over");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: has x under y under z under w\n", "at most two");
	assert_mistake(HEAD "\twhen: 1\n\tstack a: has x without y without z\n",
		       "was given already");
	assert_mistake(HEAD "\twhen: 1\n\tstack: has x\n", "no such field");
	strbuf_add_text(&deep, HEAD "\twhen: ");
	strbuf_add_repeated(&deep, '(', 5000);
	assert_mistake(strbuf_text(&deep), "nested too deeply");
	strbuf_reset(&deep);
	strbuf_add_text(&deep, HEAD "\twhen: ");
	strbuf_add_repeated(&deep, '-', 5000);
	assert_mistake(strbuf_text(&deep), "nested too deeply");
}

static void questions_to_the_stacks_become_needs_and_their_answers_facts(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error = ruleset_add_text(
		rules, "t.rule",
		STR("rule t\n\tfor: profile p\n\tstack a: leaf alloc under \"f*\"|json\n"
		    "\twhen: a.share > 10%\n\tgain: a.share\n"
		    "\ttitle: {a.share:percent}[ for {a.who}][ in {a.frame}]\n\treplaces: old\n"
		    "rule old\n\tfor: profile p\n\twhen: 1 == 1\n\ttitle: x\n"));
	struct ruleset_result result;
	struct entity trace;

	(void)state;
	assert_null(error);
	fill(&facts);
	result = ruleset_run(rules, &facts);
	ruleset_result_done(&result);
	assert_int_equal(facts.needs.count, 1);
	assert_string_equal(facts_str(&facts, facts.needs.items[0].menu_id),
			    "leaf alloc under \"f*\"|json");
	trace = facts.needs.items[0].entity;
	assert_string_equal(facts_str(&facts, trace.name), "t.a");
	assert_int_equal(facts.findings.count, 1);

	facts.needs.count = 0;
	facts_add_number(&facts, trace, "share", 0.2, "ratio", "t");
	facts_add_text(&facts, trace, "frame", "malloc", "t");
	result = ruleset_run(rules, &facts);
	ruleset_result_done(&result);
	assert_int_equal(facts.needs.count, 0);
	assert_int_equal(facts.findings.count, 1);
	assert_string_equal(facts_str(&facts, facts.findings.items[0].title), "20.00% in malloc");
	assert_true(facts.findings.items[0].rank == 0.2);
	assert_true(facts_value(&facts, facts_entity(&facts, "profile", "p"), "t.ceiling", 0) ==
		    1.25);
}

static void endless_rules_are_given_up(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error = ruleset_add_text(
		rules, "t.rule",
		STR("rule t\n\tfor: symbol a, symbol b, symbol c, symbol d\n"
		    "\twhen: sum(x in symbol: sum(y in symbol: x.self + y.self)) < 0\n"
		    "\ttitle: x\n"));
	struct ruleset_result result;

	(void)state;
	assert_null(error);
	for (int i = 0; i < 200; i++) {
		auto_strbuf struct strbuf name = STRBUF_INIT;

		strbuf_addf(&name, "f%d", i);
		facts_add_number(&facts, facts_symbol(&facts, "x", strbuf_text(&name)), "self", 1,
				 "", "t");
	}
	result = ruleset_run(rules, &facts);
	assert_true(result.gave_up);
	ruleset_result_done(&result);
}

/* ---- the language holds rules for hosts and counters, too */

static const char host_rules[] =
	"rule cpu_cgroup_throttle\n"
	"\tfor: cgroup c\n"
	"\tlet part ratio: c.throttled_periods / c.periods\n"
	"\twhen: part >= 5% and c.periods >= 10\n"
	"\tcritical: part >= 50%\n"
	"\trank: part\n"
	"\tevidence: c.throttled_periods, c.periods\n"
	"\ttitle: {c} is throttled in {part:percent} of its periods\n"
	"\tremedy: raise cpu.max of {c}\n"
	"\texplains: cpu_saturation\n"
	"\tneed: collector cgroup_cpu for c if not known(c.periods)\n"
	"rule cpu_saturation\n"
	"\tfor: host h\n"
	"\twhen: h.runnable > 2 * h.cpus or (h.psi_cpu ?? 0) > 60%\n"
	"\tevidence: h.runnable, h.cpus, h.psi_cpu\n"
	"\ttitle: {h.runnable} threads want {h.cpus} CPUs\n"
	"rule fs_deleted_open\n"
	"\tfor: mount m where m.used >= 90%, process p\n"
	"\tlet held bytes: sum(f in file where linked(p, \"opens\", f) and linked(f, \"on\", m)\n"
	"\t\tand f.deleted == \"yes\": f.size)\n"
	"\twhen: held >= 0.3 * m.size\n"
	"\tentity: p\n"
	"\tevidence: m.used, f in file where linked(p, \"opens\", f): f.size\n"
	"\ttitle: {p} holds {held:bytes} of deleted files on {m}\n";

static const char counter_rules[] =
	"rule memory_bound\n"
	"\tfor: run r\n"
	"\tlet bound ratio: r.memory_bound ?? r.stalls_mem_any / r.cycles\n"
	"\twhen: bound >= 20%\n"
	"\tevidence: r.stalls_mem_any, r.cycles\n"
	"\ttitle: {bound:percent} of the cycles wait for memory\n"
	"\tneed: event topdown_memory for r if not known(r.memory_bound)\n"
	"rule branch_misses\n"
	"\tfor: run r\n"
	"\tlet mpki per_1000: 1000 * r.branch_misses / r.instructions\n"
	"\twhen: mpki >= 5\n"
	"\tunless: r.scaled == \"yes\"\n"
	"\tevidence: r.branch_misses, r.instructions\n"
	"\ttitle: {mpki} mispredicted branches per thousand instructions\n"
	"rule run_differs\n"
	"\tfor: run a, run b where b.name != a.name\n"
	"\twhen: a.cycles > 1.5 * b.cycles\n"
	"\tentity: a\n"
	"\tevidence: a.cycles, b.cycles\n"
	"\ttitle: {a} took more cycles than {b}\n";

static void put(struct facts *facts, const char *kind, const char *name, const char *fact,
		double number)
{
	facts_add_number(facts, facts_entity(facts, kind, name), fact, number, "", "t");
}

static void fill_host(struct facts *facts)
{
	struct entity process = facts_entity(facts, "process", "logger");
	struct entity file = facts_entity(facts, "file", "/var/log/old");

	put(facts, "cgroup", "/web", "throttled_periods", 60);
	put(facts, "cgroup", "/web", "periods", 100);
	facts_add_absent(facts, facts_entity(facts, "cgroup", "/db"), "periods", "no access", "t");
	put(facts, "host", "", "runnable", 9);
	put(facts, "host", "", "cpus", 2);
	put(facts, "mount", "/var", "used", 0.98);
	put(facts, "mount", "/var", "size", 1000);
	put(facts, "mount", "/", "used", 0.2);
	put(facts, "process", "logger", "rss", 1);
	put(facts, "process", "other", "rss", 1);
	put(facts, "file", "/var/log/old", "size", 600);
	facts_add_text(facts, file, "deleted", "yes", "t");
	facts_add_relation(facts, process, "opens", file);
	facts_add_relation(facts, file, "on", facts_entity(facts, "mount", "/var"));
}

static const char *title_of(const struct facts *facts, const char *rule)
{
	for (size_t i = 0; i < facts->findings.count; i++)
		if (!strcmp(facts_str(facts, facts->findings.items[i].rule), rule))
			return facts_str(facts, facts->findings.items[i].title);
	return "";
}

static void rules_for_hosts_are_of_the_same_language(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error = ruleset_add_text(rules, "host", str_from(host_rules));
	auto_ruleset_result struct ruleset_result result = { 0 };

	(void)state;
	assert_null(error);
	fill_host(&facts);
	result = ruleset_run(rules, &facts);
	assert_int_equal(facts.findings.count, 3);
	assert_string_equal(title_of(&facts, "cpu_cgroup_throttle"),
			    "/web is throttled in 60.00% of its periods");
	assert_string_equal(title_of(&facts, "cpu_saturation"), "9 threads want 2 CPUs");
	assert_string_equal(title_of(&facts, "fs_deleted_open"),
			    "logger holds 600 B of deleted files on /var");
	assert_int_equal(facts.findings.items[0].severity, SEVERITY_CRITICAL);
	assert_int_equal(facts.findings.items[0].explains_count, 1);
	assert_int_equal(facts.needs.count, 1);
	assert_string_equal(facts_str(&facts, facts.needs.items[0].entity.name), "/db");
}

static void rules_for_counters_are_of_the_same_language(void **state)
{
	auto_facts struct facts facts = FACTS_INIT;
	auto_ruleset struct ruleset *rules = ruleset_empty();
	auto_error struct error *error =
		ruleset_add_text(rules, "counters", str_from(counter_rules));
	auto_ruleset_result struct ruleset_result result = { 0 };

	(void)state;
	assert_null(error);
	put(&facts, "run", "old", "cycles", 1000);
	put(&facts, "run", "old", "instructions", 2000);
	put(&facts, "run", "old", "branch_misses", 1);
	put(&facts, "run", "new", "cycles", 4000);
	put(&facts, "run", "new", "instructions", 2000);
	put(&facts, "run", "new", "branch_misses", 40);
	put(&facts, "run", "new", "stalls_mem_any", 2000);
	result = ruleset_run(rules, &facts);
	assert_string_equal(title_of(&facts, "memory_bound"),
			    "50.00% of the cycles wait for memory");
	assert_string_equal(title_of(&facts, "branch_misses"),
			    "20 mispredicted branches per thousand instructions");
	assert_string_equal(title_of(&facts, "run_differs"), "new took more cycles than old");
	assert_int_equal(facts.findings.count, 3);
	assert_int_equal(facts.needs.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cases_beside_the_rules_hold),
		cmocka_unit_test(expressions_mean_what_they_say),
		cmocka_unit_test(a_finding_carries_figures_evidence_and_advice),
		cmocka_unit_test(what_no_fact_says_is_reported_as_unchecked),
		cmocka_unit_test(a_rule_of_the_same_id_replaces_and_off_silences),
		cmocka_unit_test(mistakes_are_told_with_line_and_column),
		cmocka_unit_test(questions_to_the_stacks_become_needs_and_their_answers_facts),
		cmocka_unit_test(endless_rules_are_given_up),
		cmocka_unit_test(rules_for_hosts_are_of_the_same_language),
		cmocka_unit_test(rules_for_counters_are_of_the_same_language),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
