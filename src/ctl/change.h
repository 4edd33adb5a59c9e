/* SPDX-License-Identifier: MIT
 *
 * A change of one user in a users file: the file is read, one line of it replaced, added or left
 * out, and the whole put in place of the old one, under a lock. Every other line and comment stays
 * as it is, byte for byte.
 */
#pragma once

#include "auth/users.h"

#include <sys/types.h>

/* From reading the file to replacing it: CHANGE_INIT, set path and name, change_begin(). */
struct change {
	const char *path; /* the caller's */
	char name[USERS_NAME_SIZE];
	const struct user *user; /* the one to change; NULL: a new one */
	/* private */
	int lock;
	mode_t mode;	   /* of the file that was there */
	struct buffer old; /* its text */
	struct users *users;
};

#define CHANGE_INIT ((struct change){.lock = -1})

/* Each ends the program with a message where it cannot be done. */

/* Locks and reads; the user must exist, or, with `create`, must not (nor need the file). */
void change_begin(struct change *change, bool create);

/* Replaces the file with one that has `user` in place of change->user (NULL: no longer has it). */
void change_commit(struct change *change, const struct user *user);

/* Unlocks and frees; change_begin() may follow. */
void change_end(struct change *change);
