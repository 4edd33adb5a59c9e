/* SPDX-License-Identifier: MIT */
#include "outbound/multi.h"

#include <stdbool.h>
#include <unistd.h>

/* A socket of libcurl's. It stays registered with the loop while the connection is kept: libcurl
 * loses interest after each transfer and regains it with the next, and telling the kernel both
 * times would cost more than the events that a kept connection sees. */
struct watch {
	uv_poll_t poll;
	struct multi *multi;
	curl_socket_t socket;
	int registered; /* what the loop watches for: UV_READABLE, UV_WRITABLE */
	int wanted;	/* what libcurl wants */
};

struct multi {
	CURLM *handle;
	uv_loop_t *loop;
	uv_timer_t timer;
	multi_done *done;
	struct watch **watches; /* by descriptor */
	size_t watch_count;
	unsigned handles; /* of the loop, not closed yet */
	bool closing;
};

static void give_back(struct multi *multi)
{
	if (--multi->handles == 0 && multi->closing) {
		free(multi->watches);
		free(multi);
	}
}

static void collect(struct multi *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi->handle, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(multi->handle, easy);
		multi->done(easy, result);
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

	(void)handle;
	if (multi->closing)
		return 0;
	if (timeout_ms < 0)
		uv_timer_stop(&multi->timer);
	else
		uv_timer_start(&multi->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct multi *multi = watch->multi;
	int mask = status < 0 ? CURL_CSELECT_ERR : 0;
	int running;

	if (watch->wanted == 0) {
		/* An idle connection was closed by the peer, or it sends what nobody asked for.
		 * libcurl looks at it before it is used again. */
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

	give_back(watch->multi);
	free(watch);
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

static struct watch *find_or_make(struct multi *multi, curl_socket_t socket)
{
	struct watch *watch;

	if ((size_t)socket >= multi->watch_count && grow(multi, (size_t)socket) != 0)
		return NULL;
	if (multi->watches[socket] != NULL)
		return multi->watches[socket];
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return NULL;
	if (uv_poll_init(multi->loop, &watch->poll, socket) != 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->multi = multi;
	watch->socket = socket;
	multi->handles++;
	multi->watches[socket] = watch;
	return watch;
}

/* CURLMOPT_SOCKETFUNCTION. */
static int set_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *unused)
{
	struct multi *multi = context;
	struct watch *watch;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if ((size_t)socket < multi->watch_count && multi->watches[socket] != NULL)
			multi->watches[socket]->wanted = 0;
		return 0;
	}
	watch = find_or_make(multi, socket);
	if (watch == NULL)
		return -1;
	watch->wanted =
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	if (watch->wanted != watch->registered) {
		watch->registered = watch->wanted;
		uv_poll_start(&watch->poll, watch->wanted, on_socket);
	}
	return 0;
}

/* CURLOPT_CLOSESOCKETFUNCTION: the loop must let go of a descriptor before it is closed. */
static int close_socket(void *context, curl_socket_t socket)
{
	struct multi *multi = context;

	if ((size_t)socket < multi->watch_count && multi->watches[socket] != NULL) {
		uv_poll_stop(&multi->watches[socket]->poll);
		uv_close((uv_handle_t *)&multi->watches[socket]->poll, free_watch);
		multi->watches[socket] = NULL;
	}
	return close(socket);
}

static void free_timer(uv_handle_t *timer)
{
	give_back(timer->data);
}

struct multi *multi_new(uv_loop_t *loop, multi_done *done, struct error *error)
{
	struct multi *multi = calloc(1, sizeof *multi);
	CURLM *handle = curl_multi_init();

	if (multi == NULL || handle == NULL) {
		free(multi);
		curl_multi_cleanup(handle);
		error_set(error, "no memory for libcurl");
		return NULL;
	}
	multi->handle = handle;
	multi->loop = loop;
	multi->done = done;
	multi->handles = 1;
	uv_timer_init(loop, &multi->timer);
	multi->timer.data = multi;
	curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi);
	curl_multi_setopt(
		handle, CURLMOPT_MAXCONNECTS, 256L); /* kept while idle, all peers together */
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
	uv_timer_stop(&m->timer);
	uv_close((uv_handle_t *)&m->timer, free_timer);
}

int multi_add(struct multi *multi, CURL *easy)
{
	return curl_multi_add_handle(multi->handle, easy) == CURLM_OK ? 0 : -1;
}

void multi_prepare(struct multi *multi, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, multi);
}

uv_loop_t *multi_loop(const struct multi *multi)
{
	return multi->loop;
}
