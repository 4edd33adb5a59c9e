/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: what the operator meant by an option. Each function ends the program with a
 * message where that makes no sense.
 */
#pragma once

#include "ctl/ctl.h"
#include "secret/password.h"
#include "secret/secret.h"

/* The backend of this type that --backend names, or the only one of the type. */
const struct section *given_backend(const struct ctl *ctl, const char *type);

/* The same of all backends that fit; `what` tells in messages which those are. */
const struct section *given_backend_that(const struct ctl *ctl,
	bool (*fits)(const struct section *backend, const char *type), const char *type,
	const char *what);

/* --expires: "2026-12-31", "2026-12-31T18:00Z" or a duration from now, which must lie in the
 * future. Not given: `otherwise`. */
int64_t given_expiry(const struct ctl *ctl, int64_t otherwise);

/* The platform with that title, compared without case; NULL if no platform has it. */
const struct section *given_platform(const struct settings *settings, const char *title);

/* The id that the platform's driver has for what was typed (platform_meeting_id()); the caller
 * frees it. 0, or -1. */
int given_meeting_id(
	const struct section *platform, const char *text, char **id_r, struct error *error);

/* --platform and --meeting, for a file: the platform's section, and the id, which the caller frees.
 */
const struct section *given_meeting(const struct ctl *ctl, char **id_r);

/* From standard input, or from a terminal twice. */
struct secret *given_secret(const char *prompt);

/* 256 random bits as base64url. */
struct secret *given_random(void);

/* Checks a password or key that a login form has to send: a text of `minimum` bytes or more. */
void given_check_password(const struct secret *password, const char *what, size_t minimum);

/* The hash of a password. */
void given_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);
