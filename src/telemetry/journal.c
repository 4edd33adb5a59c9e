/* SPDX-License-Identifier: MIT */
#include "telemetry/journal.h"

#include "base/buffer.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SOCKET_PATH "/run/systemd/journal/socket"

enum {
	QUEUE_SIZE = 128 * 1024,
	RECORD_MAX = 4 * LOG_LINE_MAX, /* a field of one byte has a name of some more */
};

/* Records that the journal did not take yet, each behind its length; from all threads. */
static struct {
	pthread_mutex_t lock;
	struct sockaddr_un address;
	int socket;
	size_t length;
	char records[QUEUE_SIZE];
} journal = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH},
	.socket = -1,
};

void journal_use(const char *path)
{
	pthread_mutex_lock(&journal.lock);
	snprintf(journal.address.sun_path, sizeof journal.address.sun_path, "%s",
		path != NULL ? path : SOCKET_PATH);
	pthread_mutex_unlock(&journal.lock);
}

/* ---- records ---- */

/* Appends a field. One with a newline is written with its length. */
static void put_field(struct buffer *record, const char *name, const char *value, size_t length)
{
	uint64_t size = htole64(length);

	buffer_text(record, name);
	if (memchr(value, '\n', length) == NULL) {
		buffer_text(record, "=");
	} else {
		buffer_text(record, "\n");
		buffer_append(record, &size, sizeof size);
	}
	buffer_append(record, value, length);
	buffer_text(record, "\n");
}

static unsigned hex_value(const char *digits)
{
	unsigned value = 0;

	for (int i = 0; i < 4 && isxdigit((unsigned char)digits[i]); i++)
		value = value << 4 |
			(unsigned)(isdigit((unsigned char)digits[i])
					   ? digits[i] - '0'
					   : tolower((unsigned char)digits[i]) - 'a' + 10);
	return value;
}

/* Writes what an escape stands for, in UTF-8. Returns the escape's length. */
static size_t put_escaped(const char *from, char **to)
{
	unsigned code = from[1] == 'u' ? hex_value(from + 2) : 0;

	if (from[1] != 'u') {
		*(*to)++ = from[1] == 'n'   ? '\n'
			   : from[1] == 't' ? '\t'
			   : from[1] == 'r' ? '\r'
					    : from[1];
		return 2;
	}
	if (code < 0x80) {
		*(*to)++ = (char)code;
	} else if (code < 0x800) {
		*(*to)++ = (char)(0xc0 | code >> 6);
		*(*to)++ = (char)(0x80 | (code & 0x3f));
	} else {
		*(*to)++ = (char)(0xe0 | code >> 12);
		*(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
		*(*to)++ = (char)(0x80 | (code & 0x3f));
	}
	return 6;
}

/* Reads a value of our own logfmt into `value`, without its escapes. Returns where the line goes
 * on. */
static const char *read_value(const char *at, const char *end, char *value, size_t *length_r)
{
	char *to = value;

	if (*at != '"') {
		while (at < end && *at != ' ')
			*to++ = *at++;
	} else {
		for (at++; at < end && *at != '"';) {
			if (*at == '\\')
				at += put_escaped(at, &to);
			else
				*to++ = *at++;
		}
		at++;
	}
	*length_r = (size_t)(to - value);
	return at < end ? at + 1 : end;
}

/* Appends MEETAUTH_KEY for each field of the line. */
static void put_fields(struct buffer *record, const char *line, size_t length)
{
	static const char prefix[] = "MEETAUTH_";
	const char *at = line, *end = line + length;
	char name[64], value[LOG_LINE_MAX];

	while (at < end) {
		size_t size = sizeof prefix - 1, value_length;

		memcpy(name, prefix, size);
		for (; at < end && *at != '='; at++)
			if (size + 1 < sizeof name)
				name[size++] = (char)toupper((unsigned char)*at);
		name[size] = '\0';
		if (at == end)
			return;
		at = read_value(at + 1, end, value, &value_length);
		put_field(record, name, value, value_length);
	}
}

static void make_record(struct buffer *record, const char *line, size_t length, int priority)
{
	/* LOG_AUTHPRIV, as for syslog: the lines say who signed in from where. */
	buffer_printf(record, "PRIORITY=%d\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=%s\n", priority,
		program_invocation_short_name);
	put_field(record, "MESSAGE", line, length);
	put_fields(record, line, length);
}

/* ---- sending ---- */

/* Needs the lock. 0, or -1 with errno. */
static int send_record(const char *bytes, size_t length)
{
	ssize_t done;

	if (journal.socket < 0)
		journal.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	do
		done = sendto(journal.socket, bytes, length, MSG_NOSIGNAL,
			(const struct sockaddr *)&journal.address, sizeof journal.address);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -1 : 0;
}

static bool is_full(int reason)
{
	return reason == EAGAIN || reason == ENOBUFS;
}

/* Needs the lock. Records that nobody will read are dropped. */
static void flush_queue(void)
{
	size_t at = 0, length;

	while (at < journal.length) {
		memcpy(&length, journal.records + at, sizeof length);
		if (send_record(journal.records + at + sizeof length, length) != 0) {
			if (is_full(errno))
				break;
			metric_count(METRIC_LOG_DROPPED);
		}
		at += sizeof length + length;
	}
	if (at > 0)
		memmove(journal.records, journal.records + at, journal.length - at);
	journal.length -= at;
}

/* Needs the lock. */
static void queue_record(const struct buffer *record)
{
	if (sizeof record->length + record->length > QUEUE_SIZE - journal.length) {
		metric_count(METRIC_LOG_DROPPED);
		return;
	}
	memcpy(journal.records + journal.length, &record->length, sizeof record->length);
	memcpy(journal.records + journal.length + sizeof record->length, record->data,
		record->length);
	journal.length += sizeof record->length + record->length;
}

int journal_put(const char *line, size_t length, int priority)
{
	struct buffer record = BUFFER_INIT(RECORD_MAX);
	int rc = 0;

	make_record(&record, line, length, priority);
	pthread_mutex_lock(&journal.lock);
	flush_queue();
	if (record.failed)
		metric_count(METRIC_LOG_DROPPED);
	else if (journal.length > 0)
		queue_record(&record);
	else
		rc = send_record(record.data, record.length);
	if (rc != 0 && is_full(errno)) {
		queue_record(&record);
		rc = 0;
	}
	pthread_mutex_unlock(&journal.lock);
	buffer_release(&record);
	return rc;
}

void journal_flush(void)
{
	pthread_mutex_lock(&journal.lock);
	if (journal.length > 0)
		flush_queue();
	pthread_mutex_unlock(&journal.lock);
}
