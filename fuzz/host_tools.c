/* The outputs of sysstat, procps and /proc through their parsers and the rules, to text and JSON.
 */
#include "fuzz.h"
#include "host_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	fuzz_host_answer("", (struct str){ (const char *)data, size_bytes });
	return 0;
}
