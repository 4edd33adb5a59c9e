/* SPDX-License-Identifier: MIT
 *
 * The settings of a platform that the rest of the program reads, whichever driver the section has.
 * Every instance of a driver begins with a struct platform_peer. Texts belong to the configuration,
 * which outlives the instance, unless a member says otherwise.
 */
#pragma once

#include "config/option.h"

struct fetch;

enum { PLATFORM_URL_MAX = 300, PLATFORM_ROOMS_MAX = 64 };

struct platform_peer {
	const char *api;     /* "https://host[:port]" that requests are sent to */
	const char *site;    /* "https://host[:port]" that browsers are redirected to */
	const char *ca_file; /* PEM file; "": the system's certificates */
	int64_t connect_timeout_ms, timeout_ms;
	bool prefill; /* whether name and e-mail are passed to the platform */

	/* Further sources for the Content-Security-Policy, for redirects to other places than
	 * `site`. NULL: none. */
	const char *redirect_sources;

	/* For exchanges: how long idle connections stay open (0: they are closed), the limit of
	 * connections (0: no limit), and how many seconds the platform accepts a request token. */
	int64_t keep_alive_ms;
	unsigned connections_max;
	int64_t token_lifetime;

	struct config_list forward; /* names of query parameters that are passed on */

	struct config_list origins; /* allowed origins: their scripts may request tokens */

	/* The application's page. Visits by the entry are redirected to it without a token and
	 * without a call of admit(); its script then requests the token. NULL: visits are
	 * redirected to the meeting. */
	const char *app_url;

	/* Further redirect targets: pages of allowed origins, and native applications (redirect.h).
	 */
	struct config_list redirects;

	/* Rooms that meetings share, at most PLATFORM_ROOMS_MAX. A meeting holds a room for
	 * `room_lease` seconds after its last join; admit() finds the room in join->room. */
	struct config_list rooms;
	char **room_names; /* owned; the canonical name of each room, the same for all spellings */
	int64_t room_lease;
	int64_t room_rest; /* seconds that a join link to a room stays valid, even after another
			      meeting has taken the room */

	/* HTTP client for admit() on workers, used by the driver only. The registry owns it. */
	struct fetch *fetch;
};
