/* Knowledge as users write it, and names of functions looked up in it and in the built-in base. */
#include "fuzz.h"

#include <string.h>

#include "knowledge/knowledge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct knowledge *built_in;
	struct str text = { (const char *)data, size_bytes }, line;
	auto_knowledge struct knowledge *knowledge = knowledge_new();
	auto_error struct error *error = knowledge_add_text(knowledge, "input", text);

	if (!built_in)
		built_in = knowledge_new();
	for (int i = 0; i < 50 && str_next_line(&text, &line); i++) {
		struct str library, function;

		str_cut(line, ' ', &library, &function);
		knowledge_function(error ? built_in : knowledge, library, function);
		knowledge_library(knowledge, library);
		knowledge_program(knowledge, library);
	}
	return 0;
}
