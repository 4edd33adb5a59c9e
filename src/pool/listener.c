/* SPDX-License-Identifier: MIT */
#include "pool/listener.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "pool/fastcgi.h"
#include "pool/framing.h"
#include "pool/socket.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPT_BATCH = 32, /* connections taken in one turn: the rest is for the other processes */
	PAUSE_MS = 100,	   /* without descriptors: let some be closed first */
	SWEEP_MS = 500,
	WAITING_MAX = 8192, /* half-arrived connections; past it new ones are closed */
};

/* A connection on its way to a complete request: what has come so far, read off the socket. */
struct arrival {
	uv_poll_t poll;
	struct listener *listener;
	struct arrival *next, **link;
	int fd;
	int64_t deadline_ms; /* monotonic */
	struct buffer bytes;
};

struct listener {
	uv_poll_t accepting;
	uv_timer_t sweep, pause;
	int fd;
	listener_request *receive;
	void *context;
	struct arrival *arrivals; /* newest first */
	unsigned waiting;
	unsigned handles; /* of the loop, not closed yet */
	bool stopped;
	uint8_t peeked[FRAMING_REQUEST_MAX + 1];
};

static void release_handle(struct listener *listener)
{
	if (--listener->handles > 0)
		return;
	close(listener->fd);
	free(listener);
}

/* -- one request -- */

static void refuse(int fd, uint16_t request_id, const char *why)
{
	static const char head[] = "Status: 400 Bad Request\r\nContent-Type: text/plain\r\n"
				   "Cache-Control: no-store\r\n";
	static const char body[] = "bad-request: the request arrived cut short or malformed\n";

	metric_count(METRIC_REQUEST_BROKEN);
	log_message(LOG_LEVEL_WARNING, "broken-request", "%s", why);
	if (request_id != 0)
		fastcgi_write(fd, request_id, head, sizeof head - 1, body, sizeof body - 1);
	close(fd);
}

/* A complete request lies in `source`, which is the connection itself or a copy of its bytes; false
 * when libfcgi could not read it and closed that. */
static bool receive(
	struct listener *listener, int fd, int source, const struct framing_result *framing)
{
	struct request request;

	switch (fastcgi_read(source, framing->body_length, &request)) {
	case FASTCGI_READ:
		listener->receive(listener->context, fd, framing->request_id, &request);
		return true;
	case FASTCGI_REFUSED:
		refuse(fd, framing->request_id,
			"parameters missing, repeated or not matching the body");
		return true;
	case FASTCGI_GONE:
		break;
	}
	metric_count(METRIC_REQUEST_BROKEN);
	return false;
}

/* -- a request that comes in pieces -- */

static void free_arrival(uv_handle_t *poll)
{
	struct arrival *arrival = poll->data;

	release_handle(arrival->listener);
	buffer_wipe(&arrival->bytes);
	free(arrival);
}

/* No longer watches the connection; the descriptor is the caller's. */
static void forget(struct arrival *arrival)
{
	*arrival->link = arrival->next;
	if (arrival->next != NULL)
		arrival->next->link = arrival->link;
	arrival->listener->waiting--;
	uv_poll_stop(&arrival->poll);
	uv_close((uv_handle_t *)&arrival->poll, free_arrival);
}

/* libfcgi reads from a descriptor: what was read off the socket already is played to it from
 * memory. */
static void replay(struct arrival *arrival, const struct framing_result *framing)
{
	const struct buffer *bytes = &arrival->bytes;
	int memory = memfd_create("request", MFD_CLOEXEC);

	if (memory < 0 || write(memory, bytes->data, bytes->length) != (ssize_t)bytes->length ||
		lseek(memory, 0, SEEK_SET) != 0)
		refuse(arrival->fd, framing->request_id, "no memory to hold it");
	else if (!receive(arrival->listener, arrival->fd, memory, framing))
		memory = -1;
	if (memory >= 0)
		close(memory);
}

/* Takes what has come off the socket. False at its end. */
static bool take_bytes(struct arrival *arrival)
{
	uint8_t *chunk = arrival->listener->peeked;
	ssize_t got;

	while ((got = recv(arrival->fd, chunk, sizeof arrival->listener->peeked, MSG_DONTWAIT)) > 0)
		buffer_append(&arrival->bytes, chunk, (size_t)got);
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void on_arriving(uv_poll_t *poll, int status, int events)
{
	struct arrival *arrival = poll->data;
	struct framing_result framing = {0};
	bool more = take_bytes(arrival);
	enum framing found = arrival->bytes.length == 0 ? FRAMING_PARTIAL
			     : arrival->bytes.failed
				     ? FRAMING_BROKEN
				     : framing_check((const uint8_t *)arrival->bytes.data,
					       arrival->bytes.length, &framing);

	(void)status;
	(void)events;
	if (found == FRAMING_PARTIAL && more)
		return;
	forget(arrival);
	if (found == FRAMING_COMPLETE)
		replay(arrival, &framing);
	else
		refuse(arrival->fd, framing.request_id,
			found == FRAMING_BROKEN
				? "not one well-formed FastCGI responder request"
				: "closed by the web server before it was complete");
}

/* Waits for the rest of a request. Takes over the descriptor. */
static void watch(struct listener *listener, int fd)
{
	struct arrival *arrival = calloc(1, sizeof *arrival);

	if (arrival == NULL || listener->waiting >= WAITING_MAX ||
		uv_poll_init(listener->sweep.loop, &arrival->poll, fd) != 0) {
		free(arrival);
		close(fd);
		return;
	}
	arrival->poll.data = arrival;
	arrival->listener = listener;
	arrival->fd = fd;
	arrival->bytes = BUFFER_INIT(FRAMING_REQUEST_MAX);
	arrival->deadline_ms = clock_monotonic_ms() + LISTENER_DEADLINE_MS;
	arrival->next = listener->arrivals;
	arrival->link = &listener->arrivals;
	if (arrival->next != NULL)
		arrival->next->link = &arrival->next;
	listener->arrivals = arrival;
	listener->waiting++;
	listener->handles++;
	uv_poll_start(&arrival->poll, UV_READABLE | UV_DISCONNECT, on_arriving);
}

static void on_sweep(uv_timer_t *timer)
{
	struct listener *listener = timer->data;
	int64_t now = clock_monotonic_ms();
	struct arrival *arrival = listener->arrivals, *next;

	for (; arrival != NULL; arrival = next) {
		struct framing_result framing = {0};

		next = arrival->next;
		if (now < arrival->deadline_ms)
			continue;
		if (arrival->bytes.length > 0)
			framing_check((const uint8_t *)arrival->bytes.data, arrival->bytes.length,
				&framing);
		forget(arrival);
		refuse(arrival->fd, framing.request_id, "not complete within 5 s");
	}
}

/* -- a request that is there at once, as nearly all are -- */

/* Looks at what lies in a new connection's buffer and lets libfcgi read it from there when it is
 * whole. */
static void look(struct listener *listener, int fd)
{
	struct framing_result framing = {0};
	ssize_t got = recv(fd, listener->peeked, sizeof listener->peeked, MSG_PEEK | MSG_DONTWAIT);

	if (got == 0)
		close(fd); /* came and went without a word */
	else if (got > 0 &&
		 framing_check(listener->peeked, (size_t)got, &framing) == FRAMING_COMPLETE)
		receive(listener, fd, fd, &framing);
	else
		watch(listener, fd);
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
	uv_poll_stop(&listener->accepting);
	uv_timer_start(&listener->pause, on_pause_over, PAUSE_MS, 0);
}

/* Over TCP only this machine may speak to us; over a unix socket the file's mode decides. */
static bool is_welcome(const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
	if (peer->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)peer)->sin6_addr);
	return true;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t length = sizeof peer;
		int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM)
				pause_accepting(listener);
			return;
		}
		if (!is_welcome(&peer))
			refuse(fd, 0, "peer is not of this machine");
		else
			look(listener, fd);
	}
}

/* -- life -- */

struct listener *listener_new(
	uv_loop_t *loop, int fd, listener_request *receiver, void *context, struct error *error)
{
	struct listener *listener;

	if (socket_check(fd, error) != 0)
		return NULL;
	listener = calloc(1, sizeof *listener);
	if (listener == NULL || uv_poll_init(loop, &listener->accepting, fd) != 0) {
		error_set(error, "cannot watch descriptor %d", fd);
		free(listener);
		return NULL;
	}
	listener->fd = fd;
	listener->receive = receiver;
	listener->context = context;
	uv_timer_init(loop, &listener->sweep);
	uv_timer_init(loop, &listener->pause);
	listener->accepting.data = listener->sweep.data = listener->pause.data = listener;
	listener->handles = 3;
	uv_poll_start(&listener->accepting, UV_READABLE, on_acceptable);
	uv_timer_start(&listener->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return listener;
}

void listener_stop(struct listener *listener)
{
	listener->stopped = true;
	uv_poll_stop(&listener->accepting);
}

static void on_closed(uv_handle_t *handle)
{
	release_handle(handle->data);
}

void listener_free(struct listener **listener)
{
	struct listener *l = *listener;

	*listener = NULL;
	if (l == NULL)
		return;
	while (l->arrivals != NULL) {
		int fd = l->arrivals->fd;

		forget(l->arrivals);
		close(fd);
	}
	uv_close((uv_handle_t *)&l->accepting, on_closed);
	uv_close((uv_handle_t *)&l->sweep, on_closed);
	uv_close((uv_handle_t *)&l->pause, on_closed);
}
