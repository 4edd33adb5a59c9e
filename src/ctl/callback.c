/* SPDX-License-Identifier: MIT */
#include "ctl/callback.h"

#include "base/clock.h"
#include "base/text.h"
#include "secret/seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 8192, LINE_MAX_ = 4096, PATIENCE_MS = 2000, PORT_MAX = 65535 };

/* ---- listening ---- */

static int listen_at(struct callback *callback, int family, int64_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if ((family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof v4)
			       : bind(fd, (struct sockaddr *)&v6, sizeof v6)) != 0 ||
		listen(fd, 8) != 0) {
		close(fd);
		return -1;
	}
	callback->sockets[callback->count++] = fd;
	return 0;
}

int callback_listen(struct callback *callback, const char *redirect_uri, struct error *error)
{
	static const struct {
		const char *start;
		bool v4, v6;
	} hosts[] = {{"http://localhost:", true, true}, {"http://127.0.0.1:", true, false},
		{"http://[::1]:", false, true}};
	const char *rest = NULL;
	char digits[8] = "";
	int64_t port;
	size_t i;

	if (strncmp(redirect_uri, "https://", 8) == 0 && text_is_printable(redirect_uri))
		return 1;
	for (i = 0; i < sizeof hosts / sizeof *hosts && rest == NULL; i++)
		if (strncmp(redirect_uri, hosts[i].start, strlen(hosts[i].start)) == 0)
			rest = redirect_uri + strlen(hosts[i].start);
	if (rest == NULL || strcspn(rest, "/") >= sizeof digits || strpbrk(rest, "?# ") != NULL)
		return error_set(error, "expected a URL like http://localhost:8421/callback, or "
					"one that begins with https://");
	snprintf(digits, sizeof digits, "%.*s", (int)strcspn(rest, "/"), rest);
	if (text_to_number(digits, 1, PORT_MAX, &port) != 0)
		return error_set(error, "%s: not a port", digits);
	rest += strcspn(rest, "/");
	snprintf(callback->path, sizeof callback->path, "%s", rest[0] != '\0' ? rest : "/");
	/* A machine may have only IPv4 or only IPv6. Browsers try both. */
	if (hosts[i - 1].v4)
		listen_at(callback, AF_INET, port);
	if (hosts[i - 1].v6)
		listen_at(callback, AF_INET6, port);
	if (callback->count > 0)
		return 0;
	return error_set(error, "cannot listen on port %s: %s", digits, strerror(errno));
}

void callback_close(struct callback *callback)
{
	while (callback->count > 0)
		close(callback->sockets[--callback->count]);
}

/* ---- parsing the redirect ---- */

/* Decodes a parameter of a query. Returns 0, or -1 if it is missing, malformed, too long or not
 * visible ASCII. */
static int find_parameter(const char *query, const char *name, char *value, size_t size)
{
	size_t length = strlen(name), at = 0;

	while (strncmp(query, name, length) != 0 || query[length] != '=') {
		query += strcspn(query, "&");
		if (*query++ == '\0')
			return -1;
	}
	for (query += length + 1; *query != '\0' && *query != '&' && *query != '#'; query++) {
		char letter = *query;

		if (letter == '%') {
			int byte = text_hex_byte(query + 1);

			if (byte < 0)
				return -1;
			letter = (char)byte;
			query += 2;
		}
		if (letter <= ' ' || letter > '~' || at + 1 >= size)
			return -1;
		value[at++] = letter;
	}
	value[at] = '\0';
	return at > 0 ? 0 : -1;
}

enum came { CAME_NOTHING = 0, CAME_CODE, CAME_REFUSAL };

/* Parses a query. `code` receives the authorization code, or the platform's error. */
static enum came read_query(const struct callback *callback, const char *query, char *code)
{
	char state[128];

	if (find_parameter(query, "state", state, sizeof state) != 0 ||
		strlen(state) != strlen(callback->state) ||
		!seal_equal(state, callback->state, strlen(state)))
		return CAME_NOTHING;
	if (find_parameter(query, "error", code, 64) == 0)
		return CAME_REFUSAL;
	return find_parameter(query, "code", code, CALLBACK_CODE_MAX + 1) == 0 ? CAME_CODE
									       : CAME_NOTHING;
}

/* ---- the browser's request ---- */

static void answer(int fd, const char *status, const char *sentence)
{
	char text[1024];
	int length = snprintf(text, sizeof text,
		"HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: "
		"close\r\n\r\n%s",
		status, strlen(sentence), sentence);

	if (length > 0 && length < (int)sizeof text)
		(void)!send(fd, text, (size_t)length, MSG_NOSIGNAL);
}

/* Reads a request's head. A connection on which the browser sends nothing is given up. */
static int read_head(int fd, char head[REQUEST_MAX + 1])
{
	size_t length = 0;

	head[0] = '\0';
	while (strstr(head, "\r\n\r\n") == NULL) {
		struct pollfd what = {.fd = fd, .events = POLLIN};
		ssize_t got = -1;

		if (length < REQUEST_MAX && poll(&what, 1, PATIENCE_MS) == 1)
			got = read(fd, head + length, REQUEST_MAX - length);
		if (got <= 0)
			return -1;
		length += (size_t)got;
		head[length] = '\0';
		if (strlen(head) != length)
			return -1;
	}
	return 0;
}

static enum came read_request(const struct callback *callback, int fd, char *code)
{
	char head[REQUEST_MAX + 1], *target = head + 4, *query;
	size_t path = strlen(callback->path);
	enum came came = CAME_NOTHING;

	if (read_head(fd, head) != 0)
		return CAME_NOTHING;
	target[strcspn(target, " \r\n")] = '\0';
	query = target + path + 1;
	if (strncmp(head, "GET ", 4) != 0 || strncmp(target, callback->path, path) != 0 ||
		target[path] != '?') {
		answer(fd, "404 Not Found", "Not found.\n");
	} else {
		came = read_query(callback, query, code);
		if (came == CAME_CODE)
			answer(fd, "200 OK",
				"You are signed in. Go back to meetauthctl; this window can be "
				"closed.\n");
		else if (came == CAME_REFUSAL)
			answer(fd, "200 OK", "The sign-in was refused. Go back to meetauthctl.\n");
		else
			answer(fd, "400 Bad Request",
				"This is not the sign-in that meetauthctl is waiting for.\n");
	}
	explicit_bzero(head, sizeof head);
	return came;
}

static enum came accept_one(const struct callback *callback, int listener, char *code)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	enum came came = CAME_NOTHING;

	if (fd < 0)
		return came;
	came = read_request(callback, fd, code);
	shutdown(fd, SHUT_WR);
	close(fd);
	return came;
}

/* ---- standard input ---- */

/* A pasted code alone is accepted, since the verifier binds it to this run. A whole URL must
 * contain our state. */
static enum came read_line(struct callback *callback, char *code)
{
	char line[LINE_MAX_ + 1], *query;
	size_t length = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, line + length, 1)) == 1 && line[length] != '\n')
		if (length < LINE_MAX_)
			length++;
	if (got <= 0 && length == 0)
		callback->reads_input = false;
	line[length] = '\0';
	line[strcspn(line, " \t\r")] = '\0';
	query = strchr(line, '?');
	if (query != NULL)
		return read_query(callback, query + 1, code);
	if (line[0] == '\0' || strlen(line) > CALLBACK_CODE_MAX || !text_is_printable(line))
		return CAME_NOTHING;
	snprintf(code, CALLBACK_CODE_MAX + 1, "%s", line);
	return CAME_CODE;
}

int callback_wait(struct callback *callback, int seconds, char code[CALLBACK_CODE_MAX + 1],
	struct error *error)
{
	int64_t end = clock_monotonic_ms() + (int64_t)seconds * 1000;
	enum came came = CAME_NOTHING;

	while (came == CAME_NOTHING) {
		struct pollfd what[CALLBACK_SOCKETS_MAX + 1] = {
			{.fd = callback->reads_input ? STDIN_FILENO : -1, .events = POLLIN}};
		int64_t left = end - clock_monotonic_ms();

		for (size_t i = 0; i < callback->count; i++)
			what[i + 1] = (struct pollfd){.fd = callback->sockets[i], .events = POLLIN};
		if (callback->count == 0 && !callback->reads_input)
			return error_set(error, "standard input ended without a code");
		if (left <= 0)
			return error_set(error, "nobody signed in within %d minutes", seconds / 60);
		if (poll(what, callback->count + 1, (int)left) < 0 && errno != EINTR)
			return error_set(error, "poll: %s", strerror(errno));
		if (what[0].revents != 0)
			came = read_line(callback, code);
		for (size_t i = 0; came == CAME_NOTHING && i < callback->count; i++)
			if (what[i + 1].revents != 0)
				came = accept_one(callback, callback->sockets[i], code);
	}
	return came == CAME_CODE ? 0 : error_set(error, "the sign-in was refused: %s", code);
}
