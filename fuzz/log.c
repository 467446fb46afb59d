/* Free text and logs through the reduction to templates and the rules, to text and JSON. */
#include "fuzz.h"
#include "host_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	fuzz_host_answer("app", (struct str){ (const char *)data, size_bytes });
	return 0;
}
