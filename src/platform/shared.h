/* SPDX-License-Identifier: MIT
 *
 * What drivers have in common: opening an instance, options that mean the same everywhere, and
 * reading what a visit brings. Private to this room.
 */
#ifndef PLATFORM_SHARED_H
#define PLATFORM_SHARED_H

#include "outbound/fetch.h"
#include "platform/platform.h"

enum { SHARED_URL_MAX = 300 };

/* Fills an instance, which is all zeros, as the section says. 0, or -1 with section_error(). */
typedef int shared_configure(void *instance, const struct section *section, struct error *error);

/* driver->open() for an instance of `size` bytes that begins with its struct platform_peer. Where
 * `configure` fails, `close` gets what there is. */
int shared_open(const struct section *section, size_t size, shared_configure *configure,
	void (*close)(void *instance), void **instance_r, struct error *error);

/* driver->peer() for such an instance. */
const struct platform_peer *shared_peer(const void *instance);

/* The option `name` as scheme://host[:port], as browsers write an origin (config_to_origin());
 * where the file does not set it, https:// and the title. 0, or -1 with section_error(). */
int shared_read_url(const struct section *section, const char *name, char url[SHARED_URL_MAX],
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
void shared_host_of(const char *url, char host[SHARED_URL_MAX]);

/* Says which parameter is bad. Always -1. */
int shared_refuse(struct platform_arrival *arrival, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Refuses a parameter for its length. Always -1. */
int shared_refuse_length(struct platform_arrival *arrival, const char *parameter, size_t maximum);

/* A parameter that may be missing: *value_r is NULL then. -1 when it stands twice, or is no
 * text. */
int shared_optional(struct platform_arrival *arrival, const char *name, const char **value_r);

/* Sets the meeting's names to copies; the id serves for both. 0, or -1 without memory. */
int shared_set_meeting(struct platform_arrival *arrival, const char *id);

/* The bytes of the first `maximum` characters of UTF-8, and of as many whole ones as fit into
 * `maximum` bytes. */
size_t shared_cut_characters(const char *text, size_t maximum);
size_t shared_cut_bytes(const char *text, size_t maximum);
typedef size_t shared_cut(const char *text, size_t maximum);

/* Appends "BACKEND/SUBJECT", which tells people of different backends apart. What `cut` would
 * shorten to `maximum` ends with a hash of the whole in its place, the same each time. */
void shared_person(
	const struct identity *who, shared_cut *cut, size_t maximum, struct buffer *person);

/* The value of a forwarded parameter, NULL where the join has none of that name. */
const char *shared_forwarded(const struct join *join, const char *name);

#endif
