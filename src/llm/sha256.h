/* SHA-256 (FIPS 180-4), for the names of what is kept of requests and replies. */
#pragma once

#include "base/str.h"

#define SHA256_HEX_BYTES 65

void sha256_hex(struct str data, char ret_hex[SHA256_HEX_BYTES]);
