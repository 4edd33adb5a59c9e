/* SPDX-License-Identifier: MIT
 *
 * A meeting platform for the bench: answers the exchange (specification, section 3.2) with the
 * meeting it was asked for and a fresh access token, after DELAY milliseconds. One thread, epoll,
 * as little work for an answer as will do, so that it is not what is measured.
 *
 *   platform DELAY        listens on a free port of 127.0.0.1 and prints "port=N"; on SIGTERM it
 * prints what it saw and exits
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 2048, EVENTS = 256 };

struct connection {
	int fd;
	bool waiting; /* in the queue: a request was read, its answer is not yet due */
	int64_t due_ms;
	TAILQ_ENTRY(connection) entries;
	const char *meeting; /* into head */
	int meeting_length;
	size_t length;
	char head[HEAD_MAX + 1];
};

/* Every answer waits equally long, so the queue is in order of time as it is. */
static TAILQ_HEAD(, connection) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static int epoll_fd;
static long delay_ms;
static unsigned long exchanges, malformed, waiting_now, waiting_max, opened;
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void connection_close(struct connection *connection)
{
	if (connection->waiting) {
		TAILQ_REMOVE(&waiting, connection, entries);
		waiting_now--;
	}
	close(connection->fd);
	free(connection);
}

/* The length of a path segment, without its slash; 0 when there is none. */
static size_t segment(const char *at)
{
	return strcspn(at, "/ ?#\r\n");
}

static bool skip(const char **at, const char *text)
{
	size_t length = strlen(text);
	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

/* GET /api/v6/meeting-room/auth/SECRET/access-token/MEETING/TOKEN: notes where MEETING stands. */
static bool parse(struct connection *connection)
{
	const char *at = connection->head;
	size_t secret, meeting, token;

	if (!skip(&at, "GET /api/v6/meeting-room/auth/") || !(secret = segment(at)))
		return false;
	at += secret;
	if (!skip(&at, "/access-token/") || !(meeting = segment(at)))
		return false;
	connection->meeting = at;
	connection->meeting_length = (int)meeting;
	at += meeting;
	if (!skip(&at, "/") || !(token = segment(at)))
		return false;
	at += token;
	return skip(&at, " HTTP/1.1\r\n");
}

/* The answers are far smaller than a socket's buffer: one write takes them whole. */
static bool send_all(int fd, const char *bytes, int length)
{
	return write(fd, bytes, (size_t)length) == length;
}

static bool answer(struct connection *connection)
{
	char body[512], text[1024];
	int length = snprintf(body, sizeof body,
		"{\"responseCode\":0,\"data\":{\"meetingId\":\"%.*s\",\"accessToken\":"
		"\"81430667-540e-4755-b32a-b5c51f704c7b-03526573-1494-48fb-a648-%012lx\"}}",
		connection->meeting_length, connection->meeting, ++exchanges);

	length = snprintf(text, sizeof text,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		length, body);
	connection->length = 0;
	return send_all(connection->fd, text, length);
}

static bool refuse(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
				   "Connection: close\r\n\r\n";
	malformed++;
	send_all(connection->fd, text, sizeof text - 1);
	return false;
}

static void wait_until_due(struct connection *connection)
{
	connection->due_ms = now_ms() + delay_ms;
	connection->waiting = true;
	TAILQ_INSERT_TAIL(&waiting, connection, entries);
	if (++waiting_now > waiting_max)
		waiting_max = waiting_now;
}

/* False when the connection has to go. */
static bool on_request(struct connection *connection)
{
	if (!parse(connection) || connection->meeting_length > 64)
		return refuse(connection);
	if (delay_ms == 0)
		return answer(connection);
	wait_until_due(connection);
	return true;
}

static bool on_readable(struct connection *connection)
{
	char *end = connection->head + connection->length;
	ssize_t got = read(connection->fd, end, HEAD_MAX - connection->length);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0 || connection->waiting) /* gone, or spoke before its answer: not our clients */
		return false;
	connection->length += (size_t)got;
	connection->head[connection->length] = '\0';
	if (connection->length >= 4 && memcmp(end + got - 4, "\r\n\r\n", 4) == 0)
		return on_request(connection);
	return connection->length < HEAD_MAX || refuse(connection);
}

static void on_connect(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct connection *connection;

	if (fd < 0)
		return;
	connection = malloc(sizeof *connection);
	if (!connection)
		abort();
	connection->fd = fd;
	connection->waiting = false;
	connection->length = 0;
	opened++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd,
		&(struct epoll_event){.events = EPOLLIN, .data.ptr = connection});
}

/* Answers what is due and returns how long the next one has to wait, -1 when there is none. */
static int answer_due(void)
{
	struct connection *first;

	while ((first = TAILQ_FIRST(&waiting))) {
		int64_t left = first->due_ms - now_ms();
		if (left > 0)
			return (int)left;
		TAILQ_REMOVE(&waiting, first, entries);
		waiting_now--;
		first->waiting = false;
		if (!answer(first))
			connection_close(first);
	}
	return -1;
}

static void serve(int listener)
{
	struct epoll_event events[EVENTS];

	while (!stopping) {
		int count = epoll_wait(epoll_fd, events, EVENTS, answer_due());
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (!connection)
				on_connect(listener);
			else if (!on_readable(connection))
				connection_close(connection);
		}
	}
}

static int listen_on_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 4096) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
		perror("platform: 127.0.0.1");
		exit(1);
	}
	printf("port=%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void raise_limit(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 2) {
		fputs("usage: platform DELAY_MS\n", stderr);
		return 64;
	}
	delay_ms = strtol(argv[1], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
	raise_limit();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_on_loopback();
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
	serve(listener);
	printf("exchanges=%lu malformed=%lu waiting_max=%lu connections=%lu\n", exchanges,
		malformed, waiting_max, opened);
	return 0;
}
