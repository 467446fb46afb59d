/*
 * What comes back over ssh, taken apart at its marks, and names of hosts. The first byte chooses;
 * a frame's mark is always the same, as a fuzzer cannot guess a random one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "exec/ssh.h"
#include "fuzz.h"

static void take_frame(struct str raw)
{
	struct str part = { 0 };
	int status = -1;
	enum ssh_frame frame = ssh_frame_find(raw, "mark", &part, &status);

	if (frame == SSH_FRAME_NONE)
		return;
	if (part.ptr < raw.ptr || part.ptr + part.len > raw.ptr + raw.len)
		abort();
	if (frame == SSH_FRAME_WHOLE && (status < 0 || status > 255))
		abort();
}

static void take_target(struct str raw)
{
	auto_free char *text = x_strndup(raw.ptr, raw.len);
	struct ssh_target target = { 0 };
	auto_error struct error *error = ssh_target_parse(text, &target);

	if (error)
		return;
	if (!*target.destination || *target.destination == '-' || target.port > 65535 ||
	    strpbrk(target.destination, " \t\n'\"`$;&|<>()*?!#~{}/"))
		abort();
	ssh_target_done(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct str raw;

	if (!size_bytes)
		return 0;
	raw = (struct str){ (const char *)data + 1, size_bytes - 1 };
	if (*data == 'f')
		take_frame(raw);
	else if (*data == 't')
		take_target(raw);
	else
		free(ssh_reason(raw, 255));
	return 0;
}
