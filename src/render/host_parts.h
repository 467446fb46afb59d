/* The part of the report that is about one host. Internal to render. */
#pragma once

#include "render/host.h"

/* Head, findings, what is not the reason, what was not checked; then what each thing said. */
void host_answer_print(const struct term *term, const struct host_answer *answer);
