/* SPDX-License-Identifier: MIT */
#include "outbound/names.h"

#include "base/clock.h"
#include "base/file.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	TTL_MIN_MS = 5 * 1000, /* also for the hosts file, which has no TTL */
	TTL_MAX_MS = 300 * 1000,
	STALE_MAX_MS = 24 * 3600 * 1000,
	STALE_WAIT_MS = 500, /* after this, an old answer is used while the lookup goes on */
	RETRY_MS = 1000,     /* the least time between two lookups of a name */
	SERVER_MS = 500,     /* before the next server is asked; doubled each round */
	SERVER_TRIES = 3,
	SOCKETS_MAX = 64,
	UNUSED_MAX = 64, /* cached names without users */
};

struct name {
	struct name *next;
	char *host;
	unsigned users;
	bool numeric;
	bool due;    /* a lookup is to be started by the thread */
	bool asking; /* the thread looks it up; counts as a user */
	bool late;   /* the last lookup failed, or has been under way for STALE_WAIT_MS */
	int status;  /* of the last lookup: ARES_… */
	int64_t asked_ms, ask_again_ms;
	/* When `addresses` expire, and when to look them up again. */
	int64_t expires_ms, refresh_ms;
	struct addresses addresses;
	bool turned; /* an address failed, so their order differs from that of DNS */
};

/* The lock guards this structure and the names, except for the members of the thread. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool has_condition;
	struct name *first;
	size_t unused;
	void (*notify)(void *context);
	void *context;
	bool running, stop;
	pthread_t thread;
	int wake; /* an eventfd */
	/* used by the thread only: */
	ares_channel channel;
	bool has_channel;
	struct file_stamp seen; /* resolv.conf, when the channel was made */
	struct pollfd sockets[SOCKETS_MAX + 1];
	nfds_t socket_count;
} names = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1};

/* ---- asking ---- */

static void tell_change(void)
{
	if (names.has_condition)
		pthread_cond_broadcast(&names.changed);
	if (names.notify != NULL)
		names.notify(names.context);
}

static void wake_thread(void)
{
	const uint64_t one = 1;

	if (write(names.wake, &one, sizeof one) < 0)
		return; /* the counter is full: the thread will wake up anyway */
}

static int start_thread(void);

static void ask(struct name *name, int64_t now)
{
	if (name->due || name->asking || now < name->ask_again_ms)
		return;
	if (start_thread() != 0) {
		name->status = ARES_ENOMEM;
		name->ask_again_ms = now + RETRY_MS;
		return;
	}
	name->due = true;
	name->asked_ms = now;
	wake_thread();
}

static enum name_state look(
	struct name *name, int64_t now, struct addresses *addresses_r, const char **why_r)
{
	bool fresh = now < name->expires_ms;
	bool usable = name->addresses.count > 0 && now < name->expires_ms + STALE_MAX_MS;
	bool asked;

	if (!name->numeric && now >= name->refresh_ms)
		ask(name, now);
	asked = name->due || name->asking;
	if (name->numeric || (usable && (fresh || name->late || !asked))) {
		*addresses_r = name->addresses;
		return NAME_KNOWN;
	}
	if (asked)
		return NAME_ASKED;
	*why_r = ares_strerror(name->status);
	return name->status == ARES_ETIMEOUT ? NAME_TIMED_OUT : NAME_FAILED;
}

enum name_state name_look(struct name *name, struct addresses *addresses_r,
	int64_t *look_again_ms_r, const char **why_r)
{
	int64_t now = clock_monotonic_ms();
	enum name_state state;

	pthread_mutex_lock(&names.lock);
	state = look(name, now, addresses_r, why_r);
	*look_again_ms_r = name->numeric ? INT64_MAX : name->refresh_ms;
	if (*look_again_ms_r < now + RETRY_MS)
		*look_again_ms_r = now + RETRY_MS;
	pthread_mutex_unlock(&names.lock);
	return state;
}

static struct timespec time_of(int64_t monotonic_ms)
{
	return (struct timespec){monotonic_ms / 1000, monotonic_ms % 1000 * 1000000};
}

enum name_state name_wait(
	struct name *name, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r)
{
	const struct timespec deadline = time_of(deadline_ms);
	enum name_state state;

	pthread_mutex_lock(&names.lock);
	while ((state = look(name, clock_monotonic_ms(), addresses_r, why_r)) == NAME_ASKED) {
		if (pthread_cond_timedwait(&names.changed, &names.lock, &deadline) == 0)
			continue;
		*why_r = "the name lookup took too long";
		state = NAME_TIMED_OUT;
		break;
	}
	pthread_mutex_unlock(&names.lock);
	return state;
}

/* Rotates the addresses: the one at `at` becomes the first. */
static void rotate(struct addresses *addresses, size_t at)
{
	const struct addresses before = *addresses;

	for (size_t i = 0; i < before.count; i++)
		memcpy(addresses->text[i], before.text[(at + i) % before.count], ADDRESS_SIZE);
}

void name_bad(struct name *name, const char *address)
{
	pthread_mutex_lock(&names.lock);
	if (name->addresses.count > 1 && strcmp(name->addresses.text[0], address) == 0) {
		rotate(&name->addresses, 1);
		name->turned = true;
	}
	pthread_mutex_unlock(&names.lock);
}

void name_doubt(struct name *name)
{
	pthread_mutex_lock(&names.lock);
	name->refresh_ms = 0;
	pthread_mutex_unlock(&names.lock);
}

/* ---- answers ---- */

static int64_t ttl_ms(const struct ares_addrinfo *found)
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
static void read_addresses(const struct ares_addrinfo *found, struct addresses *addresses)
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

/* Stores the new addresses. The address that was first after a failure stays the first. */
static void take_addresses(struct name *name, const struct ares_addrinfo *found)
{
	char good[ADDRESS_SIZE];

	memcpy(good, name->addresses.text[0], sizeof good);
	read_addresses(found, &name->addresses);
	for (size_t i = 0; name->turned && i < name->addresses.count; i++)
		if (strcmp(name->addresses.text[i], good) == 0) {
			rotate(&name->addresses, i);
			return;
		}
	name->turned = false;
}

static void free_name(struct name *name)
{
	struct name **link = &names.first;

	while (*link != name)
		link = &(*link)->next;
	*link = name->next;
	names.unused--;
	free(name->host);
	free(name);
}

/* Releases a use; the caller holds the lock. If too many names are unused, frees the one whose
 * lookup is the oldest. */
static void release_use(struct name *name)
{
	struct name *oldest = NULL;

	if (--name->users > 0)
		return;
	names.unused++;
	for (name = names.first; name != NULL && names.unused > UNUSED_MAX; name = name->next)
		if (name->users == 0 && (oldest == NULL || name->asked_ms < oldest->asked_ms))
			oldest = name;
	if (oldest != NULL)
		free_name(oldest);
}

static void store_answer(
	struct name *name, int status, const struct ares_addrinfo *found, int64_t now)
{
	if (status == ARES_EDESTRUCTION) {
		name->due = true; /* resolv.conf has changed: ask the new servers */
		return;
	}
	if (status == ARES_SUCCESS && found->nodes == NULL)
		status = ARES_ENODATA;
	name->status = status;
	name->late = status != ARES_SUCCESS;
	if (status == ARES_SUCCESS) {
		int64_t ttl = ttl_ms(found);

		take_addresses(name, found);
		name->expires_ms = now + ttl;
		name->refresh_ms = now + ttl - ttl / 10;
	} else if (status == ARES_ENODATA || status == ARES_ENOTFOUND) {
		name->addresses.count = 0; /* DNS has answered that the name has no addresses now */
	}
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
	struct name *name = context;
	int64_t now = clock_monotonic_ms();

	pthread_mutex_lock(&names.lock);
	name->asking = false;
	name->ask_again_ms = now + RETRY_MS;
	store_answer(name, status, found, now);
	release_use(name);
	tell_change();
	pthread_mutex_unlock(&names.lock);
	if (found != NULL)
		ares_freeaddrinfo(found);
}

/* ---- the thread ---- */

/* ARES_OPT_SOCK_STATE_CB. */
static void set_socket(void *unused, ares_socket_t socket, int readable, int writable)
{
	nfds_t at = 1;

	while (at < names.socket_count && names.sockets[at].fd != socket)
		at++;
	if (!readable && !writable) {
		if (at < names.socket_count)
			names.sockets[at] = names.sockets[--names.socket_count];
		return;
	}
	if (at == names.socket_count) {
		if (at > SOCKETS_MAX)
			return; /* the lookup on this socket then fails by c-ares' timeout */
		names.socket_count++;
	}
	names.sockets[at] = (struct pollfd){.fd = socket,
		.events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))};
}

/* Makes the channel, or makes it anew if resolv.conf has changed. */
static int renew_channel(void)
{
	struct ares_options options = {.timeout = SERVER_MS, .tries = SERVER_TRIES};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
	struct file_stamp now = file_stamp("/etc/resolv.conf");

	if (names.has_channel && file_stamp_equal(now, names.seen))
		return ARES_SUCCESS;
	if (names.has_channel)
		ares_destroy(names.channel);
	names.seen = now;
	options.sock_state_cb = set_socket;
#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE; /* with qcache_max_ttl of 0, which turns the cache of c-ares
					 off */
#endif
	names.has_channel = ares_init_options(&names.channel, &options, mask) == ARES_SUCCESS;
	return names.has_channel ? ARES_SUCCESS : ARES_ENOMEM;
}

/* Takes the first name that is due and marks it as being looked up. */
static struct name *take_due(void)
{
	struct name *name;

	pthread_mutex_lock(&names.lock);
	for (name = names.first; name != NULL && !name->due; name = name->next)
		;
	if (name != NULL) {
		name->due = false;
		name->asking = true;
		if (name->users++ == 0)
			names.unused--;
	}
	pthread_mutex_unlock(&names.lock);
	return name;
}

static void ask_all(void)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct name *name;

	while ((name = take_due()) != NULL) {
		if (renew_channel() == ARES_SUCCESS)
			ares_getaddrinfo(names.channel, name->host, NULL, &hints, on_answer, name);
		else
			on_answer(name, ARES_ENOMEM, 0, NULL);
	}
}

/* Marks lookups that take longer than STALE_WAIT_MS, whose old answer is used meanwhile. Returns
 * after how many ms to call this again; -1: not needed. *go_on_r is false if the thread is to end.
 */
static int mark_late(bool *go_on_r)
{
	int64_t now = clock_monotonic_ms();
	int wait = -1;

	pthread_mutex_lock(&names.lock);
	for (struct name *name = names.first; name != NULL; name = name->next) {
		int64_t left = name->asked_ms + STALE_WAIT_MS - now;

		if (!name->asking || name->late || name->addresses.count == 0)
			continue;
		if (left <= 0) {
			name->late = true;
			tell_change();
		} else if (wait < 0 || left < wait) {
			wait = (int)left;
		}
	}
	*go_on_r = !names.stop;
	pthread_mutex_unlock(&names.lock);
	return wait;
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
		ares_process_fd(names.channel, readable ? ready[i].fd : ARES_SOCKET_BAD,
			writable ? ready[i].fd : ARES_SOCKET_BAD);
	}
	if (!any && names.has_channel)
		ares_process_fd(names.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Waits for an answer, a timeout of c-ares, `longest` ms, or wake_thread(). */
static void wait_for_events(int longest)
{
	struct pollfd ready[SOCKETS_MAX + 1];
	nfds_t count = names.socket_count;
	struct timeval own = {0}, *next;
	uint64_t woken;

	next = names.has_channel ? ares_timeout(names.channel, NULL, &own) : NULL;
	if (next != NULL) {
		int ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);

		longest = longest < 0 || ms < longest ? ms : longest;
	}
	memcpy(ready, names.sockets, count * sizeof *ready);
	if (poll(ready, count, longest) < 0)
		return;
	if (ready[0].revents != 0 && read(names.wake, &woken, sizeof woken) < 0)
		return;
	process_sockets(ready, count);
}

static void *run_resolver(void *unused)
{
	bool go_on = true;

	names.sockets[0] = (struct pollfd){.fd = names.wake, .events = POLLIN};
	names.socket_count = 1;
	while (go_on) {
		int wait;

		ask_all();
		wait = mark_late(&go_on);
		if (go_on)
			wait_for_events(wait);
	}
	if (names.has_channel)
		ares_destroy(names.channel);
	names.has_channel = false;
	return NULL;
}

/* The caller holds the lock. The thread blocks all signals, which the loop handles. */
static int start_thread(void)
{
	sigset_t all, before;
	int rc;

	if (names.running)
		return 0;
	names.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (names.wake < 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&names.thread, NULL, run_resolver, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	names.running = rc == 0;
	if (rc != 0)
		close(names.wake);
	return rc == 0 ? 0 : -1;
}

void names_stop(void)
{
	pthread_mutex_lock(&names.lock);
	if (!names.running) {
		pthread_mutex_unlock(&names.lock);
		return;
	}
	names.stop = true;
	wake_thread();
	pthread_mutex_unlock(&names.lock);
	pthread_join(names.thread, NULL);
	pthread_mutex_lock(&names.lock);
	close(names.wake);
	names.running = names.stop = false;
	for (struct name *name = names.first; name != NULL; name = name->next)
		name->due = false;
	pthread_mutex_unlock(&names.lock);
}

void names_notify(void (*changed)(void *context), void *context)
{
	pthread_mutex_lock(&names.lock);
	names.notify = changed;
	names.context = context;
	pthread_mutex_unlock(&names.lock);
}

/* ---- names ---- */

static bool read_number(const char *host, struct addresses *addresses)
{
	unsigned char raw[sizeof(struct in6_addr)];
	bool brackets = host[0] == '[';
	size_t length = strlen(host) - (brackets ? 2 : 0);

	if (strlen(host) < 2 || length >= ADDRESS_SIZE)
		return false;
	memcpy(addresses->text[0], host + brackets, length);
	addresses->text[0][length] = '\0';
	addresses->count = 1;
	return inet_pton(AF_INET6, addresses->text[0], raw) == 1 ||
	       inet_pton(AF_INET, addresses->text[0], raw) == 1;
}

/* The caller holds the lock. Makes pthread_cond_timedwait() use the monotonic clock. */
static void make_condition(void)
{
	pthread_condattr_t monotonic;

	if (names.has_condition)
		return;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&names.changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	names.has_condition = true;
}

static struct name *make_name(const char *host)
{
	struct name *name = calloc(1, sizeof *name);

	if (name == NULL)
		return NULL;
	name->host = strdup(host);
	if (name->host == NULL) {
		free(name);
		return NULL;
	}
	name->numeric = read_number(host, &name->addresses);
	if (!name->numeric)
		name->addresses.count = 0;
	name->next = names.first;
	names.first = name;
	names.unused++;
	return name;
}

struct name *name_use(const char *host)
{
	struct name *name;

	pthread_mutex_lock(&names.lock);
	make_condition();
	for (name = names.first; name != NULL; name = name->next)
		if (strcasecmp(name->host, host) == 0)
			break;
	if (name == NULL)
		name = make_name(host);
	if (name != NULL && name->users++ == 0)
		names.unused--;
	pthread_mutex_unlock(&names.lock);
	return name;
}

bool name_is_numeric(const struct name *name)
{
	return name->numeric;
}

void name_drop(struct name **name)
{
	struct name *n = *name;

	*name = NULL;
	if (n == NULL)
		return;
	pthread_mutex_lock(&names.lock);
	release_use(n);
	pthread_mutex_unlock(&names.lock);
}

enum name_state names_find(
	const char *host, int64_t deadline_ms, struct addresses *addresses_r, const char **why_r)
{
	struct name *name = name_use(host);
	enum name_state state = NAME_FAILED;

	*why_r = "out of memory";
	if (name != NULL)
		state = name_wait(name, deadline_ms, addresses_r, why_r);
	name_drop(&name);
	return state;
}
