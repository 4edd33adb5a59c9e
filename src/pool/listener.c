/* SPDX-License-Identifier: MIT */
#include "pool/listener.h"

#include "base/clock.h"
#include "pool/arrival.h"
#include "pool/socket.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BATCH = 32,	/* connections accepted in one turn; the other processes get the rest */
	BEHIND_MS = 50, /* all are busy if the kernel's queue was not empty for so long */
	PAUSE_MS = 100, /* when descriptors run out, so that some are closed first */
	QUEUE_MAX = LISTENER_CONNECTIONS / 2,
};

struct waiting {
	int fd;
	int64_t since_ms; /* monotonic */
};

struct listener {
	struct connections connections;
	uv_poll_t accepting;
	uv_timer_t pause;
	uv_idle_t serving; /* runs while the queue is not empty, so that the loop does not wait */
	int fd;		   /* -1 after it is closed */
	bool stopped;
	unsigned handles; /* handles of the loop that are not closed yet; all connections count as
			     one */
	int64_t full_since_ms; /* since when every turn had more than a batch; 0: the last turn had
				  not */
	unsigned first, count, maximum; /* positions in the queue, which is a ring */
	struct waiting queue[QUEUE_MAX];
};

static void release_handle(struct listener *listener)
{
	if (--listener->handles == 0)
		free(listener);
}

/* -- the queue -- */

static void on_serving(uv_idle_t *idle)
{
	struct listener *listener = idle->data;
	int64_t now = clock_monotonic_ms();

	for (int i = 0; i < BATCH && listener->count > 0; i++) {
		struct waiting *next = &listener->queue[listener->first];

		listener->first = (listener->first + 1) % QUEUE_MAX;
		listener->count--;
		arrivals_take(&listener->connections, next->fd, now - next->since_ms);
	}
	if (listener->count == 0)
		uv_idle_stop(&listener->serving);
}

static void put_in_queue(struct listener *listener, int fd)
{
	listener->queue[(listener->first + listener->count) % QUEUE_MAX] =
		(struct waiting){fd, clock_monotonic_ms()};
	if (listener->count++ == 0)
		uv_idle_start(&listener->serving, on_serving);
}

/* -- accepting -- */

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct listener *listener = timer->data;

	if (!listener->stopped)
		uv_poll_start(&listener->accepting, UV_READABLE, on_acceptable);
}

static void pause_accepting(struct listener *listener)
{
	log_message(LOG_LEVEL_ERROR, "accept-paused", "accept: %s", strerror(errno));
	if (listener->stopped)
		return;
	uv_poll_stop(&listener->accepting);
	uv_timer_start(&listener->pause, on_pause_over, PAUSE_MS, 0);
}

/* Over TCP, only peers on this machine are accepted; over a unix socket the file's mode decides. */
static bool is_welcome(const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
	if (peer->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)peer)->sin6_addr);
	return true;
}

/* Accepts one connection. False if there is none. */
static bool accept_one(struct listener *listener, bool queue)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof peer;
	int fd = accept4(
		listener->fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(listener);
		listener->full_since_ms = 0;
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (!is_welcome(&peer)) {
		metric_count(METRIC_REQUEST_BROKEN);
		log_message(LOG_LEVEL_WARNING, "broken-request", "the peer is not on this machine");
		close(fd);
	} else if (queue) {
		put_in_queue(listener, fd);
	} else {
		arrivals_take(&listener->connections, fd, 0);
	}
	return true;
}

/* Accepts everything that has connected, as long as the queue has space. */
static void take_all(struct listener *listener)
{
	while (listener->count < listener->maximum && accept_one(listener, true))
		;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;
	int64_t now = clock_monotonic_ms();
	int taken = 0;

	if (listener->count > 0) { /* earlier ones come first */
		take_all(listener);
		return;
	}
	while (taken < BATCH && accept_one(listener, false))
		taken++;
	if (taken < BATCH)
		return;
	if (listener->full_since_ms == 0)
		listener->full_since_ms = now;
	if (now - listener->full_since_ms >= BEHIND_MS)
		take_all(listener);
}

/* -- life -- */

struct listener *listener_new(uv_loop_t *loop, int fd, unsigned connections,
	listener_request *receive, void *context, struct error *error)
{
	struct listener *listener = calloc(1, sizeof *listener);

	if (listener == NULL || uv_poll_init(loop, &listener->accepting, fd) != 0) {
		error_set(error, "cannot watch descriptor %d", fd);
		free(listener);
		return NULL;
	}
	listener->fd = fd;
	listener->maximum = connections / 2;
	arrivals_init(&listener->connections, loop, receive, context, connections / 2);
	uv_timer_init(loop, &listener->pause);
	uv_idle_init(loop, &listener->serving);
	listener->accepting.data = listener->pause.data = listener->serving.data = listener;
	listener->handles = 4;
	uv_poll_start(&listener->accepting, UV_READABLE, on_acceptable);
	return listener;
}

static void on_closed(uv_handle_t *handle)
{
	release_handle(handle->data);
}

static void stop_accepting(struct listener *listener)
{
	listener->stopped = true;
	if (listener->fd < 0)
		return;
	uv_close((uv_handle_t *)&listener->accepting, on_closed);
	socket_close(listener->fd); /* libuv no longer watches it */
	listener->fd = -1;
}

void listener_stop(struct listener *listener, int64_t limit_ms)
{
	listener->stopped = true;
	take_all(listener);
	stop_accepting(listener);
	arrivals_drain(&listener->connections, limit_ms);
}

unsigned listener_waiting(const struct listener *listener)
{
	return listener->count + listener->connections.requests;
}

unsigned listener_kept(const struct listener *listener)
{
	return listener->connections.kept;
}

static void on_connections_closed(struct connections *connections)
{
	release_handle(
		(struct listener *)((char *)connections - offsetof(struct listener, connections)));
}

void listener_free(struct listener **listener)
{
	struct listener *l = *listener;

	*listener = NULL;
	if (l == NULL)
		return;
	stop_accepting(l);
	for (; l->count > 0; l->count--) {
		close(l->queue[l->first].fd);
		l->first = (l->first + 1) % QUEUE_MAX;
	}
	uv_close((uv_handle_t *)&l->pause, on_closed);
	uv_close((uv_handle_t *)&l->serving, on_closed);
	arrivals_close(&l->connections, on_connections_closed);
}
