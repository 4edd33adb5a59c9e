/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: meetauthctl user totp, the key of a user's second factor (auth/totp.h), for every
 * backend whose users may have one.
 */
#pragma once

#include "ctl/ctl.h"

int user_totp_run(struct ctl *ctl); /* the command */

/* Removes every key of a user from the store. 1: there were some, 0: there were none, -1 with an
 * error. */
int user_totp_remove(const struct settings *settings, const char *backend, const char *subject,
	struct error *error);
