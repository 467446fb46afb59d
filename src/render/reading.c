#include "render/reading.h"

#include "base/units.h"

static size_t shown_lines(const struct profile *profile)
{
	return profile->ignored_lines < PROFILE_IGNORED_SHOWN ? (size_t)profile->ignored_lines
							      : PROFILE_IGNORED_SHOWN;
}

void reading_ignored_text(const struct profile *profile, struct strbuf *out)
{
	uint64_t lines = profile->text_lines, ignored = profile->ignored_lines;

	if (!ignored)
		return;
	if (ignored * 2 > lines && lines >= ignored) {
		strbuf_add_text(out, "Only ");
		units_count(out, lines - ignored);
		strbuf_add_text(out, " of ");
		units_count(out, lines);
		strbuf_addf(out, " lines could be read (%s). Left out: ", profile->format);
	} else {
		units_count(out, ignored);
		strbuf_add_text(out, " of ");
		units_count(out, lines);
		strbuf_addf(out, " lines %s not understood and left out: ",
			    ignored == 1 ? "was" : "were");
	}
	for (size_t i = 0; i < shown_lines(profile); i++) {
		if (!profile->ignored[i].number)
			break;
		strbuf_addf(out, "%sline ", i ? ", " : "");
		units_count(out, profile->ignored[i].number);
		strbuf_addf(out, " '%s'", profile_text(profile, profile->ignored[i].text));
	}
	strbuf_add_text(out, ignored > PROFILE_IGNORED_SHOWN ? ", ..." : "");
}

void reading_columns_text(const struct profile *profile, struct strbuf *out)
{
	if (profile->columns)
		strbuf_addf(out, "Columns: %s.", profile_text(profile, profile->columns));
}

void reading_json(struct json_writer *json, const struct profile *profile)
{
	json_key_uint(json, "ignored_lines", profile->ignored_lines);
	json_key(json, "ignored");
	json_array_begin(json);
	for (size_t i = 0; i < shown_lines(profile) && profile->ignored[i].number; i++) {
		json_object_begin(json);
		json_key_uint(json, "line", profile->ignored[i].number);
		json_key_text(json, "text", profile_text(profile, profile->ignored[i].text));
		json_object_end(json);
	}
	json_array_end(json);
	if (profile->columns)
		json_key_text(json, "columns", profile_text(profile, profile->columns));
}
