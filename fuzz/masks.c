/* Any bytes come back from behind their masks as they were. */
#include "fuzz.h"

#include <stdlib.h>

#include "llm/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct str text = { (const char *)data, size_bytes };
	auto_masks struct masks masks = MASKS_INIT;
	auto_strbuf struct strbuf hidden = STRBUF_INIT, shown = STRBUF_INIT;

	masks_add_name(&masks, MASK_HOST, "web1");
	masks_add_name(&masks, MASK_USER, "alice");
	mask_hide(&masks, text, &hidden);
	mask_reveal(&masks, strbuf_str(&hidden), &shown);
	if (!str_eq(text, strbuf_str(&shown)))
		abort();
	return 0;
}
