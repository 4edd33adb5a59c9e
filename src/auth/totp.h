/* SPDX-License-Identifier: MIT
 *
 * Codes of a second factor: time-based one-time passwords (RFC 6238) as every authenticator app
 * makes them: 6 digits, SHA-1, a new one every 30 seconds. A key of somebody lies in the store
 * under a name that is made here; meetauthctl user totp puts it there.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TOTP_KEY_BYTES = 20,  /* RFC 4226 section 4, R6: 160 bits */
	TOTP_KEY_SIZE = 33,   /* the same in base32, with the NUL */
	TOTP_NAME_SIZE = 840, /* room for the longest name that totp_secret_name() makes */
};

enum totp_verdict { TOTP_WRONG = 0, TOTP_RIGHT };

/* Whether this build can check codes (liboath). Without it every code is wrong. */
bool totp_available(void);

/* Checks a code, blanks in it skipped, against a key in base32 (RFC 4648 section 6) at the time
 * `now`, in seconds since 1970; the codes before and after are good as well, for clocks that are a
 * little off. *step_r is the step of time that a right code belongs to: the caller claims it, so
 * that no code works twice. Constant time in the code and the key. Any thread. */
enum totp_verdict totp_check(
	const char *key_base32, const char *code, int64_t now, int64_t *step_r);

/* Makes the base32 of a new random key, for the caller to wipe. 0, or -1 without liboath or memory.
 */
int totp_make_key(char key_base32[TOTP_KEY_SIZE]);

/* The name in the store, "totp/BACKEND/SUBJECT", what is not an unreserved character of RFC 3986 in
 * the subject percent-encoded, its letters of ASCII in lower case: a directory that takes names
 * whatever their case must not let somebody pass who has a key under another spelling. 0, or -1
 * (and "") when it does not fit into `size` bytes. */
int totp_secret_name(const char *backend, const char *subject, char *name, size_t size);
