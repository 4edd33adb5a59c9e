/* SPDX-License-Identifier: MIT
 *
 * FastCGI on one connection: fastcgi.c is the only file that includes fcgiapp.h. libfcgi parses;
 * the answer is written by fastcgi_write.c, in one system call that does not block, because libfcgi
 * keeps 17 KiB for each open request and writes with blocking calls. Source: FastCGI
 * Specification 1.0; libfcgi's behaviour is pinned by tests/unit/framing_test.c.
 */
#pragma once

#include "base/error.h"
#include "http/request.h"

#include <stdint.h>
#include <sys/uio.h>

/* Once, before any thread. */
int fastcgi_init(struct error *error);

/* Reads the one request that lies in `fd`, about which framing_check() has said COMPLETE with
 * `body_length`, so nothing here waits. It may take more than that request off the descriptor. 0:
 * `request` is filled, to be released by the caller, and its `arrival` says whether it is whole;
 * the descriptor stays the caller's. -1: libfcgi could not read it and closed the descriptor. */
int fastcgi_read(int fd, size_t body_length, struct request *request);

/* The same for a request of which `parts` hold all bytes, `body_length` of them the body. -1: there
 * is no memory for it. */
int fastcgi_play(const struct iovec *parts, int count, size_t body_length, struct request *request);

/* -- what is sent: 0, or -1 when the peer is gone or does not take it at once; then nothing more
 * may be sent on that connection -- */

/* Whether the web server may use the connection again. */
enum fastcgi_after {
	FASTCGI_CLOSE = 0, /* it did not ask to, and waits for the end of the connection */
	FASTCGI_RELEASE,   /* it has to let go: fastcgi_release() is part of the answer */
	FASTCGI_KEEP,
};

/* The whole answer: `head` is CGI headers without the empty line that ends them. */
int fastcgi_write(int fd, uint16_t request_id, enum fastcgi_after after, const char *head,
	size_t head_length, const char *body, size_t body_length);

/* The answer to a request that the web server has taken back. */
int fastcgi_write_end(int fd, uint16_t request_id, enum fastcgi_after after);

/* The answer to FCGI_GET_VALUES: `values` of enum framing_value; as many connections as
 * `connections`, one request at a time on each. */
int fastcgi_write_values(int fd, unsigned values, unsigned connections);

/* Asks the web server to let go of a kept connection. FastCGI has no message for that, and closing
 * the connection would lose a request that is on its way already. So one empty record of stderr is
 * sent, of the request that was answered last: nginx drops a kept connection on which anything
 * comes without a request, does not keep one where more comes behind the end of an answer, and
 * passes over such a record at the start of an answer, where it lands when a request was on its
 * way. */
int fastcgi_release(int fd, uint16_t request_id);

/* True when the peer has closed its side: nobody waits for the answer. */
bool fastcgi_is_abandoned(int fd);
