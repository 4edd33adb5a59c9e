/* SPDX-License-Identifier: MIT
 *
 * What the web server and the kernel cost by themselves: a FastCGI responder without any library,
 * one thread, which answers the same constant redirect as bare.c and keeps the connection where the
 * web server asks for that. It takes for granted that a request comes in one read, as nginx sends
 * it here, and ends where it does not.
 *
 *   raw        listens on descriptor 0
 */
#include <errno.h>
#include <fastcgi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, REQUEST_MAX = 64 * 1024 };

static const char head[] =
	"Status: 302 Found\r\n"
	"Location: https://meeting.example.org/join/8320-2640-2482-3499?meetingAccessToken="
	"81430667-540e-4755-b32a-b5c51f704c7b-03526573-1494-48fb-a648-e80073275976"
	"&participantName=Ada%20Lovelace&participantEmail=ada%40example.org\r\n"
	"Cache-Control: no-store\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
	"Content-Length: 0\r\n\r\n";

static unsigned char answer[1024];
static size_t answer_length;

static void add_record(unsigned char type, const void *content, size_t length)
{
	const unsigned char header[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1, type, 0, 1, (unsigned char)(length >> 8), (unsigned char)length};

	memcpy(answer + answer_length, header, sizeof header);
	memcpy(answer + answer_length + sizeof header, content, length);
	answer_length += sizeof header + length;
}

static void fail(const char *what)
{
	perror(what);
	exit(71);
}

/* Whether the web server asks to keep the connection. */
static bool read_request(const unsigned char *bytes, size_t length)
{
	bool keep = false;

	for (size_t at = 0; at + FCGI_HEADER_LEN <= length;) {
		const unsigned char *record = bytes + at;
		size_t content = (size_t)(record[4] << 8 | record[5]);

		if (record[1] == FCGI_BEGIN_REQUEST)
			keep = (record[FCGI_HEADER_LEN + 2] & FCGI_KEEP_CONN) != 0;
		at += FCGI_HEADER_LEN + content + record[6];
		if (record[1] == FCGI_STDIN && content == 0 && at == length)
			return keep;
	}
	fprintf(stderr, "raw: a request did not come in one read\n");
	exit(65);
}

static void serve(int fd)
{
	static unsigned char bytes[REQUEST_MAX];
	ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0 || !read_request(bytes, (size_t)got)) {
		if (got > 0)
			send(fd, answer, answer_length, MSG_NOSIGNAL);
		close(fd);
		return;
	}
	if (send(fd, answer, answer_length, MSG_NOSIGNAL) != (ssize_t)answer_length)
		close(fd);
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		fail("raw: epoll_ctl");
}

int main(void)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	add_record(FCGI_STDOUT, head, sizeof head - 1);
	add_record(FCGI_STDOUT, "", 0);
	add_record(FCGI_END_REQUEST, (const char[sizeof(FCGI_EndRequestBody)]){0},
		sizeof(FCGI_EndRequestBody));
	watch(epoll, STDIN_FILENO);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		if (count < 0 && errno != EINTR)
			fail("raw: epoll_wait");
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd != STDIN_FILENO)
				serve(fd);
			else if ((fd = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC)) >= 0)
				watch(epoll, fd);
		}
	}
}
