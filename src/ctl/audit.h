/* SPDX-License-Identifier: MIT
 *
 * Logs what meetauthctl changes: one line for each call of a command that changes something, and
 * one for each entry that `apply` changes. The line goes to syslog(3) whatever the option `log`
 * says, since meetauthd's standard error belongs to another process. The caller is determined
 * before the program switches to the service's user.
 */
#pragma once

#include "base/banned.h"

enum { AUDIT_NAME_MAX = 64, AUDIT_TEXT_MAX = 480 };

struct audit {
	char by[AUDIT_NAME_MAX];   /* the caller: a login name or a user id */
	char what[AUDIT_TEXT_MAX]; /* the arguments; they never contain a secret */
};

/* Stores the caller and the command's arguments. Call it before the options are removed from argv.
 */
void audit_begin(struct audit *audit, int argc, char **argv);

/* Writes a line. `words` is the command, such as "secret set"; `detail` is what it changed; NULL:
 * left out. */
void audit_write(const struct audit *audit, const char *words, const char *detail);
