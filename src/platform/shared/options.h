/* SPDX-License-Identifier: MIT
 *
 * Options that mean the same in the sections of several platforms. Private to this room.
 */
#pragma once

#include "outbound/fetch.h"
#include "platform/platform.h"

enum { OPTION_DAY_S = 24 * 3600 };

/* Rows of a table of options that fill the peer; `help` is the row's line. tests/guard/manuals
 * reads them here. */
#define PEER_SITE(help)                                                                            \
	{                                                                                          \
		"site", OPTION_ORIGIN, NULL, help, OPTION_INTO(struct platform_peer, site)         \
	}
#define PEER_CA_FILE                                                                               \
	{                                                                                          \
		"ca-file", OPTION_TEXT, "", "certificates (PEM) to trust instead of the system's", \
			OPTION_INTO(struct platform_peer, ca_file)                                 \
	}
#define PEER_PREFILL(help)                                                                         \
	{                                                                                          \
		"prefill", OPTION_BOOL, "true", help, OPTION_INTO(struct platform_peer, prefill)   \
	}
#define PEER_ORIGINS                                                                               \
	{                                                                                          \
		"allowed-origins", OPTION_LIST, NULL,                                              \
			"origins of pages whose scripts may ask for tokens",                       \
			.of = OPTION_SENT, OPTION_INTO(struct platform_peer, origins)              \
	}
#define PEER_APP                                                                                   \
	{"app", OPTION_PAGE, "", "address of a page, whose script asks, for visits by the entry",  \
		.check = option_check_app, .null_if_unset = true,                                  \
		OPTION_INTO(struct platform_peer, app_url)},                                       \
	{                                                                                          \
		"redirects", OPTION_LIST, NULL,                                                    \
			"other pages of allowed-origins, and native programs, that visits may "    \
			"end at",                                                                  \
			.of = OPTION_TEXT, .max = 16, .check = option_check_redirect,              \
			.distinct = true, OPTION_INTO(struct platform_peer, redirects)             \
	}
#define PEER_TIMEOUTS(help)                                                                        \
	{"connect-timeout", OPTION_DURATION, "2s", "for name lookup, TCP and TLS", .min = 1,       \
		OPTION_INTO(struct platform_peer, connect_timeout_ms)},                            \
	{                                                                                          \
		"timeout", OPTION_DURATION, "10s", help,                                           \
			.min = 1, OPTION_INTO(struct platform_peer, timeout_ms)                    \
	}

/* Completes and checks what section_fill() has stored in the peer: `api` is `site` where the table
 * has no such option, timeouts have a default and fit together, `app` stands on an allowed origin.
 * 0, or -1 with section_error(). */
int options_complete(
	const struct section *section, struct platform_peer *peer, struct error *error);

/* For rows of options: whether a text is visible ASCII, whether it is an address of a page without
 * a fragment, and whether it is only https://host[:port]. */
int option_check_visible(const char *text, struct error *why);
int option_check_app(const char *text, struct error *why);
int option_check_site(const char *text, struct error *why);

/* Appends what a room is known by, the same for all its spellings and in all sections; -1 where the
 * text can be none. */
typedef int options_name_room(const void *instance, const char *text, struct buffer *name);

/* Names the peer's rooms, and refuses one that is there twice. `form` tells the operator what a
 * room looks like. 0, or -1 with section_error(). */
int options_name_rooms(const struct section *section, struct platform_peer *peer,
	options_name_room *name_room, const void *instance, const char *form, struct error *error);
void options_free_rooms(struct platform_peer *peer);
