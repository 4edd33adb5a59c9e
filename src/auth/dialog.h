/* SPDX-License-Identifier: MIT
 *
 * Private to src/auth: version 1 of the protocol in meetauth-command(7). Messages are lines "KEY
 * VALUE" of UTF-8 without control characters, with the version first and "end" last. An answer that
 * deviates from the manual is rejected (AUTH_UNAVAILABLE).
 */
#pragma once

#include "auth/auth.h"
#include "auth/helper.h"

/* For struct auth_backend, with an instance that begins with a struct helper. Each call runs the
 * program once. */
enum auth_verdict dialog_check(void *instance, const struct auth_attempt *attempt);
enum auth_verdict dialog_renew(void *instance, const struct auth_renewal *renewal);

/* Tests whether the program runs, speaks the protocol and is ready. Ignores the secrets. */
int dialog_connect(void *instance, const struct auth_secrets *secrets, struct error *error);

/* The test after failures (auth.h). A program that does not know this request fails it. */
int dialog_alive(void *instance, const struct auth_secrets *secrets, struct error *error);
