/* SPDX-License-Identifier: MIT */
#include "outbound/multi.h"

#include "base/clock.h"
#include "base/memory.h"
#include "outbound/easy.h"
#include "telemetry/log.h"

#include <errno.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTIONS = 256,  /* unless multi_limit() sets another number */
	IDLE_CHECK_MS = 50, /* the least time between two checks of the idle connections */
};

/* A socket of libcurl. It stays registered with the loop while its connection is kept: libcurl
 * stops watching it after each transfer and starts again with the next, and telling the kernel both
 * times would cost more than the events of a kept connection do. */
struct watch {
	uv_poll_t poll;
	struct multi *multi;
	curl_socket_t socket;
	int registered;		   /* the events that the loop watches: UV_READABLE, UV_WRITABLE */
	int wanted;		   /* the events that libcurl asked for */
	struct transfer *transfer; /* the one that used it last; NULL once that has ended */
	int64_t idle_until_ms;	   /* monotonic; 0: not idle */
	TAILQ_ENTRY(watch) idle;
};

struct multi {
	CURLM *handle;
	uv_loop_t *loop;
	uv_timer_t timer, idle_timer;
	multi_done *done;
	multi_stuck *stuck;
	struct watch **watches; /* by descriptor */
	size_t watch_count;
	TAILQ_HEAD(, watch) idle;
	unsigned handles; /* handles of the loop that are not closed yet */
	bool closing;
};

static void forget_handle(struct multi *multi)
{
	if (--multi->handles == 0 && multi->closing) {
		free(multi->watches);
		free(multi);
	}
}

static struct watch *watch_of(const struct multi *multi, curl_socket_t socket)
{
	return socket >= 0 && (size_t)socket < multi->watch_count ? multi->watches[socket] : NULL;
}

/* -- kept connections -- */

static void unmark_idle(struct watch *watch)
{
	if (watch->idle_until_ms != 0)
		TAILQ_REMOVE(&watch->multi->idle, watch, idle);
	watch->idle_until_ms = 0;
}

/* Closes a kept connection. */
static void close_idle(struct watch *watch)
{
	unmark_idle(watch);
	easy_shut(watch->socket);
	uv_poll_stop(&watch->poll);
	watch->registered = 0;
}

static void on_idle_timer(uv_timer_t *timer);

static void start_idle_timer(struct multi *multi)
{
	int64_t now = clock_monotonic_ms(), next = INT64_MAX;
	struct watch *watch;

	TAILQ_FOREACH(watch, &multi->idle, idle)
	if (watch->idle_until_ms < next)
		next = watch->idle_until_ms;
	if (next != INT64_MAX)
		uv_timer_start(&multi->idle_timer, on_idle_timer,
			(uint64_t)(next > now + IDLE_CHECK_MS ? next - now : IDLE_CHECK_MS), 0);
}

static void on_idle_timer(uv_timer_t *timer)
{
	struct multi *multi = timer->data;
	int64_t now = clock_monotonic_ms();
	struct watch *watch = TAILQ_FIRST(&multi->idle), *next;

	for (; watch != NULL; watch = next) {
		next = TAILQ_NEXT(watch, idle);
		if (watch->idle_until_ms <= now)
			close_idle(watch);
	}
	start_idle_timer(multi);
}

static void on_socket(uv_poll_t *poll, int status, int events);

static void keep(struct watch *watch, int64_t keep_ms)
{
	struct multi *multi = watch->multi;

	if (keep_ms <= 0) {
		close_idle(watch);
		return;
	}
	watch->idle_until_ms = clock_monotonic_ms() + keep_ms;
	TAILQ_INSERT_TAIL(&multi->idle, watch, idle);
	if (watch->registered != UV_READABLE) {
		watch->registered = UV_READABLE;
		uv_poll_start(&watch->poll, UV_READABLE, on_socket);
	}
	if (!uv_is_active((uv_handle_t *)&multi->idle_timer) ||
		uv_timer_get_due_in(&multi->idle_timer) > (uint64_t)keep_ms)
		uv_timer_start(&multi->idle_timer, on_idle_timer, (uint64_t)keep_ms, 0);
}

/* -- transfers -- */

/* The transfer no longer uses its connection: keeps it, unless libcurl has closed it. */
static void release_connection(struct multi *multi, struct transfer *transfer)
{
	struct watch *watch = watch_of(multi, transfer->socket);

	if (watch == NULL || watch->transfer != transfer)
		return;
	watch->transfer = NULL;
	watch->wanted = 0;
	keep(watch, transfer->keep_ms);
}

static void remove_transfer(struct multi *multi, struct transfer *transfer)
{
	curl_multi_remove_handle(multi->handle, transfer->easy);
	release_connection(multi, transfer);
}

static void collect(struct multi *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi->handle, &left)) != NULL) {
		CURLcode result = message->data.result;
		struct transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		remove_transfer(multi, transfer);
		multi->done(transfer, result);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct multi *multi = timer->data;
	int running;

	curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(multi);
}

static int set_timer(CURLM *handle, long timeout_ms, void *context)
{
	struct multi *multi = context;

	if (multi->closing)
		return 0;
	if (timeout_ms < 0)
		uv_timer_stop(&multi->timer);
	else
		uv_timer_start(&multi->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

/* -- sockets -- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct multi *multi = watch->multi;
	int mask = status < 0 ? CURL_CSELECT_ERR : 0;
	int running;

	/* The peer closed the idle connection, or sent something unasked. */
	if (watch->idle_until_ms != 0) {
		close_idle(watch);
		return;
	}
	if (watch->wanted == 0) {
		uv_poll_stop(poll);
		watch->registered = 0;
		return;
	}
	mask |= (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
		(events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	curl_multi_socket_action(multi->handle, watch->socket, mask, &running);
	collect(multi);
}

static void free_watch(uv_handle_t *poll)
{
	struct watch *watch = poll->data;

	forget_handle(watch->multi);
	free(watch);
}

static void drop_watch(struct multi *multi, curl_socket_t socket)
{
	struct watch *watch = watch_of(multi, socket);

	if (watch == NULL)
		return;
	unmark_idle(watch);
	multi->watches[socket] = NULL;
	uv_poll_stop(&watch->poll);
	uv_close((uv_handle_t *)&watch->poll, free_watch);
}

static int grow(struct multi *multi, size_t wanted)
{
	size_t count = multi->watch_count ? multi->watch_count : 64;
	struct watch **watches;

	while (count <= wanted)
		count *= 2;
	watches = realloc(multi->watches, count * sizeof(struct watch *));
	if (watches == NULL)
		return -1;
	memset(watches + multi->watch_count, 0,
		(count - multi->watch_count) * sizeof(struct watch *));
	multi->watches = watches;
	multi->watch_count = count;
	return 0;
}

/* 0, or an error code of libuv. */
static int make_watch(struct multi *multi, curl_socket_t socket)
{
	struct watch *watch;
	int rc;

	if ((size_t)socket >= multi->watch_count && grow(multi, (size_t)socket) != 0)
		return UV_ENOMEM;
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return UV_ENOMEM;
	rc = uv_poll_init(multi->loop, &watch->poll, socket);
	if (rc != 0) {
		free(watch);
		return rc;
	}
	watch->poll.data = watch;
	watch->multi = multi;
	watch->socket = socket;
	multi->handles++;
	multi->watches[socket] = watch;
	return 0;
}

/* Not reported to libcurl, which gives up the whole multi handle if the callback fails. */
static void report_failure(struct multi *multi, struct transfer *transfer, int rc)
{
	log_message(LOG_LEVEL_ERROR, "connection-not-watched",
		"cannot watch a connection to another host: %s", uv_strerror(rc));
	if (transfer == NULL)
		return;
	transfer->error = -rc;
	multi->stuck(transfer);
}

/* CURLMOPT_SOCKETFUNCTION. `transfer` is NULL for libcurl's internal handles. */
static int set_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *unused)
{
	struct multi *multi = context;
	struct watch *watch = watch_of(multi, socket);
	struct transfer *transfer = NULL;
	int rc;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
	if (what == CURL_POLL_REMOVE) {
		if (watch == NULL)
			return 0;
		if (transfer != NULL && watch->transfer == transfer && transfer->connected)
			watch->wanted = 0; /* release_connection() keeps it, unless libcurl closes
					      it first */
		else
			drop_watch(multi, socket);
		return 0;
	}
	rc = watch == NULL ? make_watch(multi, socket) : 0;
	if (rc != 0) {
		report_failure(multi, transfer, rc);
		return 0;
	}
	watch = multi->watches[socket];
	unmark_idle(watch);
	watch->transfer = transfer;
	if (transfer != NULL)
		transfer->socket = socket;
	watch->wanted =
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	if (watch->wanted != watch->registered) {
		watch->registered = watch->wanted;
		uv_poll_start(&watch->poll, watch->wanted, on_socket);
	}
	return 0;
}

/* CURLOPT_OPENSOCKETFUNCTION. If a descriptor number is used again, the watch of the old socket is
 * dropped. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = context;
	curl_socket_t opened =
		socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (opened >= 0) {
		drop_watch(transfer->multi, opened);
		return opened;
	}
	if (errno != EAFNOSUPPORT) /* without IPv6, only this address fails */
		transfer->error = errno;
	return CURL_SOCKET_BAD;
}

/* CURLOPT_CLOSESOCKETFUNCTION. The loop must stop watching a descriptor before it is closed. */
static int close_socket(void *context, curl_socket_t socket)
{
	drop_watch(context, socket);
	return close(socket);
}

/* -- life -- */

static void free_timer(uv_handle_t *timer)
{
	forget_handle(timer->data);
}

struct multi *multi_new(uv_loop_t *loop, multi_done *done, multi_stuck *stuck)
{
	struct multi *multi = xcalloc(1, sizeof *multi);
	CURLM *handle = curl_multi_init();

	if (handle == NULL)
		xno_memory();
	multi->handle = handle;
	multi->loop = loop;
	multi->done = done;
	multi->stuck = stuck;
	multi->handles = 2;
	TAILQ_INIT(&multi->idle);
	uv_timer_init(loop, &multi->timer);
	uv_timer_init(loop, &multi->idle_timer);
	multi->timer.data = multi->idle_timer.data = multi;
	curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi);
	multi_limit(multi, CONNECTIONS);
	return multi;
}

void multi_free(struct multi **multi)
{
	struct multi *m = *multi;

	if (m == NULL)
		return;
	*multi = NULL;
	m->closing = true;
	curl_multi_cleanup(m->handle);
	for (size_t i = 0; i < m->watch_count; i++)
		drop_watch(m, (curl_socket_t)i);
	uv_close((uv_handle_t *)&m->timer, free_timer);
	uv_close((uv_handle_t *)&m->idle_timer, free_timer);
}

void multi_limit(struct multi *multi, unsigned connections)
{
	curl_multi_setopt(multi->handle, CURLMOPT_MAXCONNECTS, (long)connections);
}

int multi_add(struct multi *multi, struct transfer *transfer)
{
	transfer->multi = multi;
	transfer->socket = CURL_SOCKET_BAD;
	transfer->connected = false;
	transfer->error = 0;
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, transfer);
	return curl_multi_add_handle(multi->handle, transfer->easy) == CURLM_OK ? 0 : -1;
}

void multi_cancel(struct multi *multi, struct transfer *transfer)
{
	remove_transfer(multi, transfer);
}

void multi_prepare(struct multi *multi, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, multi);
}
