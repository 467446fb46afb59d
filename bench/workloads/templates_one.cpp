#include "templates.hpp"

extern const templates::Work work_table[] = { templates::work<0> };
extern const unsigned work_count = 1;
