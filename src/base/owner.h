/* SPDX-License-Identifier: MIT
 *
 * Root and the service's user: which files root may trust, and how a process started by root
 * becomes that user.
 */
#pragma once

#include "base/error.h"

#include <sys/types.h>

/* Checks that only root and `owner` can replace the file or folder at `path`: every folder and
 * symbolic link on the way belongs to one of them, and others cannot write to any, except folders
 * with the sticky bit. If the caller is root, the group of root's files must not write either. 0;
 * or -1 with the name at fault and what to do, or errno's text if `path` does not exist. */
int owner_check(const char *path, uid_t owner, struct error *error);

/* Changes the calling root process to the user `owner` with that user's groups (or with `group`
 * alone if the system has no such user). Gives up capabilities, any way back, and the terminal. 0;
 * or -1 if any part failed: the caller must exit. PR_SET_NO_NEW_PRIVS stays off, because
 * meetauth-pam may be set-group-id "shadow" (meetauth.conf(5)). */
int owner_become(uid_t owner, gid_t group, struct error *error);
