/* SPDX-License-Identifier: MIT
 *
 * Changes one user in a users file. Under a lock, reads the file, replaces, adds or removes one
 * line, and atomically replaces the file. All other lines and comments stay unchanged, byte for
 * byte.
 */
#pragma once

#include "auth/users.h"

#include <sys/types.h>

/* Start with CHANGE_INIT, set path and name, and call change_begin(). */
struct change {
	const char *path; /* belongs to the caller */
	char name[USERS_NAME_SIZE];
	const struct user *user; /* the user to change, or NULL for a new one */
	/* private */
	int lock;
	mode_t mode;	   /* of the existing file */
	struct buffer old; /* its text */
	struct users *users;
};

#define CHANGE_INIT ((struct change){.lock = -1})

/* On failure, each of these prints a message and exits. */

/* Locks and reads the file. The user must exist. With `create` the user must not exist, and the
 * file need not. */
void change_begin(struct change *change, bool create);

/* Replaces the file by one that has `user` instead of change->user. NULL removes change->user. */
void change_commit(struct change *change, const struct user *user);

/* Unlocks and frees. change_begin() may be called again. */
void change_end(struct change *change);
