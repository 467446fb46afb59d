/* A dump of threads at a glance; nothing is written of other inputs. Internal to render. */
#pragma once

#include "base/json_out.h"
#include "render/answer_text.h"
#include "samples/profile.h"

void answer_threads_text(const struct answer_printer *p);
/* The key "threads". */
void answer_threads_json(struct json_writer *json, const struct profile *profile);
