/* Whatever a model writes: no more than the stated numbers, and only ids of the menu. */
#include "fuzz.h"

#include <stdlib.h>

#include "cmd/plan_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const char *const menu[] = { "sockets", "df" };
	auto_plan_reply struct plan_reply reply = { 0 };

	plan_reply_parse((struct str){ (const char *)data, size_bytes }, menu, 2, &reply);
	if (reply.pick_count > 2 || reply.proposal_count > PLAN_PROPOSALS)
		abort();
	return 0;
}
