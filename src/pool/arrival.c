/* SPDX-License-Identifier: MIT */
#include "pool/arrival.h"

#include "base/clock.h"
#include "pool/fastcgi.h"
#include "pool/refuse.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SWEEP_MS = 500,
	SWEEP_DRAIN_MS = 50,
	TELL_EVERY_MS = 1000,
	DISCARD_BATCH = 16, /* chunks of a refused body that are read and ignored in one turn */
};

/* -- complete requests -- */

/* Notes how long the first request of a connection waited. Later ones, on a connection that the web
 * server keeps, do not wait in the queue and say nothing about it. */
static void note_wait(struct connections *all, int64_t waited_ms)
{
	if (waited_ms <= LISTENER_LATE_MS / 2)
		all->behind_since_ms = 0;
	else if (all->behind_since_ms == 0)
		all->behind_since_ms = clock_monotonic_ms();
}

/* True if a request that waited for so long has to be refused. Under overload, the wait stays at
 * LISTENER_LATE_MS: who waited longer is refused, which takes no time, and the next one is served.
 */
static bool is_late(const struct connections *all, int64_t waited_ms)
{
	return waited_ms > LISTENER_LATE_MS && all->behind_since_ms != 0 &&
	       clock_monotonic_ms() - all->behind_since_ms > LISTENER_OVERLOAD_MS;
}

static void receive(struct connections *all, const struct reply *reply, struct request *request,
	int64_t waited_ms)
{
	bool late = is_late(all, waited_ms);

	if (request->arrival == REQUEST_BROKEN) {
		metric_count(METRIC_REQUEST_BROKEN);
		request->complaint = "parameters missing, repeated or not matching the body";
	}
	if (request->arrival == REQUEST_WHOLE && late)
		request->arrival = REQUEST_LATE;
	all->receive(all->context, reply, request);
}

/* How long a request has waited: at least since this turn of the loop began. */
static int64_t waited_ms(const struct connection *connection)
{
	int64_t turn_ms = clock_monotonic_ms() - (int64_t)uv_now(connection->all->loop);

	return connection->queued_ms > turn_ms ? connection->queued_ms : turn_ms;
}

/* Reads and ignores what still arrives, for a while, and then closes the connection. */
static void discard(struct connections *all, int fd)
{
	if (all->waiting >= all->maximum || connection_watch(all, fd, STAGE_REFUSED) == NULL)
		close(fd);
}

static void give_up(struct connection *connection, const uint8_t *bytes,
	const struct framing_result *framing, enum request_arrival how, const char *why, bool open)
{
	int rest;

	connection_forget(connection);
	rest = refuse(
		connection->all, connection->fd, &(struct refusal){bytes, framing, how, why, open});
	if (rest >= 0)
		discard(connection->all, rest);
}

/* Hands on the request that begins at `used`. The connection belongs to the reply until that is
 * sent. */
static void deliver(struct connection *connection, const uint8_t *bytes, size_t length, size_t used,
	const struct framing_result *framing)
{
	struct connections *all = connection->all;
	struct reply reply = {.fd = connection->fd,
		.request_id = framing->request_id,
		.keep = framing->keep,
		.connection = framing->keep ? connection : NULL};
	struct request request;
	int64_t waited = waited_ms(connection);

	if (connection->served == 0)
		note_wait(all, waited);
	if (fastcgi_parse(bytes + used, framing, &request) != 0) {
		give_up(connection, bytes + used, framing, REQUEST_NO_ROOM,
			"out of memory to hold it", false);
		return;
	}
	if (!framing->keep) {
		connection_forget(connection);
	} else if (connection_keep_rest(connection, bytes, length, used + framing->end) == 0) {
		connection->last_id = framing->request_id;
		connection->queued_ms = 0;
		connection_set_stage(connection, STAGE_ANSWERING, 0);
	} else {
		request_release(&request);
		give_up(connection, bytes + used, framing, REQUEST_NO_ROOM,
			"out of memory to hold it", false);
		return;
	}
	receive(all, &reply, &request, waited);
}

/* -- incoming bytes -- */

/* Answers a record that may come before a request. Returns how many of the bytes it used; 0: the
 * connection is closed. */
static size_t answer_record(
	struct connection *connection, enum framing found, const struct framing_result *framing)
{
	struct connections *all = connection->all;
	enum fastcgi_after after = FASTCGI_CLOSE;
	bool stays = framing->keep && connection_may_stay(connection);
	int rc = 0;

	if (framing->keep)
		after = stays ? FASTCGI_KEEP : FASTCGI_RELEASE;
	if (found == FRAMING_VALUES)
		rc = fastcgi_write_values(connection->fd, framing->values, all->maximum);
	else if (found == FRAMING_ABORTED)
		rc = fastcgi_write_end(connection->fd, framing->request_id, after);
	if (rc != 0 || (found == FRAMING_ABORTED && !framing->keep)) {
		connection_drop(connection);
		return 0;
	}
	connection->served++;
	if (found == FRAMING_ABORTED)
		connection->last_id = framing->request_id;
	return framing->end;
}

/* Called when all bytes that arrived are used. */
static void wait_for_first_byte(struct connection *connection, bool open)
{
	static const struct framing_result nothing;

	if (!open && connection->served > 0)
		connection_drop(connection);
	else if (!open)
		give_up(connection, NULL, &nothing, REQUEST_BROKEN,
			"closed by the web server before it was complete", false);
	else if (connection->stage == STAGE_ARRIVING && connection->last_id != 0)
		connection_wait(connection, connection_may_stay(connection));
	else
		connection_poll(connection, UV_READABLE);
}

/* Keeps an incomplete request and waits for the rest. */
static void wait_for_rest(struct connection *connection, const uint8_t *bytes, size_t length,
	size_t used, const struct framing_result *framing, bool open)
{
	if (!open)
		give_up(connection, bytes + used, framing, REQUEST_BROKEN,
			"closed by the web server before it was complete", false);
	else if (connection_keep_rest(connection, bytes, length, used) != 0)
		give_up(connection, bytes + used, framing, REQUEST_NO_ROOM,
			"out of memory to hold it", open);
	else {
		if (connection->stage != STAGE_ARRIVING)
			connection_set_stage(connection, STAGE_ARRIVING, LISTENER_DEADLINE_MS);
		connection_poll(connection, UV_READABLE);
	}
}

/* Examines all bytes that have arrived, in the connection's buffer or in the shared chunk. `open`:
 * more may come. */
static void examine(struct connection *connection, const uint8_t *bytes, size_t length, bool open)
{
	struct framing_result framing;
	enum framing found;
	size_t used = 0, step;

	while (used < length) {
		found = framing_check(bytes + used, length - used, connection->last_id, &framing);
		switch (found) {
		case FRAMING_COMPLETE:
			deliver(connection, bytes, length, used, &framing);
			return;
		case FRAMING_PARTIAL:
			wait_for_rest(connection, bytes, length, used, &framing, open);
			return;
		case FRAMING_TOO_LARGE:
			give_up(connection, bytes + used, &framing, REQUEST_TOO_LARGE,
				"body too large", open);
			return;
		case FRAMING_BROKEN:
			give_up(connection, bytes + used, &framing, REQUEST_BROKEN,
				"not one well-formed FastCGI responder request", open);
			return;
		default:
			step = answer_record(connection, found, &framing);
			if (step == 0)
				return;
			used += step;
		}
	}
	connection_keep_rest(connection, bytes, length, used);
	wait_for_first_byte(connection, open);
}

/* Reads from the socket and examines what was read. */
static void take_bytes(struct connection *connection)
{
	uint8_t *chunk = connection->all->chunk;
	struct buffer *bytes = &connection->bytes;
	size_t room = FRAMING_REQUEST_MAX - bytes->length;
	ssize_t got = room > 0 ? recv(connection->fd, chunk, room, MSG_DONTWAIT) : -1;
	bool open = got > 0 || room == 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));

	if (got > 0 && bytes->length == 0) {
		examine(connection, chunk, (size_t)got, open);
	} else {
		if (got > 0)
			buffer_append(bytes, chunk, (size_t)got);
		if (bytes->failed)
			connection_drop(connection);
		else if (!open || bytes->length > 0)
			examine(connection, (const uint8_t *)bytes->data, bytes->length, open);
	}
	if (got > 0)
		explicit_bzero(chunk, (size_t)got);
}

/* Reads and ignores what a web server still sends of a refused request. */
static void throw_away(struct connection *connection)
{
	struct connections *all = connection->all;
	ssize_t got = 1;

	for (int i = 0; i < DISCARD_BATCH && got > 0; i++)
		got = recv(connection->fd, all->chunk, sizeof all->chunk, MSG_DONTWAIT);
	explicit_bzero(all->chunk, sizeof all->chunk);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		connection_drop(connection);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;

	if (connection->stage == STAGE_ANSWERING)
		connection_poll(connection, 0); /* stops reading until the answer is sent */
	else if (connection->stage == STAGE_REFUSED)
		throw_away(connection);
	else
		take_bytes(connection);
}

static void on_overdue(struct connection *connection)
{
	struct framing_result framing;

	switch (connection->stage) {
	case STAGE_IDLE:
		connection_let_go(connection);
		return;
	case STAGE_RELEASED:
		if (connection->all->draining)
			return; /* the web server closes it, or the drain ends */
		if (connection->asked_twice)
			connection_drop(connection);
		else
			connection_let_go(connection);
		connection->asked_twice = true;
		return;
	case STAGE_REFUSED:
		connection_drop(connection);
		return;
	case STAGE_ANSWERING:
		return;
	case STAGE_ARRIVING:
		break;
	}
	framing_check((const uint8_t *)connection->bytes.data, connection->bytes.length,
		connection->last_id, &framing);
	give_up(connection, (const uint8_t *)connection->bytes.data, &framing, REQUEST_BROKEN,
		"not complete in time", false);
}

static void on_sweep(uv_timer_t *timer)
{
	struct connections *all = timer->data;
	int64_t now = clock_monotonic_ms();
	struct connection *connection = all->first, *next;

	for (; connection != NULL; connection = next) {
		next = connection->next;
		if (now >= connection->deadline_ms)
			on_overdue(connection);
	}
}

/* -- accepted connections -- */

/* Refuses a connection: too many wait already, or the loop cannot watch it. */
static void turn_away(
	struct connections *all, int fd, const struct framing_result *framing, int reason)
{
	int64_t now = clock_monotonic_ms();
	struct refusal refusal = {
		all->chunk, framing, REQUEST_NO_ROOM, "cannot wait for the rest of it", false};

	if (now - all->told_ms >= TELL_EVERY_MS) {
		log_message(LOG_LEVEL_ERROR, "watch-failed",
			"cannot wait for the rest of a request, %u wait already: %s", all->waiting,
			strerror(reason));
		all->told_ms = now;
	}
	refuse(all, fd, &refusal);
}

/* A whole request on a connection that is not kept needs no watching. */
static void receive_only_request(
	struct connections *all, int fd, const struct framing_result *framing, int64_t queued_ms)
{
	struct reply reply = {.fd = fd, .request_id = framing->request_id};
	struct request request;

	note_wait(all, queued_ms);
	if (fastcgi_parse(all->chunk, framing, &request) == 0)
		receive(all, &reply, &request, queued_ms);
	else
		turn_away(all, fd, framing, ENOMEM);
}

void arrivals_take(struct connections *all, int fd, int64_t queued_ms)
{
	struct framing_result framing = {0};
	ssize_t got = recv(fd, all->chunk, sizeof all->chunk, MSG_DONTWAIT);
	enum framing found =
		got > 0 ? framing_check(all->chunk, (size_t)got, 0, &framing) : FRAMING_PARTIAL;
	struct connection *connection = NULL;

	errno = EMFILE;
	if (got == 0)
		close(fd); /* closed again without sending anything */
	else if (found == FRAMING_COMPLETE && !framing.keep)
		receive_only_request(all, fd, &framing, queued_ms);
	else if (found != FRAMING_COMPLETE && all->waiting >= all->maximum)
		turn_away(all, fd, &framing, errno);
	else if ((connection = connection_watch(all, fd, STAGE_ARRIVING)) == NULL)
		turn_away(all, fd, &framing, errno);
	if (connection != NULL) {
		connection->queued_ms = queued_ms;
		if (got > 0)
			examine(connection, all->chunk, (size_t)got, true);
	}
	if (got > 0)
		explicit_bzero(all->chunk, (size_t)got);
}

/* -- life -- */

void arrivals_init(struct connections *all, uv_loop_t *loop, listener_request *receiver,
	void *context, unsigned maximum)
{
	all->loop = loop;
	all->receive = receiver;
	all->context = context;
	all->maximum = maximum;
	all->handles = 1;
	all->on_event = on_event;
	uv_timer_init(loop, &all->sweep);
	all->sweep.data = all;
	uv_timer_start(&all->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

void arrivals_drain(struct connections *all, int64_t limit_ms)
{
	int64_t latest = clock_monotonic_ms() + limit_ms;
	struct connection *connection = all->first, *next;

	all->draining = true;
	for (; connection != NULL; connection = next) {
		next = connection->next;
		if (connection->stage == STAGE_IDLE)
			connection_let_go(connection);
		else if (connection->deadline_ms > latest)
			connection->deadline_ms = latest;
	}
	uv_timer_start(&all->sweep, on_sweep, SWEEP_DRAIN_MS, SWEEP_DRAIN_MS);
}

static void on_closed(uv_handle_t *handle)
{
	connections_release(handle->data);
}

void arrivals_close(struct connections *all, void (*closed)(struct connections *connections))
{
	struct connection *connection = all->first, *next;

	all->closed = closed;
	for (; connection != NULL; connection = next) {
		next = connection->next;
		if (connection->stage != STAGE_ANSWERING)
			connection_drop(connection);
	}
	uv_close((uv_handle_t *)&all->sweep, on_closed);
}
