/* Sources of manual pages: whatever they hold, texts keep to their caps and forms have options. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "knowledge/man_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	auto_man_page struct man_page page = { 0 };

	man_page_parse((struct str){ (const char *)data, size_bytes }, &page);
	if (strlen(page.synopsis) > 1000 || strlen(page.summary) > 1000)
		abort();
	for (size_t i = 0; i < page.forms.count; i++)
		if (page.forms.items[i].option >= page.options.count || !*page.forms.items[i].name)
			abort();
	for (size_t i = 0; i < page.options.count; i++)
		if (strlen(page.options.items[i].text) > 1000)
			abort();
	return 0;
}
