/* The scripts and style sheets of data/web, put into the program by tools/embed. */
#pragma once

#include "base/str.h"

extern const struct str embedded_flamegraph_css, embedded_flamegraph_js;
