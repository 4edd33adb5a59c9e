/* SPDX-License-Identifier: MIT
 *
 * Connections from accept on, while a request is still to come or incomplete, and, if the web
 * server keeps them, between two requests. Private to pool/. Everything happens on the loop, and
 * nothing blocks: a request is parsed only when it is complete. A peer that sends half a request
 * costs a descriptor and the memory of what it sent until its deadline; a kept connection costs a
 * descriptor; neither delays other connections.
 *
 * A kept connection carries one request at a time. While a request is being answered, nothing is
 * read: what the web server sends meanwhile stays in the kernel or, if it arrived together with
 * that request, in the connection's buffer. If something is malformed, the connection is closed,
 * because it is not known where the next request would begin.
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
	unsigned maximum; /* how many incomplete requests may wait; with more, new ones get 503 */
	uv_timer_t sweep;
	uv_poll_cb on_event; /* called for events of each connection */
	struct connection *first;
	unsigned waiting;  /* connections without a request under way */
	unsigned requests; /* those of them in STAGE_ARRIVING */
	unsigned kept;	   /* those of them that are kept and may never get another request */
	unsigned handles;  /* handles of the loop that are not closed yet */
	bool draining;
	void (*closed)(struct connections *connections); /* set by arrivals_close() */
	int64_t behind_since_ms; /* since when each new connection waited too long; 0: the last one
				    did not */
	int64_t told_ms;	 /* when a failure to watch a connection was last logged */
	uint8_t chunk[FRAMING_REQUEST_MAX];
};

enum stage {
	STAGE_ARRIVING = 0, /* waits for a request or for the rest of one */
	STAGE_ANSWERING,    /* a request is being answered */
	STAGE_IDLE,	    /* kept; waits for the next request */
	STAGE_RELEASED,	    /* fastcgi_release() was sent; a request may be on its way */
	STAGE_REFUSED,	    /* answered with a refusal; what still arrives is ignored */
};

struct connection {
	uv_poll_t poll;
	struct connections *all;
	struct connection *next, **link;
	int fd, events; /* the events that the loop watches */
	enum stage stage;
	bool asked_twice;
	uint16_t last_id;    /* request id of the previous request; 0: none */
	unsigned served;     /* requests and other records that were answered */
	int64_t queued_ms;   /* how long it was in the listener's queue, until its first request */
	int64_t deadline_ms; /* monotonic */
	struct buffer bytes; /* bytes that have arrived and are not used yet */
};

/* Starts to watch an accepted connection. NULL with errno. */
struct connection *connection_watch(struct connections *all, int fd, enum stage stage);

/* Stops watching. The caller then owns the descriptor. The memory is freed in a later turn of the
 * loop. */
void connection_forget(struct connection *connection);

/* Closes the connection. */
void connection_drop(struct connection *connection);

/* Sets the stage, and how long it may last. */
void connection_set_stage(struct connection *connection, enum stage stage, int64_t limit_ms);

/* Watches for these events (enum uv_poll_event) and for the end of the other side; 0: for nothing.
 */
void connection_poll(struct connection *connection, int events);

/* Keeps the bytes after the first `used`. `bytes` may be the connection's own buffer. 0, or -1 if
 * memory ran out. */
int connection_keep_rest(
	struct connection *connection, const uint8_t *bytes, size_t length, size_t used);

/* True if the connection may stay open for another request after the present answer. */
bool connection_may_stay(const struct connection *connection);

/* Waits for the next request; if `stays` is false, only for one that is on its way after
 * fastcgi_release(). */
void connection_wait(struct connection *connection, bool stays);

/* Called when the answer was sent, or could not be sent. */
void connection_answered(struct connection *connection, bool sent, bool stays);

/* Asks the web server to close an idle connection (fastcgi_release()). */
void connection_let_go(struct connection *connection);

/* True if the web server has aborted the request that is being answered. */
bool connection_aborted(const struct connection *connection);

/* Called when a handle of the loop was closed. */
void connections_release(struct connections *all);
