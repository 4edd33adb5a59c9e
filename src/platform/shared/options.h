/* SPDX-License-Identifier: MIT
 *
 * Options that mean the same in the sections of several platforms. Private to this room.
 */
#pragma once

#include "outbound/fetch.h"
#include "platform/platform.h"

/* What many tables of options have in common. */
enum { OPTION_DAY_S = 24 * 3600 };

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
