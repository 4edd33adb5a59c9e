/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: looks up or converts the value of an option. On invalid values each function
 * prints a message and exits.
 */
#pragma once

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "secret/password.h"
#include "secret/secret.h"

/* Returns the backend of this type that --backend names, or the only one of the type. */
const struct section *given_backend(const struct ctl *ctl, const char *type);

/* The same for the backends that `fits` accepts. `what` describes them in messages. */
const struct section *given_backend_that(const struct ctl *ctl,
	bool (*fits)(const struct section *backend, const char *type), const char *type,
	const char *what);

#define GIVEN_END_FORM "2026-12-31, 2026-12-31T18:00Z or a duration like 30d"

/* Parses when something ends: a text of GIVEN_END_FORM, which must lie in the future. Returns 0
 * with *end_r in seconds since 1970, or -1. */
int given_end(const char *text, int64_t *end_r);

/* Parses --expires as given_end() does. Returns seconds since 1970, or `otherwise` if the option
 * was not given. */
int64_t given_expiry(const struct ctl *ctl, int64_t otherwise);

/* Parses --since, a text of GIVEN_END_FORM that lies in the past. Returns seconds since 1970, or 0
 * if the option was not given. */
int64_t given_since(const struct ctl *ctl);

/* Finds the id of the meeting that was typed (platform_meeting_id()). Returns 0 with *id_r, which
 * the caller frees, or -1 with the error. */
int given_meeting_id(
	const struct section *platform, const char *text, char **id_r, struct error *error);

/* Looks up --platform and --meeting. Returns the platform's section, and the meeting's id in *id_r,
 * which the caller frees. The id fits into a line of a file. */
const struct section *given_meeting(const struct ctl *ctl, char **id_r);

/* Reads a secret from a descriptor; at a terminal prompts for it twice. The caller frees it. */
struct secret *given_secret(int fd, const char *prompt);

/* Returns 256 random bits as base64url. The caller frees them. */
struct secret *given_random(void);

enum { GIVEN_PASSWORD_MIN = 8 }; /* of a user: NIST SP 800-63B, 5.1.1.2 */

/* Checks that a login form can send a password or key, and that it has at least `minimum` bytes.
 * `what` names it in messages. 0, or -1 with the error. */
int given_password_fits(
	const struct secret *password, const char *what, size_t minimum, struct error *error);
/* The same; exits on an error. */
void given_check_password(const struct secret *password, const char *what, size_t minimum);

/* Computes the hash of a password. */
void given_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);

/* Whether two secrets are equal. */
bool given_same(const struct secret *a, const struct secret *b);

/* Opens the file that an option names, while the program may still be root. Returns the descriptor,
 * or -1 if the option was not given. */
int given_open(const char *option, const char *path);

/* Appends all that a descriptor has to a buffer that may have secrets; `name` says what it is in
 * messages. Exits if it cannot be read, or is longer than the buffer may become. */
void given_read(int fd, const char *name, struct buffer *text);

/* A person: the first operand. "staff/alice" is alice of the backend "staff" if there is such a
 * backend, otherwise somebody called "staff/alice". */
struct given_person {
	const char *backend; /* NULL: any backend */
	const char *subject; /* not empty */
};
struct given_person given_person(const struct ctl *ctl);
