/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: what `meetauthctl apply` makes so. apply.c reads the file and reports;
 * apply_items.c has the kinds of entries.
 */
#pragma once

#include "ctl/ctl.h"
#include "secret/secret.h"

#include <jansson.h>

/* What applying an entry does, or would do. */
enum apply_result { APPLY_UNCHANGED = 0, APPLY_ADDED, APPLY_CHANGED, APPLY_REMOVED };

/* One entry of the file. */
struct apply_item {
	const char *file; /* that has it, for messages */
	const struct apply_kind *kind;
	const json_t *json;   /* an object with members of the kind */
	size_t number;	      /* from 1, in the list of its kind */
	struct secret *value; /* of its `file` or `passwordFile`; NULL: none */
	const char *name;     /* for messages; owned by the item */
	enum apply_result result;
	bool is_known; /* `value` was compared with the hash, and is_same is the answer */
	bool is_same;
};

struct apply_kind {
	const char *list;	    /* the member of the file: "users" */
	const char *noun;	    /* "user" */
	const char *file;	    /* the member that names the file of `value` */
	const char *const *members; /* all that an entry may have; ended by NULL */
	/* Finds what is to do and, unless `dry`, does it. Exits on an error. */
	void (*apply)(struct ctl *ctl, struct apply_item *item, bool dry);
};

/* In the order in which they are applied; ended by a NULL list. */
extern const struct apply_kind apply_kinds[];

/* Exits with a message about an entry. */
_Noreturn void apply_die(const struct apply_item *item, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
