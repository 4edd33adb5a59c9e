/* SPDX-License-Identifier: MIT
 *
 * Options that mean the same in the sections of several platforms. Private to this room.
 */
#ifndef PLATFORM_SHARED_H
#define PLATFORM_SHARED_H

#include "outbound/fetch.h"
#include "platform/platform.h"

/* The option `name` as scheme://host[:port], as browsers write an origin (config_to_origin());
 * where the file does not set it, https:// and the title. 0, or -1 with section_error(). */
int shared_read_url(const struct section *section, const char *name, char url[PLATFORM_URL_MAX],
	struct error *error);

/* "connect-timeout" and "timeout" into the peer. */
int shared_read_timeouts(
	const struct section *section, struct platform_peer *peer, struct error *error);

/* The same, and a client by the peer's `ca_file` and them, which is the caller's to free. */
int shared_new_fetch(const struct section *section, struct platform_peer *peer,
	struct fetch **fetch_r, struct error *error);

/* The defaults of those two, for who asks the platform in `check --connect` only. */
void shared_set_timeouts(struct platform_peer *peer);

/* "allowed-origins" into the peer. */
int shared_read_origins(
	const struct section *section, struct platform_peer *peer, struct error *error);

/* Appends what a room is known by, the same for all its spellings and in all sections; -1 where the
 * text can be none. */
typedef int shared_name_room(const void *instance, const char *text, struct buffer *name);

/* "rooms" and "room-lease" into the peer. `form` tells the operator what a room looks like. The
 * names are to be freed, also after a failure. */
int shared_read_rooms(const struct section *section, struct platform_peer *peer,
	shared_name_room *name_room, const void *instance, const char *form, struct error *error);
void shared_free_rooms(struct platform_peer *peer);

/* "lifetime" in whole seconds, `minimum` to a day. */
int shared_read_lifetime(
	const struct section *section, int64_t minimum, int64_t *seconds_r, struct error *error);

/* The host of a URL that shared_read_url() made, lower case and without port. */
void shared_host_of(const char *url, char host[PLATFORM_URL_MAX]);

#endif
