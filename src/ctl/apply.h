/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: what `meetauthctl apply` makes so. apply.c reads the file and reports,
 * apply_items.c and apply_user.c have the kinds of entries, apply_entry.c reads their members.
 */
#pragma once

#include "auth/users.h"
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
	const char *backend;  /* title, if the name does not have it; "" */
	enum apply_result result;
	bool is_done;  /* `result` was made so */
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

void apply_user(struct ctl *ctl, struct apply_item *item, bool dry);

/* -- members of an entry -- */

/* A text; "" if the entry does not have it. */
const char *apply_text(const struct apply_item *item, const char *member);
/* The same; exits if the entry does not have it. */
const char *apply_required(const struct apply_item *item, const char *member);

/* Reads `name`, as it would be typed and in its canonical form. */
void apply_name(const struct apply_item *item, char canonical[USERS_NAME_SIZE]);

/* Seconds since 1970; 0: never. Not a duration, which would mean another time with each call. */
int64_t apply_expires(const struct apply_item *item);

bool apply_is_state(const struct apply_item *item, const char *state);
void apply_check_state(const struct apply_item *item, bool may_disable);

/* The backend of this type that the entry names, or the only one. */
const struct section *apply_backend(
	const struct ctl *ctl, const struct apply_item *item, const char *type);

/* Sets the name for messages, which the item owns then. */
void apply_set_name(struct apply_item *item, char *name);

/* Whether the password or key of the entry, if it has one, belongs to the hash; compared once. */
bool apply_has_password(struct apply_item *item, const char *hash);

/* Checks the password or key of an entry, which a new one must have. */
void apply_check_password(
	const struct apply_item *item, bool is_new, const char *what, size_t minimum);

enum apply_result apply_compared(bool is_new, bool is_equal);
