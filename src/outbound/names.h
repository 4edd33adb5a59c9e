/* SPDX-License-Identifier: MIT
 *
 * Names of other hosts, looked up without anybody having to wait: one thread with c-ares asks the
 * hosts file and DNS as resolv.conf says; one question a name at a time, for the loop and for all
 * workers. Answers are kept by their TTL (5 s to 5 min) and asked for again ahead of their end; an
 * old answer is used, up to a day, while the new one fails (RFC 8767). A change of resolv.conf
 * counts from the next question on.
 *
 * Everything here may be called from any thread.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESSES_MAX = 8, ADDRESS_SIZE = 46 };

/* Numeric addresses, in the order in which they are to be tried: by RFC 6724, the families taking
 * turns, those that failed last. */
struct addresses {
	size_t count;
	char text[ADDRESSES_MAX][ADDRESS_SIZE];
};

/* A host name that somebody uses; counted, shared by all who use the same. */
struct name;

/* NULL without memory. Asks nothing yet. `host` may be an address in numbers, with or without
 * brackets where it is IPv6. What was found is kept for whoever uses the name after the last
 * name_drop(). */
struct name *name_use(const char *host);
void name_drop(struct name **name);

/* Whether it is an address in numbers: nothing is looked up. */
bool name_is_numeric(const struct name *name);

enum name_state {
	NAME_FAILED = 0, /* there is no answer; asked again soon */
	NAME_ASKED,	 /* the answer is on its way */
	NAME_TIMED_OUT,	 /* like NAME_FAILED: no server answered */
	NAME_KNOWN,
};

/* What is known of the name now; asks where that is due. With NAME_KNOWN the addresses are copied,
 * and *look_again_ms_r is when to call this again (monotonic); with NAME_FAILED and NAME_TIMED_OUT
 * *why_r is a constant text. */
enum name_state name_look(struct name *name, struct addresses *addresses_r,
	int64_t *look_again_ms_r, const char **why_r);

/* The same, and waits for the answer until `deadline_ms` (monotonic). Never NAME_ASKED. */
enum name_state name_wait(
	struct name *name, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r);

/* For a single use: name_use(), name_wait(), name_drop(). */
enum name_state names_find(
	const char *host, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r);

/* There was no connection to this address: whoever looks next begins with another. */
void name_bad(struct name *name, const char *address);

/* To none of the addresses: ask again before the TTL is over. */
void name_doubt(struct name *name);

/* Calls `changed` on the resolver's thread whenever name_look() may say something else than before;
 * NULL ends that. One for the process. */
void names_notify(void (*changed)(void *context), void *context);

/* Ends the thread; questions under way fail. It starts again with the next question. */
void names_stop(void);
