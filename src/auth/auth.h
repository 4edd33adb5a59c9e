/* SPDX-License-Identifier: MIT
 *
 * Who are you? The contract of a backend: one .c file, everything static, one const struct
 * auth_backend, one row in registry.c. Two contexts with two lifetimes: the instance (a section of
 * the configuration, from load to the next load) and the attempt (one try of one person). An
 * instance may be used by several worker threads at once.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/identity.h"
#include "config/option.h"

enum { AUTH_PASSWORD_MAX = 1024 }; /* bytes; a longer one is refused, never cut */

/* What a backend says. Zero is deny, so that what nobody set refuses. */
enum auth_verdict {
	AUTH_DENY = 0, /* known here, and this is not the right password, or disabled, or expired */
	AUTH_UNKNOWN,  /* nobody of that name here: the next backend may know */
	AUTH_UNAVAILABLE, /* out of order: no statement about the person */
	AUTH_GRANT,	  /* it is them; `who` is complete */
};

/* One try with a name and a password. */
struct auth_attempt {
	/* As typed: UTF-8 without control characters, 1 to IDENTITY_SUBJECT_MAX bytes. */
	const char *name;
	/* 1 to AUTH_PASSWORD_MAX bytes; wiped by the caller. */
	const char *password;
	/* Filled on AUTH_GRANT only, but for `backend`, which the caller sets. */
	struct identity *who;
	/* Why AUTH_UNAVAILABLE, for the log; never about the person. */
	struct error *error;
};

struct auth_backend {
	const char *type;
	const char *summary;	      /* one line for -V and the manual */
	const struct option *options; /* what its section takes */

	/* Makes an instance; 0 or -1 with section_error(). Asks no host. */
	int (*open)(const struct section *section, void **instance_r, struct error *error);
	void (*close)(void *instance);

	/* Checks a password. Blocks, so it runs on a worker; takes as long for an unknown name as
	 * for a known one. */
	enum auth_verdict (*check)(void *instance, const struct auth_attempt *attempt);

	/* Whether a session of this subject may go on: false when it was removed, disabled or has
	 * expired. Called on the loop for every join: must not block. NULL: always. */
	bool (*stands)(void *instance, const char *subject);

	/* Reads its files again if they changed; called on a worker about every second. 1 when
	 * something changed, 0 when not, -1 with an error (what was there before stays). NULL: has
	 * no files. */
	int (*refresh)(void *instance, struct error *error);

	/* Tries to reach what it needs: for `meetauthctl check --connect`. 0 or -1. NULL: nothing
	 * to reach. */
	int (*connect)(void *instance, struct error *error);
};

/* A backend by its type; NULL when there is none. *compiled_out_r: known, but not in this build. */
const struct auth_backend *auth_find(const char *type, bool *compiled_out_r);

/* All that are built in, in the order of the registry; NULL past the end. */
const struct auth_backend *auth_at(size_t index);

/* For config_load(); ended by a NULL type. */
const struct section_type *auth_section_types(void);

#endif
