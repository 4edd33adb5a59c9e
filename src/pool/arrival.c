/* SPDX-License-Identifier: MIT */
#include "pool/arrival.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "pool/fastcgi.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	SWEEP_MS = 500,
	SWEEP_HURRY_MS = 50,
	TELL_EVERY_MS = 1000,
	DISCARD_BATCH = 16, /* chunks of a refused body that are thrown away in one turn */
};

struct arrival {
	uv_poll_t poll;
	struct arrivals *all;
	struct arrival *next, **link;
	int fd;
	bool refused;	     /* and answered: the rest of it is thrown away */
	int64_t deadline_ms; /* monotonic */
	struct buffer bytes;
};

/* What is known of a request that does not become one. */
struct refusal {
	const uint8_t *bytes;
	const struct framing_result *framing;
	enum request_arrival arrival;
	const char *why;
	bool open; /* the web server may still be sending */
};

static int watch(struct arrivals *all, int fd, bool refused);

/* -- a request that is refused -- */

/* libfcgi reads from a descriptor: what was read off the socket already is played to it from
 * memory. -1 without memory. */
static int hold_in_memory(const struct iovec *parts, int count, size_t length)
{
	int memory = memfd_create("request", MFD_CLOEXEC);

	if (memory >= 0 && (writev(memory, parts, count) != (ssize_t)length ||
				   lseek(memory, 0, SEEK_SET) != 0)) {
		close(memory);
		memory = -1;
	}
	return memory;
}

/* The parameters alone, as a request without a body: they say which id, language and form the
 * answer is to have. */
static int read_parameters(
	const uint8_t *bytes, const struct framing_result *framing, struct request *request)
{
	uint16_t id = framing->request_id;
	uint8_t no_body[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1, FCGI_STDIN, (uint8_t)(id >> 8), (uint8_t)id};
	struct iovec parts[] = {
		{(void *)(uintptr_t)bytes, framing->params_end}, {no_body, sizeof no_body}};
	int memory, rc;

	if (framing->params_end == 0)
		return -1;
	memory = hold_in_memory(parts, 2, framing->params_end + sizeof no_body);
	if (memory < 0)
		return -1;
	rc = fastcgi_read(memory, 0, request);
	if (rc == 0)
		close(memory);
	return rc;
}

/* Answers, where a request has begun, and takes over the descriptor. */
static void refuse(struct arrivals *all, int fd, const struct refusal *refusal)
{
	struct request request;
	int rest = -1;

	metric_count(METRIC_REQUEST_BROKEN);
	if (refusal->framing->request_id == 0) {
		log_message(LOG_LEVEL_WARNING, "broken-request", "%s", refusal->why);
		close(fd);
		return;
	}
	if (read_parameters(refusal->bytes, refusal->framing, &request) != 0)
		request_init(&request, (char *[]){NULL}, "", 0);
	request.arrival = refusal->arrival;
	request.complaint = refusal->why;
	/* Closing a socket with unread bytes resets it, and the web server would see that instead
	 * of the answer. */
	if (refusal->open)
		rest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	all->receive(all->context, fd, refusal->framing->request_id, &request);
	if (rest < 0)
		return;
	shutdown(rest, SHUT_WR);
	if (watch(all, rest, true) != 0)
		close(rest);
}

/* -- a request that is whole -- */

/* It lies in `source`, which is the connection itself or a copy of its bytes. False when libfcgi
 * could not read it and closed that. */
static bool receive(
	struct arrivals *all, int fd, int source, const struct framing_result *framing, bool late)
{
	struct request request;

	if (fastcgi_read(source, framing->body_length, &request) != 0) {
		metric_count(METRIC_REQUEST_BROKEN);
		return false;
	}
	if (request.arrival == REQUEST_BROKEN) {
		metric_count(METRIC_REQUEST_BROKEN);
		request.complaint = "parameters missing, repeated or not matching the body";
	}
	if (request.arrival == REQUEST_WHOLE && late)
		request.arrival = REQUEST_LATE;
	all->receive(all->context, fd, framing->request_id, &request);
	return true;
}

/* -- a request that comes in pieces -- */

static void release_handle(struct arrivals *all)
{
	if (--all->handles == 0)
		all->closed(all);
}

static void free_arrival(uv_handle_t *poll)
{
	struct arrival *arrival = poll->data;

	release_handle(arrival->all);
	buffer_wipe(&arrival->bytes);
	free(arrival);
}

/* No longer watches the connection; the descriptor is the caller's. */
static void forget(struct arrival *arrival)
{
	*arrival->link = arrival->next;
	if (arrival->next != NULL)
		arrival->next->link = arrival->link;
	arrival->all->count--;
	arrival->all->requests -= !arrival->refused;
	uv_poll_stop(&arrival->poll);
	uv_close((uv_handle_t *)&arrival->poll, free_arrival);
}

static void forget_and_refuse(struct arrival *arrival, const struct framing_result *framing,
	enum request_arrival how, const char *why, bool open)
{
	forget(arrival);
	refuse(arrival->all, arrival->fd,
		&(struct refusal){(const uint8_t *)arrival->bytes.data, framing, how, why, open});
}

static void replay(struct arrival *arrival, const struct framing_result *framing)
{
	struct iovec part = {arrival->bytes.data, arrival->bytes.length};
	int memory = hold_in_memory(&part, 1, arrival->bytes.length);

	if (memory < 0) {
		forget_and_refuse(arrival, framing, REQUEST_NO_ROOM, "no memory to hold it", false);
		return;
	}
	forget(arrival);
	if (receive(arrival->all, arrival->fd, memory, framing, false))
		close(memory);
	else
		close(arrival->fd);
}

/* Takes what has come off the socket, as far as a request may be long. False at its end. */
static bool take_bytes(struct arrival *arrival)
{
	uint8_t *chunk = arrival->all->chunk;
	struct buffer *bytes = &arrival->bytes;

	while (bytes->length < bytes->maximum && !bytes->failed) {
		ssize_t got =
			recv(arrival->fd, chunk, bytes->maximum - bytes->length, MSG_DONTWAIT);

		if (got <= 0)
			return got < 0 && (errno == EAGAIN || errno == EINTR);
		buffer_append(bytes, chunk, (size_t)got);
		explicit_bzero(chunk, (size_t)got);
	}
	return true;
}

/* What a web server still sends of a request that was refused. */
static void throw_away(struct arrival *arrival)
{
	struct arrivals *all = arrival->all;
	ssize_t got = 1;

	for (int i = 0; i < DISCARD_BATCH && got > 0; i++)
		got = recv(arrival->fd, all->chunk, sizeof all->chunk, MSG_DONTWAIT);
	explicit_bzero(all->chunk, sizeof all->chunk);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	forget(arrival);
	close(arrival->fd);
}

static void on_arriving(uv_poll_t *poll, int status, int events)
{
	struct arrival *arrival = poll->data;
	struct framing_result framing = {0};
	enum framing found;
	bool open;

	if (arrival->refused) {
		throw_away(arrival);
		return;
	}
	open = take_bytes(arrival);
	found = framing_check(
		(const uint8_t *)arrival->bytes.data, arrival->bytes.length, &framing);
	if (arrival->bytes.failed)
		forget_and_refuse(arrival, &framing, REQUEST_NO_ROOM, "no memory to hold it", open);
	else if (found == FRAMING_COMPLETE)
		replay(arrival, &framing);
	else if (found == FRAMING_TOO_LARGE)
		forget_and_refuse(arrival, &framing, REQUEST_TOO_LARGE, "body too large", open);
	else if (found == FRAMING_BROKEN)
		forget_and_refuse(arrival, &framing, REQUEST_BROKEN,
			"not one well-formed FastCGI responder request", open);
	else if (!open)
		forget_and_refuse(arrival, &framing, REQUEST_BROKEN,
			"closed by the web server before it was complete", false);
}

/* Waits for the rest of a request. Takes over the descriptor, unless it returns -1. */
static int watch(struct arrivals *all, int fd, bool refused)
{
	struct arrival *arrival;
	int rc;

	if (all->count >= all->maximum) {
		errno = EMFILE;
		return -1;
	}
	arrival = calloc(1, sizeof *arrival);
	if (arrival == NULL)
		return -1;
	rc = uv_poll_init(all->loop, &arrival->poll, fd);
	if (rc != 0) {
		free(arrival);
		errno = -rc;
		return -1;
	}
	arrival->poll.data = arrival;
	arrival->all = all;
	arrival->fd = fd;
	arrival->refused = refused;
	arrival->bytes = BUFFER_INIT(FRAMING_REQUEST_MAX);
	arrival->deadline_ms = clock_monotonic_ms() + LISTENER_DEADLINE_MS;
	arrival->next = all->first;
	arrival->link = &all->first;
	if (arrival->next != NULL)
		arrival->next->link = &arrival->next;
	all->first = arrival;
	all->count++;
	all->requests += !refused;
	all->handles++;
	uv_poll_start(&arrival->poll, UV_READABLE | UV_DISCONNECT, on_arriving);
	return 0;
}

static void on_sweep(uv_timer_t *timer)
{
	struct arrivals *all = timer->data;
	int64_t now = clock_monotonic_ms();
	struct arrival *arrival = all->first, *next;

	for (; arrival != NULL; arrival = next) {
		struct framing_result framing = {0};

		next = arrival->next;
		if (now < arrival->deadline_ms)
			continue;
		if (arrival->refused) {
			forget(arrival);
			close(arrival->fd);
			continue;
		}
		framing_check(
			(const uint8_t *)arrival->bytes.data, arrival->bytes.length, &framing);
		forget_and_refuse(arrival, &framing, REQUEST_BROKEN, "not complete in time", false);
	}
}

/* -- a request that is there at once, as nearly all are -- */

/* Nobody can wait for the rest of it. */
static void turn_away(
	struct arrivals *all, int fd, const struct framing_result *framing, int reason)
{
	int64_t now = clock_monotonic_ms();
	struct refusal refusal = {
		all->chunk, framing, REQUEST_NO_ROOM, "no room for a request in pieces", false};

	if (now - all->told_ms >= TELL_EVERY_MS) {
		log_message(LOG_LEVEL_ERROR, "watch-failed",
			"cannot wait for the rest of a request, %u wait already: %s", all->count,
			strerror(reason));
		all->told_ms = now;
	}
	refuse(all, fd, &refusal);
}

void arrivals_take(struct arrivals *all, int fd, bool late)
{
	struct framing_result framing = {0};
	ssize_t got = recv(fd, all->chunk, sizeof all->chunk, MSG_PEEK | MSG_DONTWAIT);

	if (got == 0)
		close(fd); /* came and went without a word */
	else if (got > 0 && framing_check(all->chunk, (size_t)got, &framing) == FRAMING_COMPLETE)
		receive(all, fd, fd, &framing, late);
	else if (watch(all, fd, false) != 0)
		turn_away(all, fd, &framing, errno);
	if (got > 0)
		explicit_bzero(all->chunk, (size_t)got);
}

/* -- life -- */

void arrivals_init(struct arrivals *all, uv_loop_t *loop, listener_request *receiver, void *context,
	unsigned maximum)
{
	all->loop = loop;
	all->receive = receiver;
	all->context = context;
	all->maximum = maximum;
	all->handles = 1;
	uv_timer_init(loop, &all->sweep);
	all->sweep.data = all;
	uv_timer_start(&all->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

void arrivals_hurry(struct arrivals *all, int64_t limit_ms)
{
	int64_t latest = clock_monotonic_ms() + limit_ms;

	for (struct arrival *arrival = all->first; arrival != NULL; arrival = arrival->next)
		if (arrival->deadline_ms > latest)
			arrival->deadline_ms = latest;
	uv_timer_start(&all->sweep, on_sweep, SWEEP_HURRY_MS, SWEEP_HURRY_MS);
}

static void on_closed(uv_handle_t *handle)
{
	release_handle(handle->data);
}

void arrivals_close(struct arrivals *all, void (*closed)(struct arrivals *arrivals))
{
	all->closed = closed;
	while (all->first != NULL) {
		int fd = all->first->fd;

		forget(all->first);
		close(fd);
	}
	uv_close((uv_handle_t *)&all->sweep, on_closed);
}
