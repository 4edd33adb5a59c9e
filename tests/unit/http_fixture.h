/* SPDX-License-Identifier: MIT
 *
 * An HTTP server in a thread, for the tests of the two clients: it behaves, or misbehaves, by path.
 */
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One thread a connection. */
static struct {
	int fd;
	char base[64];
	atomic_int connections, requests;
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
	int fd = (int)(intptr_t)argument, nth = 0;
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
	return NULL;
}

static inline void *serve(void *unused)
{
	pthread_attr_t detached;

	(void)unused;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		pthread_t thread;
		int fd = accept(server.fd, NULL, NULL);

		if (fd < 0)
			break;
		server.connections++;
		pthread_create(&thread, &detached, serve_connection, (void *)(intptr_t)fd);
	}
	pthread_attr_destroy(&detached);
	return NULL;
}

static pthread_t accepting;

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

static inline int start_server(void **unused)
{
	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	server.fd = bind_loopback(server.base);
	listen(server.fd, 64);
	return pthread_create(&accepting, NULL, serve, NULL);
}

static inline int stop_server(void **unused)
{
	(void)unused;
	shutdown(server.fd, SHUT_RDWR);
	close(server.fd);
	pthread_join(accepting, NULL);
	curl_global_cleanup();
	return 0;
}

#endif
