/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: `meetauthctl user totp`, which sets the key of a user's second factor
 * (auth/totp.h) in all backends whose users may have one.
 */
#pragma once

#include "ctl/ctl.h"

int user_totp_run(struct ctl *ctl); /* the command */

/* Removes all keys of a user from the store. Returns 1 if it removed any, 0 if there were none, or
 * -1 with an error. */
int user_totp_remove(const struct settings *settings, const char *backend, const char *subject,
	struct error *error);
