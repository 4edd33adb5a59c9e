/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: receives the authorization code after an operator has signed in at a platform
 * in a browser, by a redirect to a port of this machine (RFC 8252 section 7.3) or pasted to
 * standard input.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CALLBACK_CODE_MAX = 2048, CALLBACK_SOCKETS_MAX = 2 };

struct callback {
	const char *state; /* that the redirect must contain */
	bool reads_input;  /* whether the operator may paste the code or the whole URL */
	/* private */
	int sockets[CALLBACK_SOCKETS_MAX];
	size_t count;
	char path[256];
};

/* Listens at the redirect URI: "http://localhost:PORT/PATH", or the same at 127.0.0.1 or [::1].
 * Returns 0, or 1 for an https URL, which another server answers, so that the code must be pasted,
 * or -1 with an error. */
int callback_listen(struct callback *callback, const char *redirect_uri, struct error *error);

/* Waits up to `seconds`. Returns 0 with the code, or -1 with an error if the platform refused or
 * the time is over. Requests with another state are answered and ignored. */
int callback_wait(struct callback *callback, int seconds, char code[CALLBACK_CODE_MAX + 1],
	struct error *error);

/* Closes the sockets. */
void callback_close(struct callback *callback);
