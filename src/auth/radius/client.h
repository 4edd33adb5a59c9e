/* SPDX-License-Identifier: MIT
 *
 * Sends a RADIUS request over UDP and waits for its answer: several servers, several tries, one
 * deadline for each try. Private to auth/.
 */
#pragma once

#include "auth/radius/packet.h"
#include "base/error.h"

#include <stdatomic.h>

enum {
	RADIUS_SERVERS_MAX = 8,
	RADIUS_HOST_SIZE = 256, /* with the NUL */
	RADIUS_SILENT_MS = 60000,
};

struct radius_server {
	const char *name; /* as configured; the settings' */
	char host[RADIUS_HOST_SIZE];
	char port[8];
	/* Until then (monotonic) it is asked last: it did not answer. Any thread's. */
	_Atomic int64_t silent_until_ms;
};

struct radius_client {
	struct radius_server servers[RADIUS_SERVERS_MAX];
	size_t count;
	int64_t timeout_ms; /* for each try */
	unsigned tries;	    /* for each server */
};

/* Reads "host", "host:port", "[address]:port"; port 1812 by default. 0 or -1. */
int radius_server_parse(struct radius_server *server, const char *text);

/* Sends the signed request to one server. 0 with an answer in `reply`, or -1 with a sentence that
 * says how many packets were ignored and why. */
int radius_ask(struct radius_client *client, size_t server, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, struct error *error);

/* The same to one server after the other, those that were silent lately at the end, until one
 * answers; *server_r says which. */
int radius_ask_all(struct radius_client *client, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, size_t *server_r, struct error *error);
