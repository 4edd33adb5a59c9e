/* SPDX-License-Identifier: MIT
 *
 * Writes answers to the web server, each with one system call that does not block.
 */
#include "base/buffer.h"
#include "pool/fastcgi.h"
#include "pool/framing.h"

#include <fastcgi.h>
#include <poll.h>
#include <sys/socket.h>

static FCGI_Header header_for(uint8_t type, uint16_t id, size_t length)
{
	return (FCGI_Header){
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(length >> 8),
		.contentLengthB0 = (unsigned char)length,
	};
}

static struct iovec part(const void *bytes, size_t length)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
}

/* A record holds at most 65,535 bytes. The heads of answers are much shorter; bodies may need
 * several records. */
enum { BODY_RECORD_MAX = 65528, BODY_RECORDS_MAX = 8 };

static int send_parts(int fd, struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i].iov_len;
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)total ? 0 : -1;
}

static FCGI_Header release_record(uint16_t request_id)
{
	return header_for(FCGI_STDERR, request_id, 0);
}

/* The last record's body is all zeros: exit status 0, FCGI_REQUEST_COMPLETE. */
static FCGI_EndRequestRecord end_record(uint16_t request_id)
{
	return (FCGI_EndRequestRecord){
		.header = header_for(FCGI_END_REQUEST, request_id, sizeof(FCGI_EndRequestBody))};
}

/* Adds the end of an answer. Returns how many parts it used, at most two. */
static size_t add_end(struct iovec *parts, const FCGI_EndRequestRecord *end,
	const FCGI_Header *release, enum fastcgi_after after)
{
	parts[0] = part(end, sizeof *end);
	parts[1] = part(release, sizeof *release);
	return after == FASTCGI_RELEASE ? 2 : 1;
}

int fastcgi_write(int fd, uint16_t request_id, enum fastcgi_after after, const char *head,
	size_t head_length, const char *body, size_t body_length)
{
	FCGI_Header records[BODY_RECORDS_MAX];
	FCGI_Header first = header_for(FCGI_STDOUT, request_id, head_length + 2);
	FCGI_Header eof = header_for(FCGI_STDOUT, request_id, 0);
	FCGI_EndRequestRecord end = end_record(request_id);
	FCGI_Header release = release_record(request_id);
	struct iovec parts[6 + 2 * BODY_RECORDS_MAX];
	size_t count = 0;

	if (head_length + 2 > BODY_RECORD_MAX ||
		body_length > (size_t)BODY_RECORD_MAX * BODY_RECORDS_MAX)
		return -1;
	parts[count++] = part(&first, sizeof first);
	parts[count++] = part(head, head_length);
	parts[count++] = part("\r\n", 2);
	for (size_t i = 0; body_length > 0; i++) {
		size_t length = body_length < BODY_RECORD_MAX ? body_length : BODY_RECORD_MAX;

		records[i] = header_for(FCGI_STDOUT, request_id, length);
		parts[count++] = part(&records[i], sizeof records[i]);
		parts[count++] = part(body, length);
		body += length;
		body_length -= length;
	}
	parts[count++] = part(&eof, sizeof eof);
	count += add_end(parts + count, &end, &release, after);
	return send_parts(fd, parts, count);
}

int fastcgi_write_end(int fd, uint16_t request_id, enum fastcgi_after after)
{
	FCGI_EndRequestRecord end = end_record(request_id);
	FCGI_Header release = release_record(request_id);
	struct iovec parts[2];

	return send_parts(fd, parts, add_end(parts, &end, &release, after));
}

int fastcgi_release(int fd, uint16_t request_id)
{
	FCGI_Header release = release_record(request_id);
	struct iovec one = part(&release, sizeof release);

	return send_parts(fd, &one, 1);
}

/* Appends one name and value, each shorter than 128 bytes. */
static void add_value(struct buffer *values, const char *name, unsigned value)
{
	char text[16];
	uint8_t lengths[2];

	snprintf(text, sizeof text, "%u", value);
	lengths[0] = (uint8_t)strlen(name);
	lengths[1] = (uint8_t)strlen(text);
	buffer_append(values, lengths, sizeof lengths);
	buffer_text(values, name);
	buffer_text(values, text);
}

int fastcgi_write_values(int fd, unsigned values, unsigned connections)
{
	struct buffer content = BUFFER_INIT(128);
	FCGI_Header header;
	struct iovec parts[2];
	int rc = -1;

	if (values & FRAMING_MAX_CONNS)
		add_value(&content, FCGI_MAX_CONNS, connections);
	if (values & FRAMING_MAX_REQS)
		add_value(&content, FCGI_MAX_REQS, connections);
	if (values & FRAMING_MPXS_CONNS)
		add_value(&content, FCGI_MPXS_CONNS, 0);
	header = header_for(FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID, content.length);
	parts[0] = part(&header, sizeof header);
	parts[1] = part(content.data, content.length);
	if (!content.failed)
		rc = send_parts(fd, parts, 2);
	buffer_release(&content);
	return rc;
}

bool fastcgi_is_abandoned(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLRDHUP};

	return poll(&poller, 1, 0) > 0;
}
