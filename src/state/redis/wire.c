/* SPDX-License-Identifier: MIT */
#include "state/redis/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
	READ_SIZE = 16 * 1024,
	ANSWER_MAX = 4 * 1024 * 1024, /* bytes of an answer that is not complete */
	ELEMENTS_MAX = 64 * 1024,     /* of an array: a step of SCAN has the most, some thousands */
};

struct wire {
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} handle;
	uv_connect_t request;
	const struct wire_events *events; /* NULL: closed */
	void *context;
	struct tls *tls; /* NULL: none */
	bool is_open;	 /* the handshake is over */
	redisReader *reader;
	char bytes[READ_SIZE];
};

struct writing {
	uv_write_t request;
	size_t length;
	char bytes[];
};

static void fail(struct wire *wire, const char *why)
{
	if (wire->events != NULL)
		wire->events->failed(wire->context, why);
}

/* ---- sending ---- */

static void on_written(uv_write_t *request, int status)
{
	struct writing *writing = (struct writing *)request;
	struct wire *wire = request->data;

	explicit_bzero(writing->bytes, writing->length);
	free(writing);
	if (status < 0 && status != UV_ECANCELED)
		fail(wire, uv_strerror(status));
}

static int write_out(struct wire *wire, struct writing *writing)
{
	uv_buf_t buffer = uv_buf_init(writing->bytes, (unsigned)writing->length);

	writing->request.data = wire;
	if (uv_write(&writing->request, &wire->handle.stream, &buffer, 1, on_written) == 0)
		return 0;
	explicit_bzero(writing->bytes, writing->length);
	free(writing);
	return -1;
}

/* Sends what TLS has to say. */
static int flush_tls(struct wire *wire)
{
	size_t length = tls_pending(wire->tls);
	struct writing *writing;

	if (length == 0)
		return 0;
	writing = malloc(sizeof *writing + length);
	if (writing == NULL)
		return -1;
	writing->length = length;
	tls_take(wire->tls, writing->bytes, length);
	return write_out(wire, writing);
}

int wire_send(struct wire *wire, const char *bytes, size_t length)
{
	struct writing *writing;

	if (wire->tls != NULL)
		return tls_write(wire->tls, bytes, length) == 0 ? flush_tls(wire) : -1;
	writing = malloc(sizeof *writing + length);
	if (writing == NULL)
		return -1;
	writing->length = length;
	memcpy(writing->bytes, bytes, length);
	return write_out(wire, writing);
}

/* ---- receiving ---- */

#if HIREDIS_MAJOR < 1

/* An array takes its memory before its elements come. */
static void *(*create_array)(const redisReadTask *task, int count);

static void *create_some(const redisReadTask *task, int count)
{
	return count <= ELEMENTS_MAX ? create_array(task, count) : NULL;
}

static void limit_elements(redisReader *reader)
{
	static redisReplyObjectFunctions functions;

	create_array = reader->fn->createArray;
	functions = *reader->fn;
	functions.createArray = create_some;
	reader->fn = &functions;
}

#else

static void limit_elements(redisReader *reader)
{
	reader->maxelements = ELEMENTS_MAX;
}

#endif

redisReader *wire_reader(void)
{
	redisReader *reader = redisReaderCreate();

	if (reader != NULL)
		limit_elements(reader);
	return reader;
}

static void take_replies(struct wire *wire)
{
	void *reply = NULL;

	while (wire->events != NULL) {
		if (redisReaderGetReply(wire->reader, &reply) != REDIS_OK) {
			fail(wire, "its answer is not the Redis protocol");
			return;
		}
		if (reply == NULL)
			return;
		wire->events->replied(wire->context, reply);
	}
}

static void take_bytes(struct wire *wire, const char *bytes, size_t length)
{
	if (wire->reader->len - wire->reader->pos > ANSWER_MAX)
		fail(wire, "its answer is too large");
	else if (redisReaderFeed(wire->reader, bytes, length) != REDIS_OK)
		fail(wire, "its answer is not the Redis protocol");
	else
		take_replies(wire);
}

static void open_wire(struct wire *wire)
{
	wire->is_open = true;
	wire->events->opened(wire->context);
}

/* Continues the handshake. False: it is not over, or has failed. */
static bool shake(struct wire *wire)
{
	struct error error = {0};
	int rc = tls_shake(wire->tls, &error);

	if (flush_tls(wire) != 0 && rc >= 0) {
		fail(wire, "cannot write");
		return false;
	}
	if (rc < 0)
		fail(wire, error.text);
	else if (rc > 0)
		open_wire(wire);
	return wire->events != NULL && wire->is_open;
}

static void take_secret(struct wire *wire, const char *bytes, size_t length)
{
	char plain[READ_SIZE];
	int count = 0;

	if (tls_receive(wire->tls, bytes, length) != 0) {
		fail(wire, "out of memory");
		return;
	}
	if (!wire->is_open && !shake(wire))
		return;
	while (wire->events != NULL && (count = tls_read(wire->tls, plain, sizeof plain)) > 0)
		take_bytes(wire, plain, (size_t)count);
	if (wire->events != NULL && count < 0)
		fail(wire, "it ended the TLS connection");
}

static void on_allocate(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	struct wire *wire = handle->data;

	(void)size;
	*buffer = uv_buf_init(wire->bytes, sizeof wire->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct wire *wire = stream->data;

	if (wire->events == NULL || length == 0)
		return;
	if (length < 0)
		fail(wire,
			length == UV_EOF ? "it closed the connection" : uv_strerror((int)length));
	else if (wire->tls != NULL)
		take_secret(wire, buffer->base, (size_t)length);
	else
		take_bytes(wire, buffer->base, (size_t)length);
}

/* ---- life ---- */

static void on_connected(uv_connect_t *request, int status)
{
	struct wire *wire = request->data;

	if (wire->events == NULL)
		return;
	if (status == 0)
		status = uv_read_start(&wire->handle.stream, on_allocate, on_read);
	if (status != 0)
		fail(wire, uv_strerror(status));
	else if (wire->tls != NULL)
		shake(wire);
	else
		open_wire(wire);
}

static void free_wire(struct wire *wire)
{
	tls_free(&wire->tls);
	if (wire->reader != NULL)
		redisReaderFree(wire->reader);
	free(wire);
}

static void on_closed(uv_handle_t *handle)
{
	free_wire(handle->data);
}

void wire_close(struct wire **wire)
{
	struct wire *w = *wire;

	*wire = NULL;
	if (w == NULL)
		return;
	w->events = NULL;
	uv_close((uv_handle_t *)&w->handle, on_closed);
}

static int connect_to(struct wire *wire, const struct wire_target *target)
{
	struct sockaddr_storage to;
	int port = (int)target->port;

	if (target->path != NULL) {
		uv_pipe_connect(&wire->request, &wire->handle.pipe, target->path, on_connected);
		return 0;
	}
	if (uv_ip4_addr(target->address, port, (struct sockaddr_in *)&to) != 0 &&
		uv_ip6_addr(target->address, port, (struct sockaddr_in6 *)&to) != 0)
		return UV_EINVAL;
	uv_tcp_nodelay(&wire->handle.tcp, 1);
	return uv_tcp_connect(
		&wire->request, &wire->handle.tcp, (const struct sockaddr *)&to, on_connected);
}

static struct wire *make_wire(const struct wire_target *target)
{
	struct wire *wire = calloc(1, sizeof *wire);

	if (wire == NULL)
		return NULL;
	wire->reader = wire_reader();
	if (target->trust != NULL)
		wire->tls = tls_new(target->trust, target->host);
	if (wire->reader != NULL && (target->trust == NULL || wire->tls != NULL))
		return wire;
	free_wire(wire);
	return NULL;
}

struct wire *wire_open(uv_loop_t *loop, const struct wire_target *target,
	const struct wire_events *events, void *context, struct error *error)
{
	struct wire *wire = make_wire(target);
	int rc;

	if (wire == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (target->path != NULL)
		uv_pipe_init(loop, &wire->handle.pipe, 0);
	else
		uv_tcp_init(loop, &wire->handle.tcp);
	wire->handle.stream.data = wire;
	wire->request.data = wire;
	wire->events = events;
	wire->context = context;
	rc = connect_to(wire, target);
	if (rc != 0) {
		error_set(error, "%s", uv_strerror(rc));
		wire_close(&wire);
	}
	return wire;
}
