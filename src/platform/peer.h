/* SPDX-License-Identifier: MIT
 *
 * What the section of a platform tells the rest of the program, whichever driver it has. Every
 * instance begins with one and owns it.
 */
#pragma once

#include "config/option.h"

struct fetch;

enum { PLATFORM_URL_MAX = 300, PLATFORM_ROOMS_MAX = 64 };

struct platform_peer {
	const char *api;     /* "https://host[:port]", where requests go */
	const char *site;    /* "https://host[:port]", where the browser goes */
	const char *ca_file; /* "" for the system's certificates */
	int64_t connect_timeout_ms, timeout_ms;
	bool prefill; /* name and e-mail go along */

	/* Sources of a Content-Security-Policy that redirects may lead to besides `site`; NULL:
	 * none. */
	const char *redirect_sources;

	/* Of an exchange: how long idle connections are kept (0: not at all), how many there may be
	 * at once (0: as many as visits), and how long the platform accepts a request token, in
	 * seconds. */
	int64_t keep_alive_ms;
	unsigned connections_max;
	int64_t token_lifetime;

	struct config_list forward; /* names of parameters that are handed on */

	struct config_list origins; /* of pages whose scripts may ask for tokens */

	/* The page where visits by the entry end and whose script then asks for a token: the grant
	 * is not called for them, and redirect_url() gets no token. NULL: visits end as usual. */
	const char *app_url;

	/* Other pages of allowed origins, and native programs, where a visit may end whose token is
	 * for them (redirect.h). */
	struct config_list redirects;

	/* Rooms that meetings share, at most PLATFORM_ROOMS_MAX: a join comes to the grant with the
	 * room that its meeting holds for `room_lease` seconds since its last join. */
	struct config_list rooms;
	char **room_names; /* owned; what each is known by: one name for all spellings */
	int64_t room_lease;
	int64_t room_rest; /* seconds that an address into a room is good, whoever has it then */

	/* The client of a grant on workers, for the driver alone; owned by the registry. */
	struct fetch *fetch;
};
