/* SPDX-License-Identifier: MIT */
#include "telemetry/sink.h"

#include "base/banned.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { QUEUE_SIZE = 64 * 1024 };

/* Lines not yet written to standard error, from all threads. */
static struct {
	pthread_mutex_t lock;
	size_t length;
	char text[QUEUE_SIZE];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static ssize_t write_if_ready(const char *bytes, size_t length)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&ready, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(STDERR_FILENO, bytes, length);
}

/* Writes without blocking. O_NONBLOCK is not usable: the processes of the pool and the parent share
 * the descriptor. poll() alone is not enough either, because another process may fill the pipe
 * before this one writes; it remains for kernels before 6.4, where RWF_NOWAIT does not work on
 * pipes. */
static ssize_t write_now(const char *bytes, size_t length)
{
	struct iovec part = {(void *)(uintptr_t)bytes, length};
	struct stat st;
	ssize_t done;

	if (fstat(STDERR_FILENO, &st) != 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return write(STDERR_FILENO, bytes, length);
	if (S_ISSOCK(st.st_mode)) /* the journal */
		return send(STDERR_FILENO, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (S_ISFIFO(st.st_mode)) {
		done = pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
		if (done >= 0 || errno == EAGAIN || errno == EPIPE)
			return done;
	}
	return write_if_ready(bytes, length);
}

static size_t count_lines(const char *text, size_t length)
{
	size_t lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Length of whole lines of at most PIPE_BUF bytes, which a pipe accepts whole or not at all. */
static size_t chunk_length(const char *text, size_t length)
{
	const char *end = memrchr(text, '\n', length < PIPE_BUF ? length : PIPE_BUF);

	return end != NULL ? (size_t)(end - text) + 1 : length;
}

/* Needs the lock. Keeps what would block; drops everything when nobody reads any more. */
static void flush_queue(void)
{
	size_t at = 0;

	while (at < queue.length) {
		ssize_t done = write_now(
			queue.text + at, chunk_length(queue.text + at, queue.length - at));

		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0 || (done < 0 && errno == EAGAIN))
			break;
		if (done < 0) {
			metric_add(METRIC_LOG_DROPPED,
				count_lines(queue.text + at, queue.length - at));
			done = (ssize_t)(queue.length - at);
		}
		at += (size_t)done;
	}
	if (at > 0)
		memmove(queue.text, queue.text + at, queue.length - at);
	queue.length -= at;
}

void sink_put(const char *line, size_t length)
{
	pthread_mutex_lock(&queue.lock);
	if (length > QUEUE_SIZE - queue.length)
		flush_queue();
	if (length <= QUEUE_SIZE - queue.length) {
		memcpy(queue.text + queue.length, line, length);
		queue.length += length;
	} else {
		metric_count(METRIC_LOG_DROPPED);
	}
	pthread_mutex_unlock(&queue.lock);
}

void sink_flush(void)
{
	pthread_mutex_lock(&queue.lock);
	if (queue.length > 0)
		flush_queue();
	pthread_mutex_unlock(&queue.lock);
}
