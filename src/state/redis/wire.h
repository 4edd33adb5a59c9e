/* SPDX-License-Identifier: MIT
 *
 * Private to the Redis driver: one connection on libuv, with or without TLS, whose replies hiredis
 * parses.
 */
#pragma once

#include "state/redis/tls.h"

#include <hiredis/hiredis.h>
#include <uv.h>

struct wire;

/* What a connection reports. Each may close it. */
struct wire_events {
	void (*opened)(void *context);			   /* bytes may be sent */
	void (*replied)(void *context, redisReply *reply); /* the reply is the callee's */
	void (*failed)(void *context, const char *why);	   /* it is of no more use: close it */
};

/* Where to connect: a socket of this machine, or a numeric address. */
struct wire_target {
	const char *path; /* NULL: address and port */
	const char *address;
	unsigned port;
	struct tls_trust *trust; /* NULL: no TLS */
	const char *host;	 /* that the certificate names */
};

/* Begins to connect. NULL with an error, without an event. */
struct wire *wire_open(uv_loop_t *loop, const struct wire_target *target,
	const struct wire_events *events, void *context, struct error *error);

/* No event comes any more; the memory is freed when the loop has turned. */
void wire_close(struct wire **wire);

/* Sends bytes, which the caller keeps; they are wiped after use, as they may have a password. 0 or
 * -1. */
int wire_send(struct wire *wire, const char *bytes, size_t length);

/* A parser of answers which refuses arrays that no answer of ours has. */
redisReader *wire_reader(void);
