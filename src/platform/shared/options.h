/* SPDX-License-Identifier: MIT
 *
 * Options that have the same meaning in the sections of several platforms. Private to src/platform.
 */
#pragma once

#include "outbound/fetch.h"
#include "platform/platform.h"

enum { OPTION_DAY_S = 24 * 3600 };

/* Rows of option tables that fill the struct platform_peer; `help` is the line for -V.
 * tests/guard/manuals reads these macros. */
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
			"origins of pages whose scripts may request tokens",                       \
			.of = OPTION_SENT, OPTION_INTO(struct platform_peer, origins)              \
	}
#define PEER_APP                                                                                   \
	{"app", OPTION_PAGE, "", "URL of the page to which visits by the entry are redirected",    \
		.check = option_check_app, .null_if_unset = true,                                  \
		OPTION_INTO(struct platform_peer, app_url)},                                       \
	{                                                                                          \
		"redirects", OPTION_LIST, NULL,                                                    \
			"further redirect targets: pages of allowed-origins, native applications", \
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

/* Sets defaults in the peer after section_fill(): `api` is `site` if the table has no such option,
 * and timeouts have a default. Checks that the timeouts fit together and that `app` belongs to an
 * allowed origin. Returns 0, or -1 with section_error(). */
int options_complete(
	const struct section *section, struct platform_peer *peer, struct error *error);

/* Checks for rows of options: the text is visible ASCII; it is a page's URL without a fragment; it
 * is just https://host[:port]. Return 0, or -1 with the reason in `why`. */
int option_check_visible(const char *text, struct error *why);
int option_check_app(const char *text, struct error *why);
int option_check_site(const char *text, struct error *why);

/* Appends the canonical name of a room, which is the same for all its spellings and in all
 * sections. Returns 0, or -1 if the text cannot name a room. */
typedef int options_name_room(const void *instance, const char *text, struct buffer *name);

/* Fills the peer's room_names and refuses a room that is listed twice. `form` tells the operator
 * how to write a room. Returns 0, or -1 with section_error(). */
int options_name_rooms(const struct section *section, struct platform_peer *peer,
	options_name_room *name_room, const void *instance, const char *form, struct error *error);
void options_free_rooms(struct platform_peer *peer);
