/*
 * Runs one argument vector on hosts through src/exec and prints what came of it, a JSON line a task
 * with the streams in hexadecimal: for ssh_hosts.py.
 *
 * exec_driver [-F CONFIG] [-T TIMEOUT_MS] [-C CAP_BYTES] [-W CONNECT_S] [-n TIMES] [-s] [-t
 * HOST]...
 *             -- ARGV...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "exec/exec.h"

enum { MAX_HOSTS = 64 };

static volatile sig_atomic_t stop;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void print_bytes(const char *name, const struct strbuf *bytes)
{
	printf(", \"%s\": \"", name);
	for (size_t i = 0; i < bytes->len; i++)
		printf("%02x", (unsigned char)bytes->ptr[i]);
	printf("\", \"%s_cut\": %s", name, bytes->truncated ? "true" : "false");
}

static void print_result(const struct exec_result *result)
{
	static const char *const outcomes[] = { "waiting",     "done",	    "timed-out",
						"stuck",       "not-found", "not-permitted",
						"unreachable", "stopped" };

	printf("{\"outcome\": \"%s\", \"status\": %d, \"took_s\": %.3f", outcomes[result->outcome],
	       result->status, (double)(result->end_ns - result->start_ns) / 1e9);
	print_bytes("out", &result->out);
	print_bytes("err", &result->err);
	printf(", \"reason\": \"");
	for (const char *c = result->reason ? result->reason : ""; *c; c++)
		putchar(*c == '"' || *c == '\\' || (unsigned char)*c < ' ' ? '?' : *c);
	printf("\"}\n");
}

int main(int argc, char **argv)
{
	struct exec_limits limits = { 0 };
	struct exec_command command = { .timeout_ms = 10000, .cap_bytes = 1 << 20 };
	const char *targets[MAX_HOSTS] = { NULL };
	size_t target_count = 0;
	unsigned times = 1;
	auto_exec struct exec *exec = NULL;
	int letter;

	while ((letter = getopt(argc, argv, "+F:T:C:W:n:st:")) != -1) {
		if (letter == 'F')
			limits.ssh_config = optarg;
		else if (letter == 'T')
			command.timeout_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 'C')
			command.cap_bytes = strtoul(optarg, NULL, 10);
		else if (letter == 'W')
			limits.connect_timeout_s = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 'n')
			times = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 's')
			command.as_root = true;
		else if (letter == 't' && target_count < MAX_HOSTS)
			targets[target_count++] = optarg;
		else
			return 2;
	}
	command.argv = (const char *const *)argv + optind;
	exec = exec_new(&limits);
	for (size_t t = 0; t < target_count || t == 0; t++) {
		uint32_t host;
		auto_error struct error *error = exec_add_host(exec, targets[t], &host);

		if (error) {
			fprintf(stderr, "%s\n", error->message);
			return 3;
		}
		for (unsigned i = 0; i < times; i++)
			exec_add(exec, host, &command);
	}
	signal(SIGINT, on_interrupt);
	exec_run(exec, &stop);
	for (uint32_t task = 0; task < times * MAX(target_count, (size_t)1); task++)
		print_result(exec_result_of(exec, task));
	return 0;
}
