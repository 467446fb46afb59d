/*
 * Foreign text inside XML, and inside JSON that stands in XML. Both always give well-formed output:
 * control bytes, invalid UTF-8 and characters that XML has no way to write become U+FFFD, as do the
 * marks that turn the direction of text, since a name could pass for another one with them.
 */
#pragma once

#include "base/strbuf.h"

/* For text between tags and for attribute values in double quotes. */
void xml_text(struct strbuf *out, struct str text);
/* A JSON string with its quotes; "<", ">" and "&" are \u00XX, so that no CDATA section ends. */
void xml_json_string(struct strbuf *out, struct str text);
