/* SPDX-License-Identifier: MIT
 *
 * The log lines event=login and event=logout.
 */
#pragma once

#include "visit/visit.h"

/* Writes event=login. The user is always `who`'s subject, which a backend has set, and never what
 * was typed: that may be a password in the wrong field. Fields that are NULL are left out. `detail`
 * tells the operator why. */
void login_log(const struct visit *visit, const char *result, const struct identity *who,
	const char *detail);

/* The same if no backend has named an account. `backend` is a title or NULL. */
void login_log_nobody(
	const struct visit *visit, const char *result, const char *backend, const char *detail);

/* Writes event=logout. `detail` is NULL if the person signed out here. */
void logout_log(const struct visit *visit, const struct identity *who, const char *detail);
