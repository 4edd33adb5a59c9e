/* SPDX-License-Identifier: MIT */
#include "auth/radius/client.h"

#include "base/clock.h"
#include "base/text.h"
#include "outbound/names.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum outcome { NOBODY = 0 /* connection refused */, SILENCE, ANSWER };

/* A request in progress. */
struct talk {
	const struct radius_client *client;
	const struct radius_packet *request;
	const char *secret;
	struct radius_packet *reply;
	unsigned ignored;
	const char *why; /* why the last packet was ignored; a constant */
	int errno_of_it; /* errno of the last failed system call, or 0 */
};

/* ---- addresses ---- */

int radius_server_parse(struct radius_server *server, const char *text)
{
	const char *host = text, *end = strrchr(text, ':'), *port = "1812";
	int64_t number;

	server->name = text;
	if (text[0] == '[') {
		host = text + 1;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return -1;
		port = end[1] == ':' ? end + 2 : port;
	} else {
		port = end != NULL ? end + 1 : port;
		end = end != NULL ? end : text + strlen(text);
	}
	if (text_copy(server->host, sizeof server->host, host, (size_t)(end - host)) != 0 ||
		text_copy(server->port, sizeof server->port, port, strlen(port)) != 0)
		return -1;
	if (text[0] == '['
			? strspn(server->host, "0123456789abcdefABCDEF:.") != strlen(server->host)
			: !text_is_host(server->host))
		return -1;
	return text_to_number(server->port, 1, 65535, &number);
}

/* ---- one server ---- */

/* Receives a packet, if there is one. The socket is connected, so it receives the server's only. */
static enum outcome take(struct talk *talk, int fd)
{
	ssize_t got =
		recv(fd, talk->reply->bytes, sizeof talk->reply->bytes, MSG_DONTWAIT | MSG_TRUNC);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return SILENCE;
	if (got < 0) {
		talk->errno_of_it = errno;
		return NOBODY;
	}
	talk->reply->length = (size_t)got;
	talk->reply->failed = false;
	if (radius_is_answer(talk->request, talk->reply, talk->secret, &talk->why))
		return ANSWER;
	talk->ignored++;
	return SILENCE;
}

/* Ignores invalid packets until the deadline: everybody can send packets with the server's address,
 * and they must not suppress the real answer (RFC 2865 section 3, "silently discarded"). */
static enum outcome listen_until(struct talk *talk, int fd, int64_t deadline_ms)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	enum outcome outcome = SILENCE;
	int64_t left;

	while (outcome == SILENCE && (left = deadline_ms - clock_monotonic_ms()) > 0)
		if (poll(&wanted, 1, (int)left) > 0)
			outcome = take(talk, fd);
	return outcome;
}

/* Sends the same bytes at each try, so that the server recognizes a retransmission (RFC 5080
 * section 2.2.1). */
static enum outcome talk_at(struct talk *talk, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, 0);
	enum outcome outcome = SILENCE;

	if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0)
		outcome = NOBODY;
	for (unsigned i = 0; i < talk->client->tries && outcome == SILENCE; i++) {
		if (send(fd, talk->request->bytes, talk->request->length, MSG_NOSIGNAL) < 0)
			outcome = NOBODY;
		else
			outcome = listen_until(
				talk, fd, clock_monotonic_ms() + talk->client->timeout_ms);
	}
	if (outcome == NOBODY && talk->errno_of_it == 0)
		talk->errno_of_it = errno;
	if (fd >= 0)
		close(fd);
	return outcome;
}

static int explain(
	const struct talk *talk, const char *name, enum outcome outcome, struct error *error)
{
	if (outcome == NOBODY)
		return error_set(error, "%s: %s", name, strerror(talk->errno_of_it));
	if (talk->ignored == 0)
		return error_set(error,
			"%s: no answer to %u tries of %" PRId64 " ms (does it know this client and "
			"the same secret?)",
			name, talk->client->tries, talk->client->timeout_ms);
	return error_set(error, "%s: no valid answer; ignored %u packets, the last %s", name,
		talk->ignored, talk->why);
}

/* Sends to a numeric address, without name lookup. */
static enum outcome talk_to(struct talk *talk, const char *address, const char *port)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	enum outcome outcome = NOBODY;

	if (getaddrinfo(address, port, &hints, &found) != 0)
		return NOBODY;
	outcome = talk_at(talk, found);
	freeaddrinfo(found);
	return outcome;
}

int radius_ask(struct radius_client *client, size_t index, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, struct error *error)
{
	struct talk talk = {client, request, secret, reply, 0, "", 0};
	struct radius_server *server = &client->servers[index];
	enum outcome outcome = NOBODY;
	struct addresses addresses;
	const char *why;
	enum name_state state = names_find(
		server->host, clock_monotonic_ms() + client->timeout_ms, &addresses, &why);

	for (size_t i = 0; state == NAME_KNOWN && i < addresses.count && outcome == NOBODY; i++)
		outcome = talk_to(&talk, addresses.text[i], server->port);
	server->silent_until_ms = outcome == ANSWER ? 0 : clock_monotonic_ms() + RADIUS_SILENT_MS;
	if (state != NAME_KNOWN)
		return error_set(error, "%s: %s", server->name, why);
	return outcome == ANSWER ? 0 : explain(&talk, server->name, outcome, error);
}

/* ---- all of them ---- */

static void put_in_order(const struct radius_client *client, size_t order[RADIUS_SERVERS_MAX])
{
	int64_t now = clock_monotonic_ms();
	size_t late[RADIUS_SERVERS_MAX], lates = 0, n = 0;

	for (size_t i = 0; i < client->count; i++)
		if (client->servers[i].silent_until_ms > now)
			late[lates++] = i;
		else
			order[n++] = i;
	memcpy(order + n, late, lates * sizeof *late);
}

int radius_ask_all(struct radius_client *client, const struct radius_packet *request,
	const char *secret, struct radius_packet *reply, size_t *server_r, struct error *error)
{
	size_t order[RADIUS_SERVERS_MAX] = {0};
	struct error before = {""};

	put_in_order(client, order);
	for (size_t i = 0; i < client->count; i++) {
		*server_r = order[i];
		if (radius_ask(client, order[i], request, secret, reply, error) == 0)
			return 0;
		if (i > 0)
			error_prefix(error, "%s; ", before.text);
		before = *error;
	}
	return -1;
}
