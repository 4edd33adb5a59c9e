/* SPDX-License-Identifier: MIT
 *
 * Root and the user of the service: what root may rely on, and how a process that root started
 * stops being root.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Checks that nobody but root and `owner` can replace the file or folder at `path`: every folder
 * and every symbolic link on the way belongs to one of the two, and others may write to none of
 * them, but for folders with the sticky bit. For a caller who is root, neither may the group of
 * what is root's. Returns 0, or -1 with the name of what is wrong and what to do; errno text where
 * there is nothing at `path`. */
int owner_check(const char *path, uid_t owner, struct error *error);

/* Turns the calling process, which is root's, into one of the user `owner` with the user's groups
 * (or with `group` alone, where the system has no such user), without capabilities, without a way
 * back, and without a terminal to type into. Returns 0. Returns -1 when that failed in any part:
 * the caller then has to exit.
 *
 * PR_SET_NO_NEW_PRIVS stays off: meetauth-pam may be set-group-id "shadow" (meetauth.conf(5)). */
int owner_become(uid_t owner, gid_t group, struct error *error);
