/* SPDX-License-Identifier: MIT
 *
 * The lines event=login and event=logout: who signed in, who tried, who signed out.
 */
#ifndef SIGNIN_LOG_H
#define SIGNIN_LOG_H

#include "visit/visit.h"

/* One line event=login. The user is `who`'s subject and comes from nowhere else: a backend set it,
 * so it is the name of an account and not whatever was typed, which may be a password in the wrong
 * field. NULL fields are left out. `detail` says why, for the operator. */
void login_log(const struct visit *visit, const char *result, const struct identity *who,
	const char *detail);

/* The same where no backend has said whom it is about; `backend` is a title, NULL: none. */
void login_log_nobody(
	const struct visit *visit, const char *result, const char *backend, const char *detail);

/* One line event=logout. `detail` NULL: they signed out here. */
void logout_log(
	const struct visit *visit, const char *user, const char *backend, const char *detail);

#endif
