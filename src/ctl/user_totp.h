/* SPDX-License-Identifier: MIT
 *
 * meetauthctl user totp: the key of somebody's second factor (auth/totp.h), of whatever backend
 * people may have one.
 */
#ifndef CTL_USER_TOTP_H
#define CTL_USER_TOTP_H

#include "ctl/ctl.h"

/* The call. */
int user_totp_run(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv);

/* Removes every key of somebody from the store. 1: there were some, 0: there were none, -1 with an
 * error. */
int user_totp_remove(const struct settings *settings, const char *backend, const char *subject,
	struct error *error);

#endif
