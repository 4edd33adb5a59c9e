/* SPDX-License-Identifier: MIT
 *
 * An HTTP server in a thread, for the tests of the two clients: it behaves, or misbehaves, by path.
 *
 * Each test has a server of its own. stop_server() returns when all its threads have ended, so a
 * request that a test gave up is never counted by the next test.
 */
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One that the server accepted; its thread closes the descriptor. */
struct connection {
	int fd;
	pthread_t thread;
	struct connection *next;
};

static struct {
	int fd;
	char base[64];
	pthread_t thread;
	struct connection *first;
	atomic_int connections, requests, closed;
	char last[8192];
} server;

static const struct {
	const char *path, *answer;
	bool keep;
} answers[] = {
	{"/ok ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true},
	{"/keep-1 ",
		"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=5\r\nContent-Length: 2\r\n\r\nhi",
		true},
	{"/lets-go ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false},
	{"/empty ", "HTTP/1.1 204 No Content\r\n\r\n", true},
	{"/typed ",
		"HTTP/1.1 401 Unauthorized\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
		"WWW-Authenticate: Digest realm=\"a\"\r\nWWW-Authenticate: Bearer\r\n"
		"Cache-Control: public, Max-Age=600\r\nContent-Length: 2\r\n\r\n{}",
		true},
	{"/no-store ",
		"HTTP/1.1 200 OK\r\nCache-Control: max-age=60, no-store\r\nContent-Length: "
		"0\r\n\r\n",
		true},
	{"/odd-age ",
		"HTTP/1.1 200 OK\r\nCache-Control: max-age=-5, s-maxage=9, x\r\n"
		"Content-Length: 0\r\n\r\n",
		true},
	{"/redirect ", "HTTP/1.1 302 Found\r\nLocation: /ok?code=1\r\nContent-Length: 0\r\n\r\n",
		true},
	{"/wait-9 ", "HTTP/1.1 429 Slow Down\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", true},
	{"/wait ", "HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n", true},
	{"/later-9 ", "HTTP/1.1 503 Later\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", true},
	{"/later-long ", "HTTP/1.1 503 Later\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n",
		true},
	{"/later ", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", true},
	{"/moved-9 ", "HTTP/1.1 301 Moved\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", true},
	{"/junk ", "220 smtp.example.org ESMTP\r\n", false},
	{"/short ", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi", false},
	{"/large ", "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", false},
	{"/headers ", "HTTP/1.1 200 OK\r\n", false},
	{"/hang ", "", true},
	{"/closes ", "", false},
};

static inline void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static inline void flood(int fd, const char *piece)
{
	for (size_t i = 0; i < 20000; i++)
		if (write(fd, piece, strlen(piece)) < 0)
			return;
}

/* "hi". */
static const char gzipped[] =
	"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
	"\037\213\010\000\000\000\000\000\002\003\313\310\004\000\254\052\223\330\002\000\000\000";

/* True while the connection is to be kept. */
static inline bool answer_to(int fd, int nth)
{
	if (strstr(server.last, "/dies-second ") != NULL) {
		if (nth == 1)
			say(fd, answers[0].answer);
		return nth == 1;
	}
	if (strstr(server.last, "/gzip ") != NULL)
		return write(fd, gzipped, sizeof gzipped - 1) == sizeof gzipped - 1;
	for (size_t i = 0; i < COUNT(answers); i++) {
		if (strstr(server.last, answers[i].path) == NULL)
			continue;
		say(fd, answers[i].answer);
		if (strcmp(answers[i].path, "/large ") == 0)
			flood(fd, "0123456789012345678901234567890123456789012345678901234567890");
		if (strcmp(answers[i].path, "/headers ") == 0)
			flood(fd, "X-Padding: 0123456789012345678901234567890123456789\r\n");
		return answers[i].keep;
	}
	return false;
}

/* A body of the tests ends with a full stop. */
static inline bool is_complete(const char *text, size_t length)
{
	return strstr(text, "\r\n\r\n") != NULL &&
	       (strncmp(text, "POST ", 5) != 0 || text[length - 1] == '.');
}

static inline void *serve_connection(void *argument)
{
	int fd = ((struct connection *)argument)->fd, nth = 0;
	char text[sizeof server.last];
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0) {
		length += (size_t)got;
		text[length] = '\0';
		if (!is_complete(text, length))
			continue;
		memcpy(server.last, text, length + 1);
		server.requests++;
		if (!answer_to(fd, ++nth))
			break;
		length = 0;
	}
	close(fd);
	server.closed++;
	return NULL;
}

static inline void *serve(void *unused)
{
	(void)unused;
	for (;;) {
		struct connection *connection = calloc(1, sizeof *connection);

		/* A test may leave this process without descriptors for a while. */
		while ((connection->fd = accept(server.fd, NULL, NULL)) < 0 && errno == EMFILE)
			usleep(1000);
		if (connection->fd < 0) {
			free(connection);
			return NULL;
		}
		connection->next = server.first;
		server.first = connection;
		server.connections++;
		pthread_create(&connection->thread, NULL, serve_connection, connection);
	}
}

static inline int bind_loopback(char base[64])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(fd, (struct sockaddr *)&address, sizeof address);
	getsockname(fd, (struct sockaddr *)&address, &length);
	snprintf(base, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
	return fd;
}

static inline void start_server(void)
{
	memset(&server, 0, sizeof server);
	server.fd = bind_loopback(server.base);
	listen(server.fd, 64);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

/* After the client has closed its connections: their threads end with them. */
static inline void stop_server(void)
{
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	while (server.first != NULL) {
		struct connection *connection = server.first;

		server.first = connection->next;
		pthread_join(connection->thread, NULL);
		free(connection);
	}
}

/* Waits until the server has closed `count` connections. The client sees that at once. */
static inline void wait_for_closed(int count)
{
	for (int i = 0; i < 20000 && server.closed < count; i++)
		usleep(1000);
	assert_int_equal(server.closed, count);
}

static inline int start_curl(void **unused)
{
	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static inline int stop_curl(void **unused)
{
	(void)unused;
	curl_global_cleanup();
	return 0;
}

#endif
