/* SPDX-License-Identifier: MIT
 *
 * Looks up and caches the addresses of other hosts, without blocking the loop. One thread with
 * c-ares asks the hosts file and DNS as resolv.conf says. It asks for a name only once at a time,
 * for the loop and all workers together. Answers are cached for their TTL (at least 5 s, at most 5
 * min) and renewed before it ends. If the renewal fails, the old answer is used for up to a day
 * (RFC 8767). A changed resolv.conf applies to the next lookup.
 *
 * All functions may be called from any thread.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESSES_MAX = 8, ADDRESS_SIZE = 46 };

/* Numeric addresses in the order in which to try them: sorted by RFC 6724, IPv4 and IPv6 in turns,
 * those that failed last. */
struct addresses {
	size_t count;
	char text[ADDRESSES_MAX][ADDRESS_SIZE];
};

/* A host name, counted by reference. All users of the same name share it. */
struct name;

/* Returns the name, to be released with name_drop(); NULL if memory ran out. Starts no lookup.
 * `host` may also be a numeric address, IPv6 with or without brackets. The answer stays cached for
 * later users after the last name_drop(). */
struct name *name_use(const char *host);
void name_drop(struct name **name);

/* True if the host is a numeric address: nothing is looked up. */
bool name_is_numeric(const struct name *name);

enum name_state {
	NAME_FAILED = 0, /* the lookup failed; it is repeated soon */
	NAME_ASKED,	 /* a lookup is under way */
	NAME_TIMED_OUT,	 /* like NAME_FAILED, because no server answered */
	NAME_KNOWN,
};

/* Returns what is known of the name now, and starts a lookup where one is due. With NAME_KNOWN it
 * copies the addresses and sets *look_again_ms_r to when to call this again (monotonic). With
 * NAME_FAILED and NAME_TIMED_OUT *why_r is a constant text. */
enum name_state name_lookup(struct name *name, struct addresses *addresses_r,
	int64_t *look_again_ms_r, const char **why_r);

/* Like name_lookup(), but waits for the answer until `deadline_ms` (monotonic). Never returns
 * NAME_ASKED. */
enum name_state name_wait(
	struct name *name, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r);

/* name_use(), name_wait() and name_drop() in one call. */
enum name_state names_find(
	const char *host, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r);

/* Reports that this address did not connect: the next caller gets another one first. */
void name_bad(struct name *name, const char *address);

/* Reports that none of the addresses connected: the name is looked up again before its TTL ends. */
void name_doubt(struct name *name);

/* Sets a callback, one for the process. It is called on the resolver's thread whenever the result
 * of name_lookup() may have changed. NULL removes it. */
void names_notify(void (*changed)(void *context), void *context);

/* Ends the thread; lookups under way fail. The next lookup starts the thread again. */
void names_stop(void);
