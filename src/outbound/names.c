/* SPDX-License-Identifier: MIT */
#include "outbound/names.h"

#include "base/clock.h"
#include "outbound/channel.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	STALE_MAX_MS = 24 * 3600 * 1000,
	STALE_WAIT_MS = 500, /* after this, an old answer is used while the lookup goes on */
	RETRY_MS = 1000,     /* the least time between two lookups of a name */
	UNUSED_MAX = 64,     /* cached names without users */
	NO_THREAD = -1,	     /* a status beside those of c-ares: the thread did not start */
};

struct name {
	struct name *next;
	char *host;
	unsigned users;
	bool numeric;
	bool due;    /* a lookup is to be started by the thread */
	bool asking; /* the thread looks it up; counts as a user */
	bool late;   /* the last lookup failed, or has been under way for STALE_WAIT_MS */
	int status;  /* of the last lookup: ARES_… or NO_THREAD */
	int64_t asked_ms, ask_again_ms;
	/* When `addresses` expire, and when to look them up again. */
	int64_t expires_ms, refresh_ms;
	struct addresses addresses;
	bool turned; /* an address failed, so their order differs from that of DNS */
};

/* The lock guards this structure and the names. */
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
		name->status = NO_THREAD;
		name->ask_again_ms = now + RETRY_MS;
		return;
	}
	name->due = true;
	name->asked_ms = now;
	wake_thread();
}

static enum name_state find_state(
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
	*why_r = name->status == NO_THREAD
			 ? "the thread for name lookups cannot start: the process has reached "
			   "its limit of threads or descriptors"
			 : ares_strerror(name->status);
	return name->status == ARES_ETIMEOUT ? NAME_TIMED_OUT : NAME_FAILED;
}

enum name_state name_lookup(struct name *name, struct addresses *addresses_r,
	int64_t *look_again_ms_r, const char **why_r)
{
	int64_t now = clock_monotonic_ms();
	enum name_state state;

	pthread_mutex_lock(&names.lock);
	state = find_state(name, now, addresses_r, why_r);
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
	while ((state = find_state(name, clock_monotonic_ms(), addresses_r, why_r)) == NAME_ASKED) {
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

/* Stores the new addresses. The address that was first after a failure stays the first. */
static void take_addresses(struct name *name, const struct ares_addrinfo *found)
{
	char good[ADDRESS_SIZE];

	memcpy(good, name->addresses.text[0], sizeof good);
	channel_addresses(found, &name->addresses);
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
		int64_t ttl = channel_ttl_ms(found);

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
	struct name *name;

	while ((name = take_due()) != NULL)
		if (channel_ask(name->host, on_answer, name) != 0)
			on_answer(name, ARES_ENOMEM, 0, NULL);
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

static void *run_resolver(void *unused)
{
	bool go_on = true;

	channel_begin(names.wake);
	while (go_on) {
		int wait;

		ask_all();
		wait = mark_late(&go_on);
		if (go_on)
			channel_wait(wait);
	}
	channel_end();
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
