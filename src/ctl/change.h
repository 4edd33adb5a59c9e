/* SPDX-License-Identifier: MIT
 *
 * A change of one user in a users file: the file is read, one line of it replaced, added or left
 * out, and the whole put in place of the old one, under a lock. Every other line and comment stays
 * as it is, byte for byte.
 */
#ifndef CTL_CHANGE_H
#define CTL_CHANGE_H

#include "auth/users.h"

#include <sys/types.h>

/* From reading the file to replacing it. Made with CHANGE_INIT, path and name set, then
 * change_begin(). */
struct change {
	const char *path; /* the caller's */
	char name[USERS_NAME_SIZE];
	const struct user *user; /* the one to change; NULL where there is none */
	/* private */
	int lock;
	mode_t mode;	   /* of the file that was there */
	struct buffer old; /* its text */
	struct users *users;
};

#define CHANGE_INIT ((struct change){.lock = -1})

/* Locks and reads; the user must be there, or, with `create`, must not (and the file need not
 * either). 0, or an exit status with an error; change_end() after either. */
int change_begin(struct change *change, bool create, struct error *error);

/* Replaces the file with one that has `user` in place of change->user (NULL: no longer has it). 0,
 * or an exit status with an error; then the file is the old one. */
int change_commit(struct change *change, const struct user *user, struct error *error);

/* Unlocks and frees; change_begin() may follow. */
void change_end(struct change *change);

#endif
