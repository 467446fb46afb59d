#include "llm/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

#define FILE_CAP_BYTES ((size_t)1 << 20)
#define OLD_SHARE 0.7 /* one odd request moves the figure by less than a third */
#define SAFETY 0.9    /* what overflows is refused as a whole */
#define BYTES_MIN 200 /* of less, the server's own frame would be counted */
#define STEP 0.1
#define RATIO_LEAST 0.5
#define RATIO_MOST 8.0

/* "RATIO MODEL": a model's name may hold blanks. */
static bool parse_line(struct str line, struct str *ret_model, double *ret_ratio)
{
	struct str ratio;

	return str_cut(line, ' ', &ratio, ret_model) && str_to_double(ratio, ret_ratio) &&
	       *ret_ratio >= RATIO_LEAST && *ret_ratio <= RATIO_MOST;
}

static double find(struct str text, const char *model)
{
	struct str line, name;
	double ratio;

	while (str_next_line(&text, &line)) {
		if (parse_line(line, &name, &ratio) && str_is(name, model))
			return ratio;
	}
	return 0;
}

double calibration_find(const char *path, const char *model)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_error struct error *error = file_read(path, FILE_CAP_BYTES, &text);

	/* In steps: the same input shall make the same prompt. */
	return error ? 0 : floor(find(strbuf_str(&text), model) * SAFETY / STEP + 1e-6) * STEP;
}

struct error *calibration_note(const char *path, const char *model, uint64_t bytes, uint64_t tokens)
{
	auto_strbuf struct strbuf text = STRBUF_INIT;
	auto_output struct output_file output = { 0 };
	struct str rest, line, name;
	double ratio, old;

	if (bytes < BYTES_MIN || !tokens)
		return NULL;
	ratio = (double)bytes / (double)tokens;
	ratio = MIN(MAX(ratio, RATIO_LEAST), RATIO_MOST);
	error_free(file_read(path, FILE_CAP_BYTES, &text));
	old = find(strbuf_str(&text), model);
	if (old > 0)
		ratio = old * OLD_SHARE + ratio * (1 - OLD_SHARE);
	TRY(output_open(path, &output));
	fprintf(output.stream, "%.3f %s\n", ratio, model);
	rest = strbuf_str(&text);
	while (str_next_line(&rest, &line)) {
		if (parse_line(line, &name, &old) && !str_is(name, model))
			fprintf(output.stream, "%.*s\n", STR_ARG(line));
	}
	return output_finish(&output);
}
