/* SPDX-License-Identifier: MIT
 *
 * Codes of a second factor: time-based one-time passwords (RFC 6238) as all authenticator apps
 * generate them, with 6 digits, SHA-1 and a period of 30 seconds. `meetauthctl user totp` puts a
 * user's key into the store.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TOTP_KEY_BYTES = 20,  /* RFC 4226 section 4, R6: 160 bits */
	TOTP_KEY_SIZE = 33,   /* the same in base32, with the NUL */
	TOTP_NAME_SIZE = 840, /* enough for the longest name of totp_secret_name() */
};

enum totp_verdict { TOTP_WRONG = 0, TOTP_RIGHT };

/* Whether this build has liboath. Without it every code is wrong. */
bool totp_available(void);

/* Checks a code, ignoring spaces in it, against a base32 key (RFC 4648 section 6) at `now`, in
 * seconds since 1970. Also accepts the codes of the previous and the next time step, since clocks
 * differ a little. *step_r is the time step of a right code, which the caller claims so that a code
 * works only once. Takes constant time for all codes and keys. Thread-safe. */
enum totp_verdict totp_check(
	const char *key_base32, const char *code, int64_t now, int64_t *step_r);

/* Makes a random key in base32, which the caller wipes. Returns 0, or -1 if this build has no
 * liboath or memory runs out. */
int totp_make_key(char key_base32[TOTP_KEY_SIZE]);

/* Writes the key's name in the store, "totp/BACKEND/SUBJECT". In the subject, ASCII letters are
 * lower case, since a directory may ignore case and another spelling must not bypass the second
 * factor; characters other than RFC 3986's unreserved ones are percent-encoded. Returns 0, or -1
 * and "" if it does not fit into `size` bytes. */
int totp_secret_name(const char *backend, const char *subject, char *name, size_t size);
