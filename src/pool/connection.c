/* SPDX-License-Identifier: MIT */
#include "pool/connection.h"

#include "base/clock.h"
#include "pool/fastcgi.h"

#include <errno.h>
#include <fastcgi.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- the list -- */

static void count_stage(struct connection *connection, unsigned one)
{
	struct connections *all = connection->all;
	enum stage stage = connection->stage;

	all->waiting += stage != STAGE_ANSWERING ? one : 0;
	all->requests += stage == STAGE_ARRIVING ? one : 0;
	all->kept += stage == STAGE_IDLE || stage == STAGE_RELEASED ? one : 0;
}

void connection_set_stage(struct connection *connection, enum stage stage, int64_t limit_ms)
{
	count_stage(connection, -1U);
	connection->stage = stage;
	count_stage(connection, 1);
	connection->deadline_ms = clock_monotonic_ms() + limit_ms;
}

void connection_poll(struct connection *connection, int events)
{
	if (connection->events != events && events == 0)
		uv_poll_stop(&connection->poll);
	else if (connection->events != events)
		uv_poll_start(&connection->poll, events | UV_DISCONNECT, connection->all->on_event);
	connection->events = events;
}

void connections_release(struct connections *all)
{
	if (--all->handles == 0)
		all->closed(all);
}

static void free_connection(uv_handle_t *poll)
{
	struct connection *connection = poll->data;

	connections_release(connection->all);
	buffer_wipe(&connection->bytes);
	free(connection);
}

void connection_forget(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	count_stage(connection, -1U);
	uv_poll_stop(&connection->poll);
	uv_close((uv_handle_t *)&connection->poll, free_connection);
}

void connection_drop(struct connection *connection)
{
	connection_forget(connection);
	close(connection->fd);
}

struct connection *connection_watch(struct connections *all, int fd, enum stage stage)
{
	struct connection *connection = calloc(1, sizeof *connection);
	int rc;

	if (connection == NULL)
		return NULL;
	rc = uv_poll_init(all->loop, &connection->poll, fd);
	if (rc != 0) {
		free(connection);
		errno = -rc;
		return NULL;
	}
	connection->poll.data = connection;
	connection->all = all;
	connection->fd = fd;
	connection->stage = stage;
	connection->bytes = BUFFER_INIT(FRAMING_REQUEST_MAX);
	connection->deadline_ms = clock_monotonic_ms() + LISTENER_DEADLINE_MS;
	connection->next = all->first;
	connection->link = &all->first;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	all->first = connection;
	all->handles++;
	count_stage(connection, 1);
	connection_poll(connection, UV_READABLE);
	return connection;
}

/* -- buffered bytes -- */

int connection_keep_rest(
	struct connection *connection, const uint8_t *bytes, size_t length, size_t used)
{
	struct buffer *kept = &connection->bytes;
	bool in_buffer = bytes == (const uint8_t *)kept->data;
	size_t rest = length - used;

	if (!in_buffer) {
		if (rest > 0)
			buffer_append(kept, bytes + used, rest);
	} else if (rest > 0) {
		memmove(kept->data, kept->data + used, rest);
		explicit_bzero(kept->data + rest, used);
		kept->length = rest;
	} else {
		buffer_wipe(kept);
		*kept = BUFFER_INIT(FRAMING_REQUEST_MAX);
	}
	return kept->failed ? -1 : 0;
}

/* -- between two requests -- */

bool connection_may_stay(const struct connection *connection)
{
	const struct connections *all = connection->all;

	return !all->draining && all->kept < all->maximum / 2 &&
	       connection->served + 1 < LISTENER_REQUESTS;
}

bool connection_aborted(const struct connection *connection)
{
	const uint8_t *next = (const uint8_t *)connection->bytes.data;
	struct framing_result framing;
	uint8_t header[FCGI_HEADER_LEN];
	ssize_t got = (ssize_t)connection->bytes.length;

	if (got == 0) {
		next = header;
		got = recv(connection->fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
	}
	return got >= FCGI_HEADER_LEN && framing_check(next, FCGI_HEADER_LEN, connection->last_id,
						 &framing) == FRAMING_LATE_ABORT;
}

void connection_wait(struct connection *connection, bool stays)
{
	if (connection->bytes.length > 0) { /* a request, or part of one, is in the buffer already:
					       the next turn examines it */
		connection_set_stage(connection, STAGE_ARRIVING, LISTENER_DEADLINE_MS);
		connection_poll(connection, UV_READABLE | UV_WRITABLE);
		return;
	}
	if (stays)
		connection_set_stage(connection, STAGE_IDLE, LISTENER_IDLE_MS);
	else
		connection_set_stage(connection, STAGE_RELEASED, LISTENER_DEADLINE_MS);
	connection_poll(connection, UV_READABLE);
}

void connection_answered(struct connection *connection, bool sent, bool stays)
{
	connection->served++;
	if (sent && connection->all->closed == NULL)
		connection_wait(connection, stays);
	else
		connection_drop(connection);
}

void connection_let_go(struct connection *connection)
{
	if (fastcgi_release(connection->fd, connection->last_id) != 0)
		connection_drop(connection);
	else
		connection_set_stage(connection, STAGE_RELEASED, LISTENER_DEADLINE_MS);
}
