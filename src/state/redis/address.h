/* SPDX-License-Identifier: MIT
 *
 * Private to state/: the address of a Redis or Valkey server.
 */
#pragma once

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

enum { REDIS_HOST_MAX = 253, REDIS_USER_MAX = 128, REDIS_PATH_MAX = 107, REDIS_DB_MAX = 9999 };

struct redis_address {
	bool is_tls;
	char user[REDIS_USER_MAX + 1]; /* "": the default user */
	char host[REDIS_HOST_MAX +
		  1]; /* a name or an address without brackets; "": `path` is set */
	unsigned port;
	char path[REDIS_PATH_MAX + 1]; /* of a socket of this machine */
	unsigned db;
};

/* Whether the address is of a kind for this driver: redis:, rediss: or redis+unix:. */
bool redis_is_address(const char *text);

/* Parses redis://[user@]host[:port][/db], rediss://… or redis+unix://[user@]/path[?db=N]. 0, or -1
 * with an error that says what is wrong with it. */
int redis_address_parse(const char *text, struct redis_address *address, struct error *error);

/* Parses host[:port] of a Sentinel. */
int redis_sentinel_parse(const char *text, struct redis_address *address, struct error *error);
