/* SPDX-License-Identifier: MIT
 *
 * What meetauthctl has changed, for the audit: one line for each call that changed something, to
 * syslog(3), whatever `log` says: meetauthd's standard error is not ours. Who called is found out
 * before the program becomes the user of the service.
 */
#pragma once

#include "base/banned.h"

enum { AUDIT_NAME_MAX = 64, AUDIT_TEXT_MAX = 480 };

struct audit {
	char by[AUDIT_NAME_MAX];   /* who calls: a login name, or the number of a user */
	char what[AUDIT_TEXT_MAX]; /* the arguments, which have no secret in them */
};

/* Keeps who calls, and the words behind those of the command, before options are taken out. */
void audit_begin(struct audit *audit, int argc, char **argv);

/* The line. `words` are those of the command. */
void audit_end(const struct audit *audit, const char *words);
