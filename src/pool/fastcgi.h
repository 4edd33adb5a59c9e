/* SPDX-License-Identifier: MIT
 *
 * FastCGI on one connection: the only file that includes fcgiapp.h. libfcgi parses; the answer is
 * written here, in one system call that does not block, because libfcgi keeps 17 KiB for each open
 * request and writes with blocking calls. Source: FastCGI Specification 1.0; libfcgi's behaviour is
 * pinned by tests/unit/framing_test.c.
 */
#pragma once

#include "base/error.h"
#include "http/request.h"

#include <stdint.h>

/* Once, before any thread. */
int fastcgi_init(struct error *error);

/* Reads the one request that lies in `fd`, about which framing_check() has said COMPLETE with
 * `body_length`, so nothing here waits: a connection, or a file with its bytes. 0: `request` is
 * filled, to be released by the caller, and its `arrival` says whether it is whole; the descriptor
 * stays the caller's. -1: libfcgi could not read it and closed the descriptor. */
int fastcgi_read(int fd, size_t body_length, struct request *request);

/* Writes the whole answer: `head` is CGI headers without the empty line that ends them. 0, or -1
 * when the peer is gone or does not take it at once. Does not close. */
int fastcgi_write(int fd, uint16_t request_id, const char *head, size_t head_length,
	const char *body, size_t body_length);

/* True when the peer has closed its side: nobody waits for the answer. */
bool fastcgi_is_abandoned(int fd);
