#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "exec/exec.h"
#include "exec/ssh.h"

enum { LONG_MS = 60000, CAP_BYTES = 1 << 20 };

static const struct exec_limits limits = { 0 };

static const struct exec_result *run_local(struct exec *exec, const struct exec_command *command,
					   const volatile sig_atomic_t *stop)
{
	uint32_t host, task;

	assert_null(exec_add_host(exec, NULL, &host));
	task = exec_add(exec, host, command);
	exec_run(exec, stop);
	return exec_result_of(exec, task);
}

static const struct exec_result *run_sh(struct exec *exec, const char *script, unsigned timeout_ms,
					size_t cap_bytes)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return run_local(exec, &(struct exec_command){ argv, timeout_ms, cap_bytes, false }, NULL);
}

static void streams_and_status_come_apart(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_sh(exec, "echo out; echo err >&2; exit 3", LONG_MS, CAP_BYTES);

	assert_int_equal(result->outcome, EXEC_DONE);
	assert_int_equal(result->status, 3);
	assert_string_equal(strbuf_text(&result->out), "out\n");
	assert_string_equal(strbuf_text(&result->err), "err\n");
	assert_true(result->end_ns > result->start_ns);
}

static void words_reach_the_program_whole(void **)
{
	const char *const argv[] = { "printf", "%s|", "a b", "$(id)", "'", "", "-x", NULL };
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_local(exec, &(struct exec_command){ argv, LONG_MS, CAP_BYTES, false }, NULL);

	assert_string_equal(strbuf_text(&result->out), "a b|$(id)|'||-x|");
}

static void locale_and_time_format_are_fixed_and_stdin_is_empty(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result;

	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("LANGUAGE", "de", 1);
	result = run_sh(exec, "echo $LC_ALL $S_TIME_FORMAT ${LANGUAGE-none}; cat", LONG_MS,
			CAP_BYTES);
	assert_string_equal(strbuf_text(&result->out), "C ISO none\n");
}

static void a_missing_program_is_told(void **)
{
	const char *const argv[] = { "no-such-program-here", NULL };
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_local(exec, &(struct exec_command){ argv, LONG_MS, CAP_BYTES, false }, NULL);

	assert_int_equal(result->outcome, EXEC_NOT_FOUND);
	assert_string_equal(result->reason, "there is no such program");
}

static void a_folder_is_not_permitted_as_a_program(void **)
{
	const char *const argv[] = { "/", NULL };
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_local(exec, &(struct exec_command){ argv, LONG_MS, CAP_BYTES, false }, NULL);

	assert_int_equal(result->outcome, EXEC_NOT_PERMITTED);
}

static void what_never_ends_is_stopped_and_its_output_kept(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result = run_sh(
		exec, "trap '' TERM; echo first; while :; do sleep 9 & wait; done", 200, CAP_BYTES);

	assert_int_equal(result->outcome, EXEC_TIMED_OUT);
	assert_string_equal(strbuf_text(&result->out), "first\n");
	assert_non_null(result->reason);
}

/* Reads the pid that the script printed. */
static pid_t pid_in(const struct strbuf *out)
{
	return (pid_t)atol(strbuf_text(out));
}

static void grandchildren_of_a_stopped_command_are_gone(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_sh(exec, "sleep 300 & echo $!; wait", 200, CAP_BYTES);
	pid_t grandchild = pid_in(&result->out);

	assert_true(grandchild > 1);
	for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; i++) {
		char path[64], state = 0;
		FILE *stat;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		stat = fopen(path, "r");
		if (!stat)
			break;
		if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			state = 0;
		fclose(stat);
		if (state == 'Z')
			return; /* dead; whoever inherited it has not reaped it */
		usleep(10000);
	}
	assert_int_equal(kill(grandchild, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void a_grandchild_that_holds_the_pipe_is_not_waited_for(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_sh(exec, "sleep 300 & echo done", LONG_MS, CAP_BYTES);

	assert_int_equal(result->outcome, EXEC_DONE);
	assert_string_equal(strbuf_text(&result->out), "done\n");
	assert_true(result->end_ns - result->start_ns < 30000000000U);
}

static void output_over_the_cap_is_cut_and_said(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result = run_sh(exec, "yes", LONG_MS, 1000);

	assert_int_equal(result->outcome, EXEC_DONE);
	assert_true(result->out.truncated);
	assert_true(result->out.len <= 1000);
}

static void many_run_side_by_side(void **)
{
	const char *const argv[] = { "sh", "-c", "sleep 0.5; echo $$", NULL };
	const struct exec_command command = { argv, LONG_MS, CAP_BYTES, false };
	auto_exec struct exec *exec = exec_new(&limits);
	uint64_t first = UINT64_MAX, last_start = 0, first_end = UINT64_MAX;
	uint32_t host;

	assert_null(exec_add_host(exec, NULL, &host));
	for (int i = 0; i < 8; i++)
		exec_add(exec, host, &command);
	exec_run(exec, NULL);
	for (uint32_t i = 0; i < 8; i++) {
		const struct exec_result *result = exec_result_of(exec, i);

		assert_int_equal(result->outcome, EXEC_DONE);
		first = MIN(first, result->start_ns);
		last_start = MAX(last_start, result->start_ns);
		first_end = MIN(first_end, result->end_ns);
	}
	assert_true(last_start < first_end);
}

static void a_person_stops_everything(void **)
{
	const volatile sig_atomic_t stop = 1;
	const char *const argv[] = { "sleep", "300", NULL };
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result =
		run_local(exec, &(struct exec_command){ argv, LONG_MS, CAP_BYTES, false }, &stop);

	assert_int_equal(result->outcome, EXEC_STOPPED);
}

static void an_unreachable_host_costs_its_time_once(void **)
{
	/* A port that nobody listens on; no configuration of the user takes part. */
	const struct exec_limits local = { .connect_timeout_s = 2, .ssh_config = "/dev/null" };
	const char *const argv[] = { "true", NULL };
	const struct exec_command command = { argv, LONG_MS, CAP_BYTES, false };
	auto_exec struct exec *exec = exec_new(&local);
	uint32_t host;

	if (access("/usr/bin/ssh", X_OK) != 0)
		skip();
	assert_null(exec_add_host(exec, "127.0.0.1:1", &host));
	for (int i = 0; i < 3; i++)
		exec_add(exec, host, &command);
	exec_run(exec, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		const struct exec_result *result = exec_result_of(exec, i);

		assert_int_equal(result->outcome, EXEC_UNREACHABLE);
		assert_non_null(strstr(result->reason, "refused"));
		assert_true(i == 0 || result->end_ns == result->start_ns);
	}
}

/* ---- other hosts, with a stand-in for ssh first in PATH */

/*
 * A shared connection is a process that makes its socket and waits; a command is a sh. `master` and
 * `shell` are what each does before.
 */
static void put_ssh(const char *master, const char *shell)
{
	char folder[] = "/tmp/exec-test-XXXXXX";
	auto_free char *path = NULL, *words = NULL;
	static char *real_path;
	FILE *script;

	assert_non_null(mkdtemp(folder));
	path = x_asprintf("%s/ssh", folder);
	script = fopen(path, "w");
	assert_non_null(script);
	fprintf(script,
		"#!/bin/sh\n"
		"for w; do case $w in -oControlPath=*) s=${w#*=};; -N) n=1;; esac; done\n"
		"if [ \"$n\" ]; then %s\n: >\"$s\"; exec sleep 300; fi\n"
		"%s\neval \"$w\"\n",
		master, shell);
	fclose(script);
	assert_int_equal(chmod(path, 0700), 0);
	if (!real_path)
		real_path = x_strdup(getenv("PATH"));
	words = x_asprintf("%s:%s", folder, real_path);
	setenv("PATH", words, 1);
}

static void drop_ssh(void)
{
	auto_free char *words = x_strdup(getenv("PATH"));
	auto_free char *path = NULL;

	*strchr(words, ':') = '\0';
	path = x_asprintf("%s/ssh", words);
	unlink(path);
	rmdir(words);
	setenv("PATH", words + strlen(words) + 1, 1);
}

enum { MANY = 12 };

static void run_on_host(struct exec *exec, const char *script, unsigned timeout_ms)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct exec_command command = { argv, timeout_ms, CAP_BYTES, false };
	uint32_t host;

	assert_null(exec_add_host(exec, "web1", &host));
	for (int i = 0; i < MANY; i++)
		exec_add(exec, host, &command);
	exec_run(exec, NULL);
}

static void a_login_shell_may_say_any_amount_before(void **)
{
	static const unsigned sizes[] = { 0, 65536, 66000, 300000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_exec struct exec *exec = exec_new(&limits);
		auto_free char *noise = x_asprintf("head -c %u /dev/zero | tr '\\0' x; "
						   "head -c %u /dev/zero | tr '\\0' '\\n' >&2",
						   sizes[i], sizes[i]);

		put_ssh("", noise);
		run_on_host(exec, "echo out; echo err >&2; exit 3", LONG_MS);
		drop_ssh();
		for (uint32_t task = 0; task < MANY; task++) {
			const struct exec_result *result = exec_result_of(exec, task);

			assert_int_equal(result->outcome, EXEC_DONE);
			assert_int_equal(result->status, 3);
			assert_string_equal(strbuf_text(&result->out), "out\n");
			assert_string_equal(strbuf_text(&result->err), "err\n");
		}
	}
}

static void a_slow_login_shell_does_not_eat_the_time_of_a_command(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);

	put_ssh("", "sleep 4.5"); /* more than the command's time and what is added to it */
	run_on_host(exec, "echo out", 1000);
	drop_ssh();
	for (uint32_t task = 0; task < MANY; task++)
		assert_int_equal(exec_result_of(exec, task)->outcome, EXEC_DONE);
}

static void an_ssh_that_hangs_costs_its_time_once(void **)
{
	const struct exec_limits short_ones = { .connect_timeout_s = 1 };
	static const char *const hangs[][2] = { { "exec sleep 300", "" },
						{ "", "exec sleep 300" } };

	for (size_t i = 0; i < ARRAY_SIZE(hangs); i++) {
		auto_exec struct exec *exec = exec_new(&short_ones);
		uint64_t last = 0, first = UINT64_MAX;

		put_ssh(hangs[i][0], hangs[i][1]);
		run_on_host(exec, "echo out", LONG_MS);
		drop_ssh();
		for (uint32_t task = 0; task < MANY; task++) {
			const struct exec_result *result = exec_result_of(exec, task);

			assert_int_equal(result->outcome, EXEC_UNREACHABLE);
			first = MIN(first, result->start_ns);
			last = MAX(last, result->end_ns);
		}
		assert_true(last - first < 30000000000U);
	}
}

static void a_connection_that_dies_in_the_middle_is_told_by_all(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);

	put_ssh("(: >\"$s\"); sleep 1; echo went >&2; exit 255", "(sleep 1.5; kill $$) & ");
	run_on_host(exec, "echo first; sleep 300", LONG_MS);
	drop_ssh();
	for (uint32_t task = 0; task < MANY; task++) {
		const struct exec_result *result = exec_result_of(exec, task);

		assert_int_equal(result->outcome, EXEC_UNREACHABLE);
		assert_string_equal(result->reason, "the connection broke");
		assert_string_equal(strbuf_text(&result->out), task < 8 ? "first\n" : "");
	}
}

static void a_server_that_is_too_busy_is_asked_again(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);

	put_ssh("c=$0.tried; [ -e $c ] || { : >$c; "
		"echo 'kex_exchange_identification: Connection closed by remote host' >&2; "
		"exit 255; }; rm $c",
		"");
	run_on_host(exec, "echo out", LONG_MS);
	drop_ssh();
	assert_int_equal(exec_result_of(exec, 0)->outcome, EXEC_DONE);
}

static void few_files_mean_few_at_once_and_nothing_lost(void **)
{
	auto_exec struct exec *exec = exec_new(&limits);
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 24;
	put_ssh("", "");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	run_on_host(exec, "echo out", LONG_MS);
	setrlimit(RLIMIT_NOFILE, &before);
	drop_ssh();
	for (uint32_t task = 0; task < MANY; task++)
		assert_int_equal(exec_result_of(exec, task)->outcome, EXEC_DONE);
}

static unsigned open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void nothing_of_a_run_stays(void **)
{
	unsigned before = open_files();
	struct exec *exec = exec_new(&limits);
	char *folder;

	put_ssh("echo \"${s%/*}\" >$0.folder", "");
	folder = x_strndup(getenv("PATH"), (size_t)(strchr(getenv("PATH"), ':') - getenv("PATH")));
	run_on_host(exec, "echo out", LONG_MS);
	exec_free(exec);
	assert_int_equal(open_files(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	{
		auto_free char *note = x_asprintf("%s/ssh.folder", folder);
		char line[256] = "";
		FILE *file = fopen(note, "r");

		assert_non_null(file);
		assert_non_null(fgets(line, sizeof(line), file));
		fclose(file);
		line[strcspn(line, "\n")] = '\0';
		assert_int_equal(access(line, F_OK), -1);
		unlink(note);
	}
	free(folder);
	drop_ssh();
}

/* ---- the words of ssh */

static void targets_are_taken_apart(void **)
{
	static const struct {
		const char *text, *destination;
		unsigned port;
	} cases[] = {
		{ "web1", "web1", 0 },
		{ "root@web1", "root@web1", 0 },
		{ "web1:2222", "web1", 2222 },
		{ "root@web1:2222", "root@web1", 2222 },
		{ "ssh://root@web1:2222", "root@web1", 2222 },
		{ "ssh://web1/", "web1", 0 },
		{ "[fe80::1]:2222", "fe80::1", 2222 },
		{ "[fe80::1]", "fe80::1", 0 },
		{ "fe80::1", "fe80::1", 0 },
		{ "a@b@web1", "a@b@web1", 0 },
		{ "fe80::1%eth0", "fe80::1%eth0", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ssh_target target = { 0 };

		assert_null(ssh_target_parse(cases[i].text, &target));
		assert_string_equal(target.destination, cases[i].destination);
		assert_int_equal(target.port, cases[i].port);
		ssh_target_done(&target);
	}
}

static void targets_that_could_be_options_or_syntax_are_refused(void **)
{
	static const char *const cases[] = {
		"",	     "-oProxyCommand=id",
		"root@-x",   "-l@web",
		"@web",	     "web 1",
		"web;id",    "web$(id)",
		"web`id`",   "web\n",
		"web:0",     "web:65536",
		"web:x",     "ssh://",
		"a'b",	     "a\"b",
		"[::1]x",    "web|id",
		"ssh://-oX", "web&id",
		"web>x",     "web*",
		"root@:22",  "a/b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ssh_target target = { 0 };
		auto_error struct error *error = ssh_target_parse(cases[i], &target);

		if (!error)
			print_error("accepted: '%s'\n", cases[i]);
		assert_non_null(error);
		assert_int_equal(error->code, ERROR_USAGE);
	}
}

/* What ssh would run there, run here. */
static void run_script(const char *const *argv, unsigned timeout_ms, const char *before,
		       struct strbuf *ret, const char *mark)
{
	auto_strbuf struct strbuf script = STRBUF_INIT;
	auto_free char *line = NULL;
	const char *words[] = { "sh", "-c", NULL, "sh", NULL, NULL };
	auto_exec struct exec *exec = exec_new(&limits);
	const struct exec_result *result;

	ssh_script_make(argv, timeout_ms, false, mark, &script);
	words[4] = strbuf_text(&script);
	line = x_asprintf(
		"%sprintf %%s \"$1\" | { sleep 0.1; cat; sleep 3; } | sh -c 'eval \"$(head -c "
		"%zu)\"'; :",
		before, script.len);
	words[2] = line;
	result = run_local(exec, &(struct exec_command){ words, LONG_MS, CAP_BYTES, false }, NULL);
	strbuf_add(ret, strbuf_str(&result->out));
}

static void the_script_frames_what_a_command_says(void **)
{
	const char *const argv[] = { "sh", "-c", "printf \"it's $LC_ALL\"; exit 7", NULL };
	const char *mark = "0123456789abcdef0123456789abcdef";
	auto_strbuf struct strbuf raw = STRBUF_INIT;
	struct str framed;
	int status = -1;

	run_script(argv, 5000, "echo welcome to this host;", &raw, mark);
	assert_int_equal(ssh_frame_find(strbuf_str(&raw), mark, &framed, &status), SSH_FRAME_WHOLE);
	assert_true(str_is(framed, "it's C"));
	assert_int_equal(status, 7);
}

static void the_script_ends_what_does_not_end(void **)
{
	const char *const argv[] = { "sh", "-c", "echo first; sleep 300", NULL };
	const char *mark = "0123456789abcdef0123456789abcdef";
	auto_strbuf struct strbuf raw = STRBUF_INIT;
	struct str framed;
	int status = -1;

	run_script(argv, 1000, "", &raw, mark);
	assert_int_equal(ssh_frame_find(strbuf_str(&raw), mark, &framed, &status), SSH_FRAME_WHOLE);
	assert_true(str_is(framed, "first\n"));
	assert_int_equal(status, 124);
}

static void half_frames_are_told_apart(void **)
{
	struct str framed;
	int status = -1;

	assert_int_equal(ssh_frame_find(STR("noise"), "m", &framed, &status), SSH_FRAME_NONE);
	assert_int_equal(ssh_frame_find(STR("x\nm begin\nhalf"), "m", &framed, &status),
			 SSH_FRAME_OPEN);
	assert_true(str_is(framed, "half"));
	assert_int_equal(ssh_frame_find(STR("\nm begin\na\nm 1"), "m", &framed, &status),
			 SSH_FRAME_OPEN);
	assert_int_equal(ssh_frame_find(STR("\nm begin\na\nm 999\n"), "m", &framed, &status),
			 SSH_FRAME_OPEN);
	assert_int_equal(ssh_frame_find(STR("\nm begin\n\nm 0\n"), "m", &framed, &status),
			 SSH_FRAME_WHOLE);
	assert_int_equal(framed.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_and_status_come_apart),
		cmocka_unit_test(words_reach_the_program_whole),
		cmocka_unit_test(locale_and_time_format_are_fixed_and_stdin_is_empty),
		cmocka_unit_test(a_missing_program_is_told),
		cmocka_unit_test(a_folder_is_not_permitted_as_a_program),
		cmocka_unit_test(what_never_ends_is_stopped_and_its_output_kept),
		cmocka_unit_test(grandchildren_of_a_stopped_command_are_gone),
		cmocka_unit_test(a_grandchild_that_holds_the_pipe_is_not_waited_for),
		cmocka_unit_test(output_over_the_cap_is_cut_and_said),
		cmocka_unit_test(many_run_side_by_side),
		cmocka_unit_test(a_person_stops_everything),
		cmocka_unit_test(an_unreachable_host_costs_its_time_once),
		cmocka_unit_test(a_login_shell_may_say_any_amount_before),
		cmocka_unit_test(a_slow_login_shell_does_not_eat_the_time_of_a_command),
		cmocka_unit_test(an_ssh_that_hangs_costs_its_time_once),
		cmocka_unit_test(a_connection_that_dies_in_the_middle_is_told_by_all),
		cmocka_unit_test(a_server_that_is_too_busy_is_asked_again),
		cmocka_unit_test(few_files_mean_few_at_once_and_nothing_lost),
		cmocka_unit_test(nothing_of_a_run_stays),
		cmocka_unit_test(targets_are_taken_apart),
		cmocka_unit_test(targets_that_could_be_options_or_syntax_are_refused),
		cmocka_unit_test(the_script_frames_what_a_command_says),
		cmocka_unit_test(the_script_ends_what_does_not_end),
		cmocka_unit_test(half_frames_are_told_apart),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? 1 : 0;
}
