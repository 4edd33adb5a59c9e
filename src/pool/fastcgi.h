/* SPDX-License-Identifier: MIT
 *
 * FastCGI on one connection. Requests are parsed from memory, after framing_check() has looked at
 * every byte of them. Answers are written by fastcgi_write.c, each in one system call that does
 * not block. Source: FastCGI Specification 1.0. tests/unit/framing_test.c compares the parser with
 * libfcgi's.
 */
#pragma once

#include "base/error.h"
#include "http/request.h"
#include "pool/framing.h"

#include <stdint.h>

/* Parses the request that begins at `bytes`, about which framing_check() has said `framing`: the
 * whole request after COMPLETE; of one that is not complete, or too large, the parameters alone,
 * which have to be all there (params_end is not 0). The caller releases `request`, whose `arrival`
 * says whether it can be served. -1: no memory, `request` is untouched. */
int fastcgi_parse(
	const uint8_t *bytes, const struct framing_result *framing, struct request *request);

/* -- sending. Each function returns 0, or -1 if the peer is gone or does not accept everything at
 * once; then nothing more may be sent on that connection -- */

/* Whether the web server may use the connection for another request. */
enum fastcgi_after {
	FASTCGI_CLOSE = 0, /* no: it did not ask to keep it, and waits for its end */
	FASTCGI_RELEASE,   /* no: the answer ends with fastcgi_release() */
	FASTCGI_KEEP,
};

/* Sends the whole answer. `head` is CGI header lines without the empty line that ends them. */
int fastcgi_write(int fd, uint16_t request_id, enum fastcgi_after after, const char *head,
	size_t head_length, const char *body, size_t body_length);

/* Answers a request that the web server has aborted. */
int fastcgi_write_end(int fd, uint16_t request_id, enum fastcgi_after after);

/* Answers FCGI_GET_VALUES. `values` are bits of enum framing_value; says that as many connections
 * as `connections` are accepted, with one request at a time on each. */
int fastcgi_write_values(int fd, unsigned values, unsigned connections);

/* Asks the web server to close a kept connection. FastCGI has no message for that, and closing the
 * connection would lose a request that is on its way. So this sends one empty record of stderr for
 * the request that was answered last. nginx closes an idle connection on which anything arrives,
 * does not keep one if more follows the end of an answer, and ignores such a record at the start of
 * an answer, which is where it arrives if a request was on its way. */
int fastcgi_release(int fd, uint16_t request_id);

/* True if the peer has closed its side, so that nobody waits for the answer. */
bool fastcgi_is_abandoned(int fd);
