/* SPDX-License-Identifier: MIT
 *
 * Private to auth: what meetauth and a program say to each other, version 1 of the dialog of
 * meetauth-command(7). Lines "KEY VALUE" of UTF-8 without control characters, the version first and
 * "end" last; whatever does not fit the manual to the letter is no answer (AUTH_UNAVAILABLE).
 */
#pragma once

#include "auth/auth.h"
#include "auth/helper.h"

/* Calls of struct auth_backend for an instance that begins with its struct helper, made with one
 * run of the program each. */
enum auth_verdict dialog_check(void *instance, const struct auth_attempt *attempt);
enum auth_verdict dialog_renew(void *instance, const struct auth_renewal *renewal);

/* Whether it runs and speaks the dialog, and thinks it could work. The secrets are not asked for.
 */
int dialog_connect(void *instance, const struct auth_secrets *secrets, struct error *error);

/* After it has failed: well only where it says so, and not where it does not know the request. */
int dialog_alive(void *instance, const struct auth_secrets *secrets, struct error *error);
