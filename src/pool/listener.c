/* SPDX-License-Identifier: MIT */
#include "pool/listener.h"

#include "base/clock.h"
#include "base/text.h"
#include "pool/fastcgi.h"
#include "pool/framing.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ACCEPT_BATCH = 32,  /* connections taken in one turn: the rest is for the other processes */
	ARRIVAL_BATCH = 64, /* events of half-arrived connections in one turn */
	PAUSE_MS = 100,	    /* without descriptors: let some be closed first */
	SWEEP_MS = 500,
	WAITING_MAX = 8192, /* half-arrived connections; past it new ones are closed */
};

/* A connection on its way to a complete request. */
struct arrival {
	struct arrival *next, **link;
	int fd;
	int64_t deadline_ms; /* monotonic */
};

struct listener {
	uv_poll_t accepting, arriving;
	uv_timer_t sweep, pause;
	int fd, epoll; /* epoll: edge-triggered set of the arrivals, itself watched by the loop */
	listener_request *receive;
	void *context;
	struct arrival *arrivals; /* oldest last */
	unsigned waiting;
	unsigned handles; /* of the loop, not closed yet */
	bool stopped;
	uint8_t peeked[FRAMING_REQUEST_MAX + 1];
};

/* -- one connection -- */

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

/* A complete request lies in the socket's buffer. */
static void receive(struct listener *listener, int fd, const struct framing_result *framing)
{
	struct request request;

	switch (fastcgi_read(fd, framing->body_length, &request)) {
	case FASTCGI_READ:
		listener->receive(listener->context, fd, framing->request_id, &request);
		break;
	case FASTCGI_REFUSED:
		refuse(fd, framing->request_id,
			"parameters missing, repeated or not matching the body");
		break;
	case FASTCGI_GONE:
		metric_count(METRIC_REQUEST_BROKEN);
		break;
	}
}

/* Looks at what has arrived. True when the descriptor is no longer ours to watch. */
static bool look(struct listener *listener, int fd)
{
	struct framing_result framing = {0};
	uint8_t *bytes = listener->peeked;
	ssize_t got = recv(fd, bytes, sizeof listener->peeked, MSG_PEEK | MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		close(fd); /* came and went without a word */
		return true;
	}
	switch (framing_check(bytes, (size_t)got, &framing)) {
	case FRAMING_COMPLETE:
		receive(listener, fd, &framing);
		return true;
	case FRAMING_BROKEN:
		refuse(fd, framing.request_id, "not one well-formed FastCGI responder request");
		return true;
	case FRAMING_PARTIAL:
		if (!fastcgi_is_abandoned(fd))
			return false;
		refuse(fd, framing.request_id, "closed by the web server before it was complete");
		return true;
	}
	return true;
}

static void forget(struct listener *listener, struct arrival *arrival)
{
	*arrival->link = arrival->next;
	if (arrival->next != NULL)
		arrival->next->link = arrival->link;
	listener->waiting--;
	free(arrival);
}

/* The descriptor stays in the epoll set only while it is an arrival. */
static void unwatch(struct listener *listener, int fd)
{
	epoll_ctl(listener->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int watch(struct listener *listener, int fd)
{
	struct arrival *arrival = calloc(1, sizeof *arrival);
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = arrival};

	if (arrival == NULL || listener->waiting >= WAITING_MAX ||
		epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		free(arrival);
		return -1;
	}
	arrival->fd = fd;
	arrival->deadline_ms = clock_monotonic_ms() + LISTENER_DEADLINE_MS;
	arrival->next = listener->arrivals;
	arrival->link = &listener->arrivals;
	if (arrival->next != NULL)
		arrival->next->link = &arrival->next;
	listener->arrivals = arrival;
	listener->waiting++;
	return 0;
}

static void on_arriving(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;
	struct epoll_event ready[ARRIVAL_BATCH];
	int count = epoll_wait(listener->epoll, ready, ARRIVAL_BATCH, 0);

	(void)status;
	(void)events;
	for (int i = 0; i < count; i++) {
		struct arrival *arrival = ready[i].data.ptr;
		int fd = arrival->fd;

		/* Taken out first: once looked at, the descriptor may be closed and its number used
		 * again. */
		unwatch(listener, fd);
		if (look(listener, fd)) {
			forget(listener, arrival);
		} else {
			struct epoll_event event = {
				.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = arrival};

			epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event);
		}
	}
}

static void on_sweep(uv_timer_t *timer)
{
	struct listener *listener = timer->data;
	int64_t now = clock_monotonic_ms();
	struct arrival *arrival = listener->arrivals, *next;

	for (; arrival != NULL; arrival = next) {
		struct framing_result framing = {0};
		ssize_t got;
		int fd = arrival->fd;

		next = arrival->next;
		if (now < arrival->deadline_ms)
			continue;
		unwatch(listener, fd);
		forget(listener, arrival);
		got = recv(fd, listener->peeked, sizeof listener->peeked, MSG_PEEK | MSG_DONTWAIT);
		if (got > 0)
			framing_check(listener->peeked, (size_t)got, &framing);
		refuse(fd, framing.request_id, "not complete within 5 s");
	}
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
		else if (!look(listener, fd) && watch(listener, fd) != 0)
			close(fd);
	}
}

/* -- life -- */

static int open_unix(const char *path, struct error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, probe;
	mode_t mask;
	bool bound;

	if (strlen(path) >= sizeof address.sun_path)
		return error_set(error, "--listen unix:%s: path longer than %zu bytes", path,
			sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) == 0) {
		close(probe);
		return error_set(error, "--listen unix:%s: somebody listens there already", path);
	}
	if (probe >= 0 && errno == ECONNREFUSED)
		unlink(path);
	if (probe >= 0)
		close(probe);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mask = umask(0117); /* the mode is right from the first moment: 0660 */
	bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
	umask(mask);
	if (bound && listen(fd, 4096) == 0)
		return fd;
	error_set(error, "--listen unix:%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_tcp(const char *text, struct error *error)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	bool is_six = text[0] == '[';
	size_t skip = is_six ? 1 : 0;
	int64_t port;
	int fd;

	if (colon == NULL || text_to_number(colon + 1, 1, 65535, &port) != 0 ||
		(size_t)(colon - text) >= sizeof host || (size_t)(colon - text) < 2 * skip + 1)
		return error_set(
			error, "--listen %s: use unix:/path, 127.0.0.1:PORT or [::1]:PORT", text);
	snprintf(host, sizeof host, "%.*s", (int)((size_t)(colon - text) - 2 * skip), text + skip);
	six.sin6_port = four.sin_port = htons((uint16_t)port);
	if ((is_six ? inet_pton(AF_INET6, host, &six.sin6_addr)
		    : inet_pton(AF_INET, host, &four.sin_addr)) != 1)
		return error_set(error, "--listen %s: not an IP address", text);
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (fd >= 0 &&
		bind(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
			is_six ? sizeof six : sizeof four) == 0 &&
		listen(fd, 4096) == 0)
		return fd;
	error_set(error, "--listen %s: %s", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int listener_open(const char *address, struct error *error)
{
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(address + 5, error);
	return open_tcp(address, error);
}

static int check_listening(int fd, struct error *error)
{
	int listening = 0;
	socklen_t length = sizeof listening;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening)
		return error_set(error,
			"descriptor %d is not a listening socket: start meetauthd with "
			"spawn-fcgi, with systemd (StandardInput=socket), or with "
			"--listen unix:/path",
			fd);
	return 0;
}

struct listener *listener_new(
	uv_loop_t *loop, int fd, listener_request *receiver, void *context, struct error *error)
{
	struct listener *listener;
	int epoll;

	if (check_listening(fd, error) != 0)
		return NULL;
	listener = calloc(1, sizeof *listener);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (listener == NULL || epoll < 0) {
		error_set(error, "cannot watch descriptor %d: %s", fd, strerror(errno));
		free(listener);
		return NULL;
	}
	listener->fd = fd;
	listener->epoll = epoll;
	listener->receive = receiver;
	listener->context = context;
	uv_poll_init(loop, &listener->accepting, fd); /* makes it non-blocking */
	uv_poll_init(loop, &listener->arriving, epoll);
	uv_timer_init(loop, &listener->sweep);
	uv_timer_init(loop, &listener->pause);
	listener->accepting.data = listener->arriving.data = listener;
	listener->sweep.data = listener->pause.data = listener;
	listener->handles = 4;
	uv_poll_start(&listener->accepting, UV_READABLE, on_acceptable);
	uv_poll_start(&listener->arriving, UV_READABLE, on_arriving);
	uv_timer_start(&listener->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return listener;
}

void listener_stop(struct listener *listener)
{
	listener->stopped = true;
	uv_poll_stop(&listener->accepting);
}

unsigned listener_waiting(const struct listener *listener)
{
	return listener->waiting;
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	if (--listener->handles > 0)
		return;
	close(listener->fd);
	close(listener->epoll);
	free(listener);
}

void listener_free(struct listener **listener)
{
	struct listener *l = *listener;

	*listener = NULL;
	if (l == NULL)
		return;
	while (l->arrivals != NULL) {
		close(l->arrivals->fd);
		forget(l, l->arrivals);
	}
	uv_close((uv_handle_t *)&l->accepting, on_closed);
	uv_close((uv_handle_t *)&l->arriving, on_closed);
	uv_close((uv_handle_t *)&l->sweep, on_closed);
	uv_close((uv_handle_t *)&l->pause, on_closed);
}
