/* SPDX-License-Identifier: MIT
 *
 * Idle connections are reused, since TLS and the service account's bind cost more than the
 * requests. Servers are tried in the order of the option. A server that does not work is skipped
 * for a while, unless all are down.
 */
#include "auth/ldap/ldap.h"
#include "base/clock.h"

#include <poll.h>

enum {
	IDLE_MS = 60 * 1000, /* firewalls drop idle connections after a few minutes */
	AGE_MS = 10 * 60 *
		 1000, /* so that the first server is used again, and a new ca-file takes effect */
	DOWN_MS = 30 * 1000,
};

/* ---- idle connections ---- */

/* Whether no data has arrived. Without a request, data means that the server closes the connection
 * (RFC 4511 section 4.4.1). */
static bool is_silent(const struct link *link)
{
	struct pollfd poller = {.fd = -1, .events = POLLIN};

	return ldap_get_option(link->ld, LDAP_OPT_DESC, &poller.fd) == LDAP_OPT_SUCCESS &&
	       poller.fd >= 0 && poll(&poller, 1, 0) == 0;
}

static bool is_good(const struct link *link, int64_t now)
{
	return now - link->used < IDLE_MS && now - link->opened < AGE_MS && is_silent(link);
}

/* Takes the most recently used connection, so that superfluous ones expire. Closes those that are
 * too old or dead. */
static struct link *take_kept(struct directory *directory, enum link_role role)
{
	int64_t now = clock_monotonic_ms();
	struct link *found = NULL, *bad = NULL, **at = &directory->idle[role];

	pthread_mutex_lock(&directory->lock);
	while (*at != NULL) {
		struct link *link = *at;
		struct link **to = is_good(link, now) ? &found : &bad;

		if (to == &found && found != NULL) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		link->next = to == &bad ? bad : NULL;
		*to = link;
	}
	pthread_mutex_unlock(&directory->lock);
	while (bad != NULL) {
		struct link *next = bad->next;

		link_close(bad);
		bad = next;
	}
	return found;
}

static void leave_out(struct directory *directory, size_t server)
{
	pthread_mutex_lock(&directory->lock);
	directory->servers[server].down_until = clock_monotonic_ms() + DOWN_MS;
	pthread_mutex_unlock(&directory->lock);
}

void pool_put(struct directory *directory, struct link *link, int code)
{
	if (link_is_servers_fault(code))
		leave_out(directory, link->server);
	if (code < 0 || link_is_servers_fault(code)) {
		link_close(link);
		return;
	}
	link->fresh = false;
	link->used = clock_monotonic_ms();
	pthread_mutex_lock(&directory->lock);
	link->next = directory->idle[link->role];
	directory->idle[link->role] = link;
	pthread_mutex_unlock(&directory->lock);
}

bool pool_was_stale(struct link *link, int code)
{
	if (code != LDAP_SERVER_DOWN || link->fresh)
		return false;
	link_close(link);
	return true;
}

void pool_close(struct directory *directory)
{
	for (size_t role = 0; role < LINK_ROLES; role++)
		while (directory->idle[role] != NULL) {
			struct link *link = directory->idle[role];

			directory->idle[role] = link->next;
			link_close(link);
		}
}

/* ---- new connections ---- */

bool directory_lacks_password(
	const struct directory *directory, const struct auth_secrets *secrets, struct error *error)
{
	if (directory->bind_dn[0] == '\0' || secrets->count > 0)
		return false;
	error_set(error, "the store has no password for bind-dn: meetauthctl secret set backend/%s",
		directory->title);
	return true;
}

/* Sorts the servers for the next try: those that are down come last. */
static void put_in_order(struct directory *directory, size_t *order)
{
	int64_t now = clock_monotonic_ms();
	size_t count = 0;

	pthread_mutex_lock(&directory->lock);
	for (int left_out = 0; left_out <= 1; left_out++)
		for (size_t i = 0; i < directory->server_count; i++)
			if ((directory->servers[i].down_until > now) == left_out)
				order[count++] = i;
	pthread_mutex_unlock(&directory->lock);
}

/* Connects to the first server that works. Sets the error only if none does, so that the log and
 * the circuit breaker see failures only. */
static struct link *connect_to_any(const struct directory_call *call, enum link_role role)
{
	struct directory *directory = call->directory;
	struct error why = {"no server has answered in time"};
	struct directory_call attempt = *call;
	size_t order[DIRECTORY_SERVERS_MAX] = {0};
	struct link *link = NULL;

	attempt.error = &why;
	put_in_order(directory, order);
	for (size_t i = 0; i < directory->server_count && link == NULL; i++) {
		int code;

		if (clock_monotonic_ms() >= call->deadline)
			break;
		code = link_open(&attempt, order[i], role, &link);
		if (link_is_servers_fault(code))
			leave_out(directory, order[i]);
		/* Do not try bind-dn's wrong password elsewhere: each try may contribute to a lock.
		 */
		if (code == LDAP_INVALID_CREDENTIALS)
			break;
	}
	if (link == NULL)
		error_set(call->error, "%s", why.text);
	return link;
}

struct link *pool_take(const struct directory_call *call, enum link_role role)
{
	struct directory *directory = call->directory;
	struct link *link;

	if (role == LINK_SERVICE && directory_lacks_password(directory, call->secrets, call->error))
		return NULL;
	link = take_kept(directory, role);
	return link != NULL ? link : connect_to_any(call, role);
}
