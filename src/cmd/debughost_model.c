#include "cmd/debughost_model.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/line_editor.h"
#include "cmd/plan_reply.h"
#include "config.h"
#include "exec/exec.h"
#include "host/collect.h"
#include "host/command_check.h"
#include "host/read_snapshot.h"
#include "llm/chunk.h"
#include "llm/prompt.h"

enum {
	MENU_MAX = 128,
	COMMAND_MS = 20000,
	COMMAND_BYTES = 1 << 20,
	SHORT_BYTES = 2000, /* shorter outputs are told as they are */
	SUMMARISED_BYTES = 24000,
};

/* A proposed line on its way. */
struct errand {
	char *line; /* owned */
	struct str why;
	struct command_check check;
	bool is_approved;
	uint32_t task;
	size_t record;
};

static volatile sig_atomic_t stop;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

/* The document has standard output for itself. */
static FILE *stream_of(const struct debughost_look *look)
{
	return look->context->json ? stderr : look->context->out.stream;
}

static void tell(FILE *stream, const char *before, struct str text)
{
	fputs(before, stream);
	term_write_safe(stream, text);
}

/* ---- the menu */

static const struct host_record *read_already(const struct host_snapshot *snapshot, const char *id)
{
	const struct host_record *record = host_snapshot_find(snapshot, id);

	return record && !record->is_absent ? record : NULL;
}

static size_t menu_fill(const struct host_snapshot *snapshot, const char **ret_ids,
			struct strbuf *ret_text)
{
	size_t count = 0;

	for (size_t i = 0; i < collectors_count() && count < MENU_MAX; i++) {
		const struct collector *collector = collector_at(i);

		if (collector->of_process || read_already(snapshot, collector->id))
			continue;
		ret_ids[count++] = collector->id;
		strbuf_addf(ret_text, "%s: %s\n", collector->id, collector->what);
	}
	if (!count)
		strbuf_add_text(ret_text, "(empty: all of it was read)\n");
	return count;
}

static void picks_tell(const struct debughost_look *look, const struct plan_reply *reply)
{
	FILE *stream = stream_of(look);

	fputs("\nThe model asks to read, from the closed table:\n", stream);
	for (size_t i = 0; i < reply->pick_count; i++) {
		const struct collector *collector = collector_find(reply->picks[i]);

		fprintf(stream, "  %s%s%s\n", reply->picks[i], look->explain ? ": " : "",
			look->explain ? collector->what : "");
	}
}

/* Reads what was picked; how many records came. */
static size_t picks_read(const struct debughost_look *look, const struct plan_reply *reply,
			 struct host_snapshot *snapshot)
{
	const char *const target = *snapshot->host ? snapshot->host : NULL;
	const struct collect_plan plan = {
		.targets = &target,
		.target_count = 1,
		.ssh_config = look->ssh_config,
		.with_sudo = look->with_sudo,
		.ids = reply->picks,
		.id_count = reply->pick_count,
		.round = 2,
		.version = SYSGROK_VERSION,
		.stop = &stop,
	};
	struct host_snapshot_vec more = { 0 };
	struct error *error = hosts_collect(&plan, &more);
	size_t count = 0;

	if (error) {
		auto_free char *text = error_text(error);

		warnings_add(look->context->warnings, "%s", text);
		error_free(error);
	}
	for (size_t i = 0; i < more.count; i++) {
		struct host_record_vec *records = &more.items[i].records;

		for (size_t r = 0; r < records->count; r++)
			host_record_vec_push(&snapshot->records, records->items[r]);
		count += records->count;
		/* They are the snapshot's now. */
		records->count = 0;
		host_snapshot_done(&more.items[i]);
	}
	host_snapshot_vec_done(&more);
	return count;
}

/* ---- what is proposed */

/* What is approved must be what is seen: bytes that a terminal shows as something else, or as
 * nothing, are nobody's to approve. */
static bool is_showable(struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] < ' ' || line.ptr[i] > '~')
			return false;
	return line.len && line.len <= COMMAND_LINE_BYTES;
}

static void errand_set(struct errand *errand, struct str line)
{
	free(errand->line);
	command_check_done(&errand->check);
	command_check(line, &errand->check);
	errand->line = is_showable(line) ? x_strndup(line.ptr, line.len) : NULL;
}

static void errands_done(struct errand *errands, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(errands[i].line);
		command_check_done(&errands[i].check);
	}
}

static void errand_show(FILE *stream, const struct errand *errand)
{
	const struct command_check *check = &errand->check;

	tell(stream, "  ", str_from(errand->line));
	if (errand->why.len)
		tell(stream, "\n    why: ", errand->why);
	fprintf(stream, "\n    risk: %s", command_risk_words(check->risk));
	if (check->reason)
		fprintf(stream, " (%s)", check->reason);
	fputc('\n', stream);
}

static bool ask(const char *prompt, struct strbuf *ret)
{
	auto_line_editor struct line_editor *editor = NULL;
	auto_error struct error *error = line_editor_open(prompt, true, &editor);

	return !error && line_editor_read(editor, ret);
}

/* The person's word on one line; false: no more of them. */
static bool approve(FILE *stream, struct errand *errand)
{
	auto_strbuf struct strbuf answer = STRBUF_INIT;

	for (;;) {
		if (errand->line)
			errand_show(stream, errand);
		fflush(stream);
		if (!ask(errand->line ? "    run it? [y]es, [N]o, [e]dit, [q]uit: "
				      : "    [N]o, [e]dit, [q]uit: ",
			 &answer))
			return false;
		if (str_is(strbuf_str(&answer), "q") || str_is(strbuf_str(&answer), "quit"))
			return false;
		if (errand->line &&
		    (str_is(strbuf_str(&answer), "y") || str_is(strbuf_str(&answer), "yes"))) {
			errand->is_approved = true;
			return true;
		}
		if (!str_is(strbuf_str(&answer), "e") && !str_is(strbuf_str(&answer), "edit"))
			return true;
		if (!ask("    the line instead: ", &answer))
			return false;
		errand_set(errand, strbuf_str(&answer));
		if (!errand->line)
			fputs("    that line cannot be shown as it is\n", stream);
	}
}

/* Where a person sees what is shown and can answer. */
static bool has_person(const struct debughost_look *look)
{
	return !look->context->json && look->context->out.is_tty &&
	       (isatty(STDIN_FILENO) || access("/dev/tty", R_OK | W_OK) == 0);
}

static void refused_tell(const struct debughost_look *look, const struct errand *errands,
			 size_t count)
{
	FILE *stream = stream_of(look);

	if (!look->refused)
		return;
	fprintf(stream, "\nProposed by the model and not run%s:\n",
		has_person(look) ? "" : ", as there is no terminal to ask at");
	for (size_t i = 0; i < count; i++) {
		if (errands[i].is_approved)
			continue;
		if (errands[i].line)
			errand_show(stream, &errands[i]);
		else
			fputs("  (a line with bytes that cannot be shown)\n", stream);
	}
}

static void errands_approve(struct debughost_look *look, struct errand *errands, size_t count)
{
	FILE *stream = stream_of(look);
	bool asks = has_person(look), has_heading = false;

	for (size_t i = 0; i < count; i++) {
		struct errand *errand = &errands[i];

		if (look->yolo && errand->line && errand->check.is_tabled) {
			errand->is_approved = true;
			tell(stream,
			     "\nRuns unasked (--yolo), as it only reads: ", str_from(errand->line));
			fputc('\n', stream);
		} else if (asks) {
			if (!has_heading)
				fputs("\nThe model proposes to run. Nothing runs that you do not "
				      "approve.\n",
				      stream);
			has_heading = true;
			fprintf(stream, "\n  %zu of %zu:%s\n", i + 1, count,
				errand->line ? "" : " (a line with bytes that cannot be shown)");
			asks = approve(stream, errand);
		}
		look->refused += !errand->is_approved;
	}
	if (!has_heading)
		refused_tell(look, errands, count);
}

/* ---- running what was approved */

static struct host_record record_of(const struct errand *errand, const struct exec_result *result,
				    size_t number)
{
	struct host_record record = {
		.id = x_asprintf("asked-%zu", number),
		.command = x_strdup(errand->line),
		.round = 3,
		.status = result->status,
		.took_ns = result->end_ns - result->start_ns,
		.reason = result->reason ? x_strdup(result->reason) : NULL,
		.is_absent = !result->out.len,
		.is_whole = result->outcome == EXEC_DONE && !result->out.truncated,
	};

	strbuf_add(&record.out, strbuf_str(&result->out));
	strbuf_add(&record.err, strbuf_str(&result->err));
	if (!record.reason && record.is_absent)
		record.reason = result->status
					? x_asprintf("it failed with status %d", result->status)
					: x_strdup("it printed nothing");
	else if (!record.reason && result->out.truncated)
		record.reason = x_strdup("its output was cut at the cap");
	return record;
}

static struct error *errands_run(struct debughost_look *look, struct errand *errands, size_t count,
				 struct host_snapshot *snapshot)
{
	const struct exec_limits limits = { .ssh_config = look->ssh_config };
	auto_exec struct exec *exec = exec_new(&limits);
	uint32_t host;

	TRY(exec_add_host(exec, *snapshot->host ? snapshot->host : NULL, &host));
	for (size_t i = 0; i < count; i++) {
		/* Only here a line is for a shell: a person read it and said yes to it. */
		const char *const by_hand[] = { "sh", "-c", errands[i].line, NULL };
		struct exec_command command = { .timeout_ms = COMMAND_MS,
						.cap_bytes = COMMAND_BYTES };

		if (!errands[i].is_approved)
			continue;
		command.argv = errands[i].check.is_tabled ? errands[i].check.argv : by_hand;
		errands[i].task = exec_add(exec, host, &command);
	}
	exec_run(exec, &stop);
	for (size_t i = 0; i < count; i++) {
		const struct exec_result *result;

		if (!errands[i].is_approved)
			continue;
		result = exec_result_of(exec, errands[i].task);
		errands[i].record = snapshot->records.count;
		look->ran++;
		look->failed += result->outcome != EXEC_DONE || result->status != 0;
		host_record_vec_push(&snapshot->records, record_of(&errands[i], result, i + 1));
	}
	return NULL;
}

/* ---- what it printed, for the report */

static void output_add(struct strbuf *out, const struct errand *errand,
		       const struct host_record *record)
{
	auto_strbuf struct strbuf kept = STRBUF_INIT;

	if (record->reason) {
		strbuf_add_text(out, "(");
		prompt_escape(out, str_from(record->reason));
		strbuf_add_text(out, ")\n");
	}
	if (record->status)
		strbuf_addf(out, "(status %d)\n", record->status);
	command_filters_apply(&errand->check, strbuf_str(&record->out), &kept);
	prompt_add_input(out, strbuf_str(&kept));
	if (record->is_absent)
		prompt_add_input(out, text_cut(strbuf_str(&record->err), SHORT_BYTES));
	if (out->len && out->ptr[out->len - 1] != '\n')
		strbuf_add_char(out, '\n');
}

/* True where a summary of `text` was made and stands in `ret`. */
static bool summarise(const struct debughost_look *look, struct model_session *model,
		      const struct errand *errand, struct str text, struct strbuf *ret)
{
	auto_facts struct facts none = FACTS_INIT;
	auto_strbuf struct strbuf summary = STRBUF_INIT, input = STRBUF_INIT;
	struct error *error;

	if (model_calls_left(model) < 2)
		return false;
	strbuf_add_text(&input, "$ ");
	prompt_escape(&input, str_from(errand->line));
	strbuf_add_char(&input, '\n');
	strbuf_add(&input,
		   text_cut(text, MIN(model_input_room(model) * 2, (size_t)SUMMARISED_BYTES)));
	error = model_consult(
		model, &none,
		&(struct model_question){ "debughost-summary", look->problem, strbuf_str(&input) },
		&summary);
	if (error) {
		auto_free char *why = error_text(error);

		warnings_add(look->context->warnings, "no summary of '%s': %s", errand->line, why);
		error_free(error);
		return false;
	}
	if (look->print_summaries) {
		FILE *stream = stream_of(look);
		struct str rest = strbuf_str(&summary), line;

		tell(stream, "\nWhat ", str_from(errand->line));
		fputs(" says, by the model, which may be wrong:\n", stream);
		while (str_next_line(&rest, &line)) {
			tell(stream, "  ", line);
			fputc('\n', stream);
		}
	}
	strbuf_add_text(ret, "(a summary that a model made:)\n");
	prompt_add_input(ret, strbuf_str(&summary));
	if (ret->ptr[ret->len - 1] != '\n')
		strbuf_add_char(ret, '\n');
	return summary.len;
}

static void outputs_tell(const struct debughost_look *look, struct model_session *model,
			 const struct errand *errands, size_t count,
			 const struct host_snapshot *snapshot, struct strbuf *ret)
{
	size_t room = look->ran ? model_input_room(model) / look->ran : 0;

	for (size_t i = 0; i < count && !stop; i++) {
		auto_strbuf struct strbuf text = STRBUF_INIT;

		if (!errands[i].is_approved)
			continue;
		output_add(&text, &errands[i], &snapshot->records.items[errands[i].record]);
		strbuf_add_text(ret, "$ ");
		prompt_escape(ret, str_from(errands[i].line));
		strbuf_add_char(ret, '\n');
		if (text.len > MIN((size_t)SHORT_BYTES, room) &&
		    summarise(look, model, &errands[i], strbuf_str(&text), ret))
			continue;
		strbuf_add(ret, text_cut(strbuf_str(&text), room));
		if (text.len > room)
			strbuf_addf(ret, "\n(its beginning, of %zu bytes)\n", text.len);
	}
}

/* ---- the whole */

static void warn(const struct debughost_look *look, const char *what, struct error *error)
{
	auto_free char *text = error_text(error);

	warnings_add(look->context->warnings, "%s: %s", what, text);
	error_free(error);
}

static size_t proposals_run(struct debughost_look *look, struct model_session *model,
			    const struct plan_reply *reply, struct host_snapshot *snapshot,
			    struct strbuf *ret_input)
{
	struct errand errands[PLAN_PROPOSALS] = { 0 };
	size_t count = reply->proposal_count, approved;
	struct error *error;

	for (size_t i = 0; i < count; i++) {
		errands[i].why = reply->proposals[i].why;
		errand_set(&errands[i], reply->proposals[i].line);
	}
	errands_approve(look, errands, count);
	approved = count - look->refused;
	if (approved) {
		error = errands_run(look, errands, count, snapshot);
		if (error)
			warn(look, "nothing was run", error);
		else
			outputs_tell(look, model, errands, count, snapshot, ret_input);
	}
	if (look->failed)
		fprintf(stream_of(look), "%u of %u commands failed.\n", look->failed, look->ran);
	errands_done(errands, count);
	return look->ran;
}

bool debughost_look_further(struct debughost_look *look, struct model_session *model,
			    struct host_snapshot *snapshot, struct facts *facts,
			    struct strbuf *ret_input)
{
	const char *ids[MENU_MAX];
	auto_strbuf struct strbuf menu = STRBUF_INIT, text = STRBUF_INIT;
	auto_plan_reply struct plan_reply reply = { 0 };
	const struct sigaction stopping = { .sa_handler = on_interrupt };
	struct sigaction before;
	size_t menu_count, added = 0;
	struct error *error;

	if (*snapshot->host)
		model_mask_host(model, snapshot->host);
	/* One request is the report's. */
	if (!look->can_run || snapshot->unreachable || model_calls_left(model) < 2)
		return false;
	menu_count = menu_fill(snapshot, ids, &menu);
	if (isatty(STDERR_FILENO))
		fputs("asking the model what else to read ...\n", stderr);
	error = model_consult(
		model, facts,
		&(struct model_question){ "debughost-plan", look->problem, strbuf_str(&menu) },
		&text);
	if (error) {
		warn(look, "the model was not asked what else to read", error);
		return false;
	}
	plan_reply_parse(strbuf_str(&text), ids, menu_count, &reply);
	sigaction(SIGINT, &stopping, &before);
	if (reply.pick_count) {
		picks_tell(look, &reply);
		added = picks_read(look, &reply, snapshot);
	}
	if (reply.proposal_count && !stop)
		added += proposals_run(look, model, &reply, snapshot, ret_input);
	sigaction(SIGINT, &before, NULL);
	if (!added)
		return false;
	facts_done(facts);
	*facts = (struct facts)FACTS_INIT;
	host_snapshot_to_facts(snapshot, facts);
	return true;
}
