/* SPDX-License-Identifier: MIT */
#include "outbound/channel.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

enum {
	TTL_MIN_MS = 5 * 1000, /* also for the hosts file, which has no TTL */
	TTL_MAX_MS = 300 * 1000,
	SERVER_MS = 500, /* before the next server is asked; doubled each round */
	SERVER_TRIES = 3,
	SOCKETS_MAX = 64,
};

static struct {
	ares_channel ares;
	bool made;
	struct file_stamp seen;			/* resolv.conf, when the channel was made */
	struct pollfd sockets[SOCKETS_MAX + 1]; /* the first wakes the thread */
	nfds_t socket_count;
} channel;

/* ---- answers ---- */

int64_t channel_ttl_ms(const struct ares_addrinfo *found)
{
	int64_t least = TTL_MAX_MS;

	for (const struct ares_addrinfo_cname *alias = found->cnames; alias != NULL;
		alias = alias->next)
		if ((int64_t)alias->ttl * 1000 < least)
			least = (int64_t)alias->ttl * 1000;
	for (const struct ares_addrinfo_node *node = found->nodes; node != NULL;
		node = node->ai_next)
		if ((int64_t)node->ai_ttl * 1000 < least)
			least = (int64_t)node->ai_ttl * 1000;
	return least < TTL_MIN_MS ? TTL_MIN_MS : least;
}

static bool add_address(struct addresses *addresses, const struct ares_addrinfo_node *node)
{
	const void *raw =
		node->ai_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)(const void *)node->ai_addr)
				  ->sin6_addr
			: (const void *)&((const struct sockaddr_in *)(const void *)node->ai_addr)
				  ->sin_addr;
	char *text = addresses->text[addresses->count];

	if (inet_ntop(node->ai_family, raw, text, ADDRESS_SIZE) == NULL)
		return false;
	for (size_t i = 0; i < addresses->count; i++)
		if (strcmp(addresses->text[i], text) == 0)
			return false;
	addresses->count++;
	return true;
}

/* The next address of this family, from `from` on. */
static const struct ares_addrinfo_node *next_of(const struct ares_addrinfo_node *from, int family)
{
	while (from != NULL && from->ai_family != family)
		from = from->ai_next;
	return from;
}

/* c-ares has sorted them by RFC 6724; the families alternate as in RFC 8305, 4. */
void channel_addresses(const struct ares_addrinfo *found, struct addresses *addresses)
{
	int family = found->nodes->ai_family;
	const struct ares_addrinfo_node *at[2] = {next_of(found->nodes, family),
		next_of(found->nodes, family == AF_INET ? AF_INET6 : AF_INET)};
	size_t which = 0;

	addresses->count = 0;
	for (; (at[0] != NULL || at[1] != NULL) && addresses->count < ADDRESSES_MAX; which ^= 1) {
		if (at[which] == NULL)
			continue;
		add_address(addresses, at[which]);
		at[which] = next_of(at[which]->ai_next, at[which]->ai_family);
	}
}

/* ---- sockets ---- */

/* ARES_OPT_SOCK_STATE_CB. */
static void set_socket(void *unused, ares_socket_t socket, int readable, int writable)
{
	nfds_t at = 1;

	while (at < channel.socket_count && channel.sockets[at].fd != socket)
		at++;
	if (!readable && !writable) {
		if (at < channel.socket_count)
			channel.sockets[at] = channel.sockets[--channel.socket_count];
		return;
	}
	if (at == channel.socket_count) {
		if (at > SOCKETS_MAX)
			return; /* the lookup on this socket then fails by c-ares' timeout */
		channel.socket_count++;
	}
	channel.sockets[at] = (struct pollfd){.fd = socket,
		.events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))};
}

/* Makes the channel, or makes it anew if resolv.conf has changed. */
static int renew_channel(void)
{
	struct ares_options options = {.timeout = SERVER_MS, .tries = SERVER_TRIES};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
	struct file_stamp now = file_stamp("/etc/resolv.conf");

	if (channel.made && file_stamp_equal(now, channel.seen))
		return ARES_SUCCESS;
	if (channel.made)
		ares_destroy(channel.ares);
	channel.seen = now;
	options.sock_state_cb = set_socket;
#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE; /* with qcache_max_ttl of 0, which turns the cache of c-ares
					 off */
#endif
	channel.made = ares_init_options(&channel.ares, &options, mask) == ARES_SUCCESS;
	return channel.made ? ARES_SUCCESS : ARES_ENOMEM;
}

int channel_ask(const char *host, ares_addrinfo_callback answered, void *context)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

	if (renew_channel() != ARES_SUCCESS)
		return -1;
	ares_getaddrinfo(channel.ares, host, NULL, &hints, answered, context);
	return 0;
}

static void process_sockets(const struct pollfd *ready, nfds_t count)
{
	bool any = false;

	for (nfds_t i = 1; i < count; i++) {
		bool readable = (ready[i].revents & ~POLLOUT) != 0;
		bool writable = (ready[i].revents & (POLLOUT | POLLERR)) != 0;

		if (!readable && !writable)
			continue;
		any = true;
		ares_process_fd(channel.ares, readable ? ready[i].fd : ARES_SOCKET_BAD,
			writable ? ready[i].fd : ARES_SOCKET_BAD);
	}
	if (!any && channel.made)
		ares_process_fd(channel.ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void channel_wait(int longest)
{
	struct pollfd ready[SOCKETS_MAX + 1];
	nfds_t count = channel.socket_count;
	struct timeval own = {0}, *next;
	uint64_t woken;

	next = channel.made ? ares_timeout(channel.ares, NULL, &own) : NULL;
	if (next != NULL) {
		int ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);

		longest = longest < 0 || ms < longest ? ms : longest;
	}
	memcpy(ready, channel.sockets, count * sizeof *ready);
	if (poll(ready, count, longest) < 0)
		return;
	if (ready[0].revents != 0 && read(channel.sockets[0].fd, &woken, sizeof woken) < 0)
		return;
	process_sockets(ready, count);
}

void channel_begin(int wake)
{
	channel.sockets[0] = (struct pollfd){.fd = wake, .events = POLLIN};
	channel.socket_count = 1;
}

void channel_end(void)
{
	if (channel.made)
		ares_destroy(channel.ares);
	channel.made = false;
}
