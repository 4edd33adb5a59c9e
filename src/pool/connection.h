/* SPDX-License-Identifier: MIT
 *
 * Private to pool. Connections from accept on: those whose request is still to come or to be
 * completed, and those that the web server keeps, from one request to the next. Everything happens
 * on the loop and nothing waits: libfcgi sees a request only when all of it has arrived. A peer
 * that sends half a request costs a descriptor and what it has sent until its deadline, one that
 * keeps a connection a descriptor, and nobody else anything.
 *
 * A kept connection carries one request at a time. While it is answered nothing is read: what the
 * web server sends meanwhile stays in the kernel, or where it came along with that request, in the
 * connection's buffer. After whatever is not well-formed the connection is closed, since nobody can
 * tell where the next request would begin.
 */
#pragma once

#include "base/buffer.h"
#include "pool/framing.h"
#include "pool/listener.h"

/* Embedded in the listener. */
struct connections {
	uv_loop_t *loop;
	listener_request *receive;
	void *context;
	unsigned maximum; /* that may wait here for the rest of a request; past it new ones get 503
			   */
	uv_timer_t sweep;
	uv_poll_cb on_event; /* of each connection */
	struct connection *first;
	unsigned waiting;  /* all but those whose answer is being made */
	unsigned requests; /* those of them that are to become a request */
	unsigned kept;	   /* those of them that wait for a next request, which may never come */
	unsigned handles;  /* of the loop, not closed yet */
	bool draining;
	void (*closed)(struct connections *connections); /* set once all are to be closed */
	int64_t told_ms; /* when a failure to watch was last logged */
	uint8_t chunk[FRAMING_REQUEST_MAX + 1];
};

enum stage {
	STAGE_ARRIVING = 0, /* a request is to come, or the rest of it */
	STAGE_ANSWERING,    /* its answer is being made */
	STAGE_IDLE,	    /* kept for a next request */
	STAGE_RELEASED,	    /* the web server was asked to let go; a request may be on its way */
	STAGE_REFUSED,	    /* answered; what still comes is thrown away */
};

struct connection {
	uv_poll_t poll;
	struct connections *all;
	struct connection *next, **link;
	int fd, events; /* that are polled for */
	enum stage stage;
	bool late, asked_twice;
	uint16_t last_id;    /* of the request before; 0: none yet */
	unsigned served;     /* requests, and what else was answered */
	int64_t deadline_ms; /* monotonic */
	struct buffer bytes; /* that have arrived and are not used yet */
};

/* NULL with errno when it cannot be watched. */
struct connection *connection_watch(struct connections *all, int fd, enum stage stage);

/* No longer watches it: the descriptor is the caller's, and the memory goes in a later turn. */
void connection_forget(struct connection *connection);

/* Closes it. */
void connection_drop(struct connection *connection);

/* What it does from now on, and for how long at most. */
void connection_set_stage(struct connection *connection, enum stage stage, int64_t limit_ms);

/* Watches for these events of uv_poll_event and for the end of the other side; 0: for nothing. */
void connection_poll(struct connection *connection, int events);

/* Keeps those of `bytes`, which are the connection's own or elsewhere, that are beyond the first
 * `used`. 0, or -1 without memory. */
int connection_keep_rest(
	struct connection *connection, const uint8_t *bytes, size_t length, size_t used);

/* Whether the connection stays open for a next request after the answer that is sent now. */
bool connection_may_stay(const struct connection *connection);

/* Waits for the next request. `stays`: there may be one; else the web server was asked to let go.
 */
void connection_wait(struct connection *connection, bool stays);

/* The answer was sent, or could not be. */
void connection_answered(struct connection *connection, bool sent, bool stays);

/* Asks the web server to let go of a connection that is idle. */
void connection_let_go(struct connection *connection);

/* Whether the web server has aborted the request that is being answered. */
bool connection_aborted(const struct connection *connection);

/* A handle of the loop was closed. */
void connections_release(struct connections *all);
