#include "knowledge/wrapper.h"

#include <string.h>

#include "base/memory.h"

/* clang-format off */
static const struct wrapper wrappers[] = {
	{ "sudo doas", { .stops_at_operand = true, .has_assignments = true, .valued = "ugpChrTtDRU" },
	  WRAPPER_COMMAND, NULL },
	{ "env", { .stops_at_operand = true, .has_assignments = true, .valued = "uCS" },
	  WRAPPER_COMMAND, NULL },
	{ "nice", { .stops_at_operand = true, .valued = "n" }, WRAPPER_COMMAND, NULL },
	{ "ionice", { .stops_at_operand = true, .valued = "cn" }, WRAPPER_COMMAND, NULL },
	{ "timeout", { .stops_at_operand = true, .operands = 1, .valued = "ks" }, WRAPPER_COMMAND, NULL },
	{ "time nohup setsid exec command caffeinate unbuffer fakeroot eatmydata catchsegv",
	  { .stops_at_operand = true, .valued = "fo" }, WRAPPER_COMMAND, NULL },
	{ "stdbuf", { .stops_at_operand = true, .valued = "ioe" }, WRAPPER_COMMAND, NULL },
	{ "taskset", { .stops_at_operand = true, .operands = 1 }, WRAPPER_COMMAND, NULL },
	{ "chrt", { .stops_at_operand = true, .operands = 1, .valued = "TPD" }, WRAPPER_COMMAND, NULL },
	{ "chroot flock gosu su-exec", { .stops_at_operand = true, .operands = 1, .valued = "wE" },
	  WRAPPER_COMMAND, NULL },
	{ "numactl unshare nsenter systemd-run prlimit setpriv runuser",
	  { .stops_at_operand = true, .valued = "NmCipPtup" }, WRAPPER_COMMAND, NULL },
	{ "tini dumb-init catatonit busybox toybox heaptrack systemd-inhibit dbus-run-session xvfb-run "
	  "npx bunx", { .stops_at_operand = true, .valued = "ep" }, WRAPPER_COMMAND, NULL },
	{ "strace ltrace", { .stops_at_operand = true, .valued = "eopsuaISbPXEn" }, WRAPPER_COMMAND, NULL },
	{ "valgrind", { .stops_at_operand = true }, WRAPPER_COMMAND, NULL },
	{ "watch", { .stops_at_operand = true, .valued = "n" }, WRAPPER_COMMAND, NULL },
	{ "xargs", { .stops_at_operand = true, .valued = "nPIdaELs" }, WRAPPER_COMMAND, NULL },
	{ "ssh", { .stops_at_operand = true, .operands = 1, .valued = "bcDEeFIiJLlmOopQRSWw" },
	  WRAPPER_COMMAND, NULL },
	{ "mpirun mpiexec srun torchrun", { .stops_at_operand = true, .valued = "nNc" },
	  WRAPPER_COMMAND, NULL },
	{ "docker podman nerdctl", { .stops_at_operand = true, .operands = 1, .valued = "vpeuwlhm" },
	  WRAPPER_COMMAND, "run exec create" },
	{ "kubectl oc", { .stops_at_operand = true, .operands = 1, .valued = "nc" },
	  WRAPPER_COMMAND, "exec" },
	{ "perf", { .stops_at_operand = true, .valued = "eFgoptCcDGIrxm" },
	  WRAPPER_COMMAND, "record stat trace" },
	{ "uv poetry pipenv pdm hatch bundle rbenv pyenv", { .stops_at_operand = true },
	  WRAPPER_COMMAND, "run exec" },
	{ "python python3 python2 pypy pypy3",
	  { .stops_at_operand = true, .valued = "mcWXQ", .last_options = "-m -c" },
	  WRAPPER_SCRIPT, NULL },
	{ "java", { .stops_at_operand = true, .last_options = "-jar" }, WRAPPER_SCRIPT, NULL },
	{ "perl ruby node nodejs php lua", { .stops_at_operand = true, .valued = "eIr" },
	  WRAPPER_SCRIPT, NULL },
	{ "bash sh dash zsh ksh", { .stops_at_operand = true, .valued = "cO", .last_options = "-c" },
	  WRAPPER_SCRIPT, NULL },
	{ "tar ps ar", { .bundled_first = true }, WRAPPER_NONE, NULL },
};
/* clang-format on */

static bool has_word(const char *words, struct str wanted)
{
	struct str rest = str_from(words), word;

	while (str_next_word(&rest, &word))
		if (str_eq(word, wanted))
			return true;
	return false;
}

/* "x86_64-linux-gnu-gcc-12" loses its version only. */
struct str program_without_version(struct str name)
{
	size_t length = name.len;

	while (length && strchr("0123456789.", name.ptr[length - 1]))
		length--;
	if (length && length < name.len && name.ptr[length - 1] == '-')
		return (struct str){ name.ptr, length - 1 };
	for (size_t i = length; i < name.len; i++)
		if (name.ptr[i] == '.')
			return (struct str){ name.ptr, i };
	return name;
}

const struct wrapper *wrapper_find(struct str name, const char *first)
{
	struct str plain = program_without_version(name);

	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++) {
		const struct wrapper *wrapper = &wrappers[i];

		if (!has_word(wrapper->names, name) && !has_word(wrapper->names, plain))
			continue;
		if (wrapper->subcommands &&
		    (!first || !has_word(wrapper->subcommands, str_from(first))))
			return NULL;
		return wrapper;
	}
	return NULL;
}

bool wrapper_is_shell(struct str name)
{
	return has_word("bash sh dash zsh ksh", name);
}
