/* SPDX-License-Identifier: MIT
 *
 * Sends a RADIUS request over UDP and waits for its answer, with several servers, several tries and
 * a timeout for each try. Private to src/auth/radius.
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
	const char *name; /* as in the option; belongs to the settings */
	char host[RADIUS_HOST_SIZE];
	char port[8];
	/* The server did not answer; until this time (monotonic milliseconds) it is tried last. All
	 * threads use it. */
	_Atomic int64_t silent_until_ms;
};

struct radius_client {
	struct radius_server servers[RADIUS_SERVERS_MAX];
	size_t count;
	int64_t timeout_ms; /* for each try */
	unsigned tries;	    /* for each server */
};

/* Parses "host", "host:port" or "[address]:port"; the default port is 1812. Returns 0 or -1. */
int radius_server_parse(struct radius_server *server, const char *text);

/* Sends the signed request to one server. Blocks. Returns 0 with the answer in `reply`, or -1 with
 * an error that tells how many packets were ignored and why. */
int radius_ask(struct radius_client *client, size_t server, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, struct error *error);

/* The same with all servers, until one answers; its index is in *server_r. Servers that did not
 * answer recently come last. */
int radius_ask_all(struct radius_client *client, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, size_t *server_r, struct error *error);
