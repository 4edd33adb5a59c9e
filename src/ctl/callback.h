/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: waits for somebody who signs in at a platform, in a browser, to come back with a
 * code: to a port of this machine (RFC 8252 section 7.3), or by what they paste.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CALLBACK_CODE_MAX = 2048, CALLBACK_SOCKETS_MAX = 2 };

struct callback {
	const char *state; /* what must come back with the code */
	bool reads_input;  /* standard input may bring the code, or the whole address */
	/* private */
	int sockets[CALLBACK_SOCKETS_MAX];
	size_t count;
	char path[256];
};

/* Listens where the address leads: "http://localhost:PORT/PATH", or 127.0.0.1 or [::1]. 0; 1 for an
 * https address, which somebody else answers: then only what is pasted counts; -1 with an error. */
int callback_listen(struct callback *callback, const char *redirect_uri, struct error *error);

/* Waits. 0 with the code; -1 with an error: the platform refused, or nobody came in time. Requests
 * with another state are answered and count for nothing. */
int callback_wait(struct callback *callback, int seconds, char code[CALLBACK_CODE_MAX + 1],
	struct error *error);

void callback_close(struct callback *callback);
