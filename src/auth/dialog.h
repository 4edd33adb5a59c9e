/* SPDX-License-Identifier: MIT
 *
 * Private to auth: what meetauth and a program say to each other, version 1 of the dialog of
 * meetauth-command(7). Lines "KEY VALUE" of UTF-8 without control characters, the version first and
 * "end" last; whatever does not fit the manual to the letter is no answer (AUTH_UNAVAILABLE).
 */
#ifndef AUTH_DIALOG_H
#define AUTH_DIALOG_H

#include "auth/auth.h"
#include "auth/helper.h"

/* The calls of struct auth_backend, made with one run of the program each. */
enum auth_verdict dialog_check(const struct helper *helper, const struct auth_attempt *attempt);
enum auth_verdict dialog_renew(const struct helper *helper, const struct auth_renewal *renewal);

/* Whether it runs and speaks the dialog, and thinks it could work. 0 or -1. */
int dialog_connect(const struct helper *helper, struct error *error);

#endif
