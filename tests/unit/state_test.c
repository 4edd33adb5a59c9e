/* SPDX-License-Identifier: MIT
 *
 * The state: what claims, counters and marks mean (over all drivers), and that the LMDB driver
 * keeps its promises between processes, killed ones included.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "state/driver.h"
#include "state/state.h"
#ifdef HAVE_HIREDIS
#include "redis_server.h"
#endif

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define T0_MS ((int64_t)T0 * 1000)

enum {
	T0 = 2000000000, /* some second, of the future: a server drops what has ended */
	CLAIM_S = 24 * 3600,
	FOR_LONG = T0 + 100 * 24 * 3600,
	SMALL = 1 << 20, /* bytes of a state that is full soon */
	RACERS = 4,
	RACE_KEYS = 2000,
	KILLS = 50,
	KILL_KEYS = 400000,
};

/* A folder of its own for each test; /dev/shm where there is one, as /run would be. */
struct room {
	int number; /* of a state on the one Redis server */
	char folder[64];
	char address[128];
	struct state *state;
};

static void key_of(uint32_t number, uint8_t key[STATE_KEY_SIZE])
{
	uint64_t a = number * 0x9e3779b97f4a7c15u + 1, b;

	/* splitmix64: spread like the keyed hashes of the real thing, and the same in every run */
	for (int i = 0; i < 2; i++) {
		a += 0x9e3779b97f4a7c15u;
		b = (a ^ (a >> 30)) * 0xbf58476d1ce4e5b9u;
		b = (b ^ (b >> 27)) * 0x94d049bb133111ebu;
		b ^= b >> 31;
		memcpy(key + 8 * i, &b, 8);
	}
}

static enum state_verdict claim(struct state *state, uint32_t number, int64_t now)
{
	uint8_t key[STATE_KEY_SIZE];

	key_of(number, key);
	return state_claim(state, key, CLAIM_S, now);
}

static void make_folder(struct room *room)
{
	bool shm = access("/dev/shm", W_OK) == 0;

	snprintf(room->folder, sizeof room->folder, "%s/state_test.XXXXXX",
		shm ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(room->folder));
	snprintf(room->address, sizeof room->address, "lmdb:%s", room->folder);
}

static void remove_files(const struct room *room)
{
	char path[128];

	snprintf(path, sizeof path, "%s/state.mdb", room->folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/state.mdb-lock", room->folder);
	unlink(path);
}

static struct state *open_or_fail(const char *address)
{
	struct error error = {""};
	struct state *state = state_open(&(struct state_options){.address = address}, &error);

	if (state == NULL)
		print_error("%s\n", error.text);
	assert_non_null(state);
	return state;
}

static int set_up_lmdb(void **arg)
{
	struct room *room = calloc(1, sizeof *room);

	make_folder(room);
	room->state = open_or_fail(room->address);
	*arg = room;
	return 0;
}

#ifdef HAVE_HIREDIS
static struct redis_server server;

static struct state_options server_options(const struct room *room)
{
	static char prefix[32];

	snprintf(prefix, sizeof prefix, "t%d:", room->number);
	return (struct state_options){
		.address = room->address, .timeout_ms = 20000, .prefix = prefix};
}

/* One server for all; each test has a prefix of its own. */
static int set_up_redis(void **arg)
{
	static int number;
	struct room *room = calloc(1, sizeof *room);
	struct state_options options;

	*arg = room;
	room->number = ++number;
	snprintf(room->address, sizeof room->address, "%s", server.address);
	options = server_options(room);
	room->state = state_open(&options, NULL);
	return room->state != NULL ? 0 : -1;
}
#endif

static int set_up_memory(void **arg)
{
	struct room *room = calloc(1, sizeof *room);

	room->state = open_or_fail("memory:");
	*arg = room;
	return 0;
}

static int tear_down(void **arg)
{
	struct room *room = *arg;

	state_close(&room->state);
	if (room->folder[0] != '\0') {
		remove_files(room);
		rmdir(room->folder);
	}
	free(room);
	return 0;
}

/* ---- what it means, over both drivers ---- */

static void claim_is_won_once(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;

	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_WON);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_LOST);
	assert_int_equal(claim(state, 2, T0), STATE_CLAIM_WON);
	assert_int_equal(claim(state, 1, T0 + CLAIM_S - 1), STATE_CLAIM_LOST);
	assert_int_equal(claim(state, 1, T0 + CLAIM_S), STATE_CLAIM_WON);
	assert_int_equal(claim(state, 1, T0 + CLAIM_S), STATE_CLAIM_LOST);
}

static void claims_made_together_are_as_good_as_alone(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t keys[STATE_CLAIMS_MAX + 6][STATE_KEY_SIZE];
	struct state_claimed claims[STATE_CLAIMS_MAX + 6];
	const size_t count = STATE_CLAIMS_MAX + 6; /* more than fit into one step: each by itself */

	for (uint32_t i = 0; i < count; i++) {
		key_of(i / 2, keys[i]); /* two of each */
		claims[i] = (struct state_claimed){.key = keys[i], .seconds = CLAIM_S};
	}
	assert_int_equal(claim(state, 3, T0), STATE_CLAIM_WON);
	state_claim_all(state, claims, 10, T0_MS);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(claims[i].verdict,
			i % 2 == 0 && i != 6 ? STATE_CLAIM_WON : STATE_CLAIM_LOST);
	assert_int_equal(claim(state, 4, T0), STATE_CLAIM_LOST);
	state_claim_all(state, claims, count, T0_MS);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(claims[i].verdict,
			i % 2 == 0 && i >= 10 ? STATE_CLAIM_WON : STATE_CLAIM_LOST);
	state_claim_all(state, claims, 0, T0_MS);
}

/* A session of alice. */
static void make_alices_keys(uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE], const void *context)
{
	(void)context;
	memset(keys, 0, STATE_REVOKED * STATE_KEY_SIZE);
	for (size_t i = 0; i < STATE_REVOKED; i++)
		key_of(1 + 10 * (uint32_t)i, keys[i]);
}

static int is_over(struct state *state, uint32_t id, int64_t began)
{
	uint8_t session[STATE_KEY_SIZE], provider[STATE_KEY_SIZE];

	key_of(100 + id, session);
	key_of(200 + id, provider);
	return state_is_over(state, &(struct state_session){.id = session,
					    .is_known = id == 4,
					    .provider = id == 3 ? provider : NULL,
					    .began = began,
					    .make_revoked = make_alices_keys});
}

/* What revoked it may have been lost with the state before. */
static void a95_a_lost_state_revives_no_session(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;

	assert_int_equal(is_over(state, 1, state_born(state) - 1), 1);
	assert_int_equal(is_over(state, 1, state_born(state)), 0);
}

static void sessions_end_by_their_end_a_revocation_or_the_provider(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	int64_t began = state_born(state) + 100, until = began + CLAIM_S;
	uint8_t key[STATE_KEY_SIZE];

	for (uint32_t id = 1; id <= 4; id++)
		assert_int_equal(is_over(state, id, began), 0);

	key_of(101, key);
	assert_int_equal(state_end(state, key, began, until), 0);
	assert_int_equal(is_over(state, 1, began), 1);
	key_of(203, key);
	assert_int_equal(state_mark(state, key, began - 50, until), 0);
	assert_int_equal(is_over(state, 3, began), 1);
	key_of(104, key);
	assert_int_equal(state_know(state, key, began, until), 0);
	assert_int_equal(is_over(state, 4, began), 1);
	assert_int_equal(is_over(state, 2, began), 0);

	key_of(7, key); /* somebody else */
	assert_int_equal(state_revoke(state, key, began + 10, until), 0);
	assert_int_equal(is_over(state, 2, began), 0);
	for (uint32_t i = 0; i < STATE_REVOKED; i++) {
		key_of(1 + 10 * i, key);
		assert_int_equal(state_revoke(state, key, began + i, until), 0);
		assert_int_equal(is_over(state, 2, began + i), 1);
		assert_int_equal(is_over(state, 2, began + i + 1), 0);
	}
}

static void ends_are_kept_until_they_do_not_matter(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_ended(state, key), 0);
	assert_int_equal(state_end(state, key, T0, T0 + 100), 0);
	assert_int_equal(state_ended(state, key), 1);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_WON); /* another kind */
	assert_int_equal(state_ended(state, key), 1);
	assert_true(state_is_expired(
		STATE_KIND_END, (int64_t)(T0 + 100) * 1000000, (int64_t)(T0 + 100) * 1000000));
}

static void claims_of_one_are_limited(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_claimed claims[5];
	uint8_t keys[5][STATE_KEY_SIZE], other[STATE_KEY_SIZE];

	for (uint32_t i = 0; i < 5; i++) {
		key_of(i, keys[i]);
		claims[i] = (struct state_claimed){
			.key = keys[i], .seconds = CLAIM_S, .limit_count = 2};
		claims[i].limits[0].rate = (struct state_rate){3, 30000};
		claims[i].limits[1].rate = (struct state_rate){100, 30000};
		key_of(100, claims[i].limits[0].key);
		key_of(101, claims[i].limits[1].key);
	}
	key_of(102, other);
	state_claim_all(state, claims, 5, T0_MS);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(claims[i].verdict, i < 3 ? STATE_CLAIM_WON : STATE_CLAIM_LIMITED);
	assert_int_equal(claims[4].wait_ms, 10000);
	state_claim_all(state, &claims[3], 1, T0_MS);
	assert_int_equal(claims[3].verdict, STATE_CLAIM_LIMITED);
	memcpy(claims[3].limits[0].key, other, sizeof other);
	state_claim_all(state, &claims[3], 1, T0_MS);
	assert_int_equal(claims[3].verdict, STATE_CLAIM_WON); /* somebody else's */
	state_claim_all(state, &claims[4], 1, T0_MS + 10000);
	assert_int_equal(claims[4].verdict, STATE_CLAIM_WON);
	assert_int_equal(claims[4].wait_ms, 0);
}

/* In whole seconds, a process whose second has not ended would refuse what another allows. */
static void a_limit_counts_parts_of_a_second(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t keys[3][STATE_KEY_SIZE];
	struct state_claimed claims[3];

	for (uint32_t i = 0; i < 3; i++) {
		key_of(i, keys[i]);
		claims[i] = (struct state_claimed){
			.key = keys[i], .seconds = CLAIM_S, .limit_count = 1};
		claims[i].limits[0].rate = (struct state_rate){2, 1000};
		key_of(100, claims[i].limits[0].key);
	}
	state_claim_all(state, claims, 2, T0_MS + 1000);
	assert_int_equal(claims[1].verdict, STATE_CLAIM_WON);
	state_claim_all(state, &claims[2], 1, T0_MS + 1400);
	assert_int_equal(claims[2].verdict, STATE_CLAIM_LIMITED);
	assert_int_equal(claims[2].wait_ms, 100);
	state_claim_all(state, &claims[2], 1, T0_MS + 1500);
	assert_int_equal(claims[2].verdict, STATE_CLAIM_WON);
}

/* As if the wall clock had been set ahead by that much. */
static void set_ahead(struct state *state, int64_t seconds)
{
	state->clock.wall_ms -= seconds * 1000;
}

/* Whatever the others do while the clock is wrong, and drop. */
static void a_clock_that_jumps_frees_no_claim(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	const int64_t days = 3 * 86400;

	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(claim(state, i, T0), STATE_CLAIM_WON);
	set_ahead(state, days);
	for (uint32_t i = 500; i < 3000; i++)
		assert_int_equal(claim(state, i, T0 + days), STATE_CLAIM_WON);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(claim(state, i, T0 + days), STATE_CLAIM_LOST);
	set_ahead(state, -2 * days);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(claim(state, i, T0 - days), STATE_CLAIM_LOST);
	set_ahead(state, days);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(claim(state, i, T0), STATE_CLAIM_LOST);
	assert_int_equal(claim(state, 1, T0 + CLAIM_S), STATE_CLAIM_WON);
}

static void a_clock_that_jumps_throttles_nobody(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {10, 600000};
	int64_t day_ms = 86400000, now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	set_ahead(state, 86400);
	for (int i = 0; i < 5; i++)
		assert_int_equal(state_take(state, key, rate, now + day_ms), 0);
	set_ahead(state, -86400);
	for (int i = 0; i < 5; i++)
		assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 60000);
	assert_int_equal(state_take(state, key, rate, now + 60000), 0);
}

static void looking_takes_nothing(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {2, 1000};
	int64_t now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	for (int i = 0; i < 5; i++)
		assert_int_equal(state_wait(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_wait(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_wait(state, key, rate, now), 500);
	assert_int_equal(state_wait(state, key, rate, now + 500), 0);
}

static void p14_marks_end(void **arg)
{
	const struct room *room = *arg;
	struct state *state = room->state;
	const int64_t now = clock_wall();
	struct state_usage usage;
	uint8_t key[STATE_KEY_SIZE];

	for (uint32_t i = 0; i < 300; i++) {
		key_of(i, key);
		assert_int_equal(state_mark(state, key, now, i < 150 ? now : now + 3600), 0);
	}
	for (uint32_t i = 1000; i < 3000; i++)
		claim(state, i, now);
	assert_int_equal(state_usage(state, &usage), 0);
	if (room->folder[0] != '\0') /* the other drops neighbours in its table alone */
		assert_true(usage.entries < 2000 + 150 + 40);
	for (uint32_t i = 150; i < 300; i++) {
		key_of(i, key);
		assert_int_equal(state_marked(state, key), now);
	}
	/* A later mark lasts as long as the one before at least. */
	assert_int_equal(state_mark(state, key, now + 1, now + 2), 0);
	assert_int_equal(state_marked(state, key), now + 1);
	assert_false(state_is_expired(
		STATE_KIND_MARK, state_mark_value(now, now + 3600), (now + 3599) * 1000000));
	assert_true(state_is_expired(
		STATE_KIND_MARK, state_mark_value(now, now + 3600), (now + 3600) * 1000000));
	/* Those of version 0.1.0. */
	assert_int_equal(state_mark_when(now), now);
	assert_false(state_is_expired(STATE_KIND_MARK, now, (now + 86400) * 1000000));
	assert_true(
		state_is_expired(STATE_KIND_MARK, now, (now + STATE_MARK_SECONDS_OLD) * 1000000));
}

static void browsers_are_known_for_a_while(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_known(state, key), 0);
	assert_int_equal(state_know(state, key, T0, T0 + 100), 0);
	assert_int_equal(state_known(state, key), 1);
	assert_int_equal(state_ended(state, key), 0);
}

static void claim_can_be_given_back(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_unclaim(state, key), 0);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_WON);
	assert_int_equal(state_unclaim(state, key), 0);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_WON);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_LOST);
}

static void a99_an_entry_of_one_kind_neither_is_nor_ends_another(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {1, 1000};
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_claim(state, key, CLAIM_S, T0), STATE_CLAIM_WON);
	assert_int_equal(state_marked(state, key), 0);
	assert_int_equal(state_take(state, key, rate, T0 * 1000LL), 0);
	assert_int_equal(state_mark(state, key, 5, FOR_LONG), 0);
	assert_int_equal(state_end(state, key, T0, FOR_LONG), 0);
	assert_int_equal(state_know(state, key, T0, FOR_LONG), 0);
	assert_int_equal(state_revoke(state, key, T0, FOR_LONG), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(state_claim(state, key, CLAIM_S, T0), STATE_CLAIM_LOST);
}

static void counter_lets_a_burst_through_and_then_the_rate(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {10, 600000};
	int64_t now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE], other[STATE_KEY_SIZE];

	key_of(1, key);
	key_of(2, other);
	for (int i = 0; i < 10; i++)
		assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 60000);
	assert_int_equal(state_take(state, other, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now + 59999), 1);
	assert_int_equal(state_take(state, key, rate, now + 60000), 0);
	assert_int_equal(state_take(state, key, rate, now + 60000), 60000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(state_take(state, key, rate, now + 2 * 600000), 0);
	assert_true(state_take(state, key, rate, now + 2 * 600000) > 0);
}

static void counter_does_not_drift(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {7, 1000};
	int64_t now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE];
	int taken = 0;

	key_of(1, key);
	for (int ms = 0; ms < 10000; ms++)
		taken += state_take(state, key, rate, now + ms) == 0;
	assert_int_equal(
		taken, 7 + 69); /* the burst, and seven a second less the last, due at 10 s */
}

static void counter_gives_back(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {2, 1000};
	int64_t now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	for (int i = 0; i < 100;
		i++) { /* good ones never use it up, and never make it more than full */
		assert_int_equal(state_take(state, key, rate, now), 0);
		assert_int_equal(state_give(state, key, rate, now), 0);
	}
	assert_int_equal(state_give(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now), 500);
}

static void counter_survives_a_clock_set_back(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	struct state_rate rate = {2, 1000};
	int64_t now = T0 * 1000LL;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_take(state, key, rate, now), 0);
	assert_int_equal(state_take(state, key, rate, now - 86400000), 500);
	assert_int_equal(state_take(state, key, (struct state_rate){0, 1000}, now), 1000);
}

static void mark_keeps_the_later_time(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t key[STATE_KEY_SIZE];

	key_of(1, key);
	assert_int_equal(state_marked(state, key), 0);
	assert_int_equal(state_mark(state, key, T0, FOR_LONG), 0);
	assert_int_equal(state_marked(state, key), T0);
	assert_int_equal(state_mark(state, key, T0 - 1, FOR_LONG), 0);
	assert_int_equal(state_marked(state, key), T0);
	assert_int_equal(state_mark(state, key, T0 + 1, FOR_LONG), 0);
	assert_int_equal(state_marked(state, key), T0 + 1);
}

static void marks_outlive_claims(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;
	uint8_t key[STATE_KEY_SIZE];

	for (uint32_t i = 0; i < 200; i++) {
		key_of(i, key);
		assert_int_equal(state_mark(state, key, T0 + i, FOR_LONG), 0);
	}
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(claim(state, i, T0 + i * 1000), STATE_CLAIM_WON);
	for (uint32_t i = 0; i < 200; i++) {
		key_of(i, key);
		assert_int_equal(state_marked(state, key), T0 + i);
	}
}

/* `count` things for a holder, both named by numbers. */
static void things_of(uint32_t holder, struct state_resource *things, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		key_of(1000 + i, things[i].key);
		key_of(2000 + 100 * holder + i, things[i].holding);
	}
}

static enum state_leased lease(struct room *room, uint32_t holder, size_t count, int64_t now,
	int64_t until, size_t *index_r)
{
	struct state_resource things[8];

	things_of(holder, things, count);
	return state_lease(room->state, things, count, now, until, index_r);
}

static void leased_things_have_one_holder(void **arg)
{
	size_t index = 99;

	assert_int_equal(lease(*arg, 1, 2, T0, T0 + 100, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 0);
	assert_int_equal(lease(*arg, 2, 2, T0, T0 + 50, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 1);
	assert_int_equal(lease(*arg, 3, 2, T0, T0 + 50, &index), STATE_LEASE_NONE);
	/* Who has one keeps it, and may keep it longer; never shorter than was promised. */
	assert_int_equal(lease(*arg, 2, 2, T0 + 10, T0 + 60, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 1);
	assert_int_equal(lease(*arg, 1, 2, T0 + 10, T0 + 20, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 0);
	assert_int_equal(lease(*arg, 3, 2, T0 + 59, T0 + 200, &index), STATE_LEASE_NONE);
	/* It ends by itself, and the one before has lost it. */
	assert_int_equal(lease(*arg, 3, 2, T0 + 60, T0 + 200, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 1);
	assert_int_equal(lease(*arg, 2, 2, T0 + 61, T0 + 300, &index), STATE_LEASE_NONE);
	assert_int_equal(lease(*arg, 2, 2, T0 + 100, T0 + 300, &index), STATE_LEASE_HELD);
	assert_int_equal(index, 0);
	assert_int_equal(lease(*arg, 1, 0, T0, T0 + 1, &index), STATE_LEASE_NONE);
}

/* A lease that was taken while the clock was ahead must not last as long as it was. */
static void a_lease_of_a_clock_that_was_ahead_has_ended(void **arg)
{
	const int64_t year = 365 * 86400;
	size_t index = 99;

	assert_int_equal(lease(*arg, 1, 1, T0 + year, T0 + year + 100, &index), STATE_LEASE_HELD);
	assert_int_equal(lease(*arg, 2, 1, T0, T0 + 100, &index), STATE_LEASE_HELD);
	assert_int_equal(lease(*arg, 1, 1, T0 + 1, T0 + 100, &index), STATE_LEASE_NONE);
	assert_int_equal(lease(*arg, 1, 1, T0 + 100, T0 + 200, &index), STATE_LEASE_HELD);
	/* And none is given for longer than any may be. */
	assert_int_equal(lease(*arg, 1, 1, T0 + 100, T0 + year, &index), STATE_LEASE_HELD);
	assert_int_equal(lease(*arg, 2, 1, T0 + 99 + STATE_LEASE_SECONDS_MAX, T0 + year, &index),
		STATE_LEASE_NONE);
	assert_int_equal(lease(*arg, 2, 1, T0 + 100 + STATE_LEASE_SECONDS_MAX, T0 + year, &index),
		STATE_LEASE_HELD);
}

/* As long as any room is leased, and the clock is mended by some hours. */
static void a_clock_that_is_set_back_gives_a_thing_to_nobody_else(void **arg)
{
	const int64_t week = 7 * 86400;
	size_t index = 99;

	assert_int_equal(lease(*arg, 1, 1, T0, T0 + week, &index), STATE_LEASE_HELD);
	assert_int_equal(lease(*arg, 2, 1, T0 - 1, T0 + 100, &index), STATE_LEASE_NONE);
	assert_int_equal(lease(*arg, 2, 1, T0 - 86400, T0 + 100, &index), STATE_LEASE_NONE);
	assert_int_equal(lease(*arg, 1, 1, T0 - 86400, T0 + 100, &index), STATE_LEASE_HELD);
}

/* Nor a counter: whoever tries on and on gets through when its period is over. */
static void a_counter_of_a_clock_that_was_ahead_ends(void **arg)
{
	struct room *room = *arg;
	struct state_rate rate = {2, 60000};
	uint8_t key[STATE_KEY_SIZE];
	int64_t now = T0 * 1000LL, ahead = now + 365 * 86400000LL;

	key_of(1, key);
	while (state_take(room->state, key, rate, ahead) == 0) {
	}
	assert_int_equal(state_take(room->state, key, rate, now), 30000);
	assert_int_equal(state_take(room->state, key, rate, now + 29999), 1);
	assert_int_equal(state_take(room->state, key, rate, now + 30000), 0);
}

static void it_is_born_and_reachable(void **arg)
{
	struct room *room = *arg;

	assert_true(state_reachable(room->state));
	assert_in_range(state_born(room->state), clock_wall() - 60, clock_wall());
	if (room->folder[0] != '\0')
		assert_string_equal(state_folder(room->state), room->folder);
	else
		assert_null(state_folder(room->state));
}

/* ---- the address and the folder ---- */

static int check(const char *address, struct error *error)
{
	const struct state_options options = {.address = address};

	return state_check(&options, error);
}

static void addresses_are_checked(void **arg)
{
	struct error error;

	(void)arg;
	assert_int_equal(check("memory:", &error), 0);
	assert_int_equal(check("lmdb:/run/meetauth", &error), 0);
	assert_int_equal(check("lmdb:run", &error), -1);
	assert_non_null(strstr(error.text, "absolute"));
	assert_int_equal(check("etcd://127.0.0.1", &error), -1);
	assert_non_null(strstr(error.text, "etcd://127.0.0.1"));
	assert_int_equal(check("", &error), -1);
	assert_int_equal(check("memory:x", &error), -1);
}

static void expect_refusal(const char *address, const char *words)
{
	struct error error = {""};

	assert_null(state_open(&(struct state_options){.address = address}, &error));
	if (strstr(error.text, words) == NULL)
		print_error("expected \"%s\" in: %s\n", words, error.text);
	assert_non_null(strstr(error.text, words));
}

static void bad_folders_are_refused(void **arg)
{
	struct room room = {0};
	char path[128], address[140];

	(void)arg;
	make_folder(&room);
	snprintf(path, sizeof path, "%s/none", room.folder);
	snprintf(address, sizeof address, "lmdb:%s", path);
	expect_refusal(address, "no such folder");
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	expect_refusal(address, "is not a folder");
	unlink(path);
	chmod(room.folder, 0777);
	expect_refusal(room.address, "chmod 0750");
	chmod(room.folder, 0500);
	if (geteuid() != 0) /* root may write everywhere */
		expect_refusal(room.address, "may not write");
	chmod(room.folder, 0700);
	rmdir(room.folder);
}

static void a_file_that_is_no_state_is_refused(void **arg)
{
	struct room room = {0};
	char path[128], junk[8192];
	int fd;

	(void)arg;
	make_folder(&room);
	memset(junk, 'x', sizeof junk);
	snprintf(path, sizeof path, "%s/state.mdb", room.folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	expect_refusal(room.address, "stop every meetauth process, remove");
	remove_files(&room);
	rmdir(room.folder);
}

static void files_are_private(void **arg)
{
	const struct room *room = *arg;
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/state.mdb", room->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof path, "%s/state.mdb-lock", room->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* A store to a mapped file that lacks blocks raises SIGBUS if /run is full. */
static void the_file_of_locks_has_all_its_blocks(void **arg)
{
	struct room *room = *arg;
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/state.mdb-lock", room->folder);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(stat(path, &st), 0);
		assert_true(st.st_size > 0 && st.st_blocks * 512 >= st.st_size);
		state_close(&room->state);
		assert_int_equal(truncate(path, 0), 0); /* as an earlier version left it */
		assert_int_equal(truncate(path, 40000), 0);
		room->state = open_or_fail(room->address);
	}
}

static void root_opens_no_state_of_others(void **arg)
{
	struct room room = {0};

	(void)arg;
	if (geteuid() != 0)
		skip();
	make_folder(&room);
	assert_int_equal(chown(room.folder, 65534, 65534), 0);
	expect_refusal(room.address, "so root does not open it");
	assert_int_equal(chown(room.folder, 0, 65534), 0);
	assert_int_equal(chmod(room.folder, 0770), 0);
	expect_refusal(room.address, "so root does not open it");
	rmdir(room.folder);
}

static void twice_in_a_process_is_refused(void **arg)
{
	struct room *room = *arg;

	expect_refusal(room->address, "already open in this process");
	assert_int_equal(claim(room->state, 1, T0), STATE_CLAIM_WON);
	state_close(&room->state);
	room->state = open_or_fail(room->address);
	assert_int_equal(claim(room->state, 1, T0), STATE_CLAIM_LOST);
}

/* ---- room ---- */

static off_t file_size(const struct room *room)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/state.mdb", room->folder);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void expired_claims_make_room(void **arg)
{
	struct room *room = *arg;
	off_t first;

	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(claim(room->state, i, T0), STATE_CLAIM_WON);
	first = file_size(room);
	for (uint32_t day = 1; day <= 8; day++)
		for (uint32_t i = 0; i < 5000; i++)
			assert_int_equal(
				claim(room->state, day * 5000 + i, T0 + (int64_t)day * CLAIM_S),
				STATE_CLAIM_WON);
	assert_true(file_size(room) < first * 2);
}

static void full_is_broken_until_something_expires(void **arg)
{
	struct room room = {0};
	struct error error;
	enum state_verdict last = STATE_CLAIM_WON;
	uint32_t won = 0, later = 0, recovered = 0;

	(void)arg;
	make_folder(&room);
	room.state = state_lmdb_open(room.folder, SMALL, &error);
	assert_non_null(room.state);
	while (won < 100000 && (last = claim(room.state, won, T0)) == STATE_CLAIM_WON)
		won++;
	assert_int_equal(last, STATE_CLAIM_BROKEN);
	assert_true(won > 5000);
	assert_int_equal(
		claim(room.state, 0, T0), STATE_CLAIM_LOST); /* what is there still counts */
	assert_int_equal(claim(room.state, won, T0), STATE_CLAIM_BROKEN);
	assert_true(file_size(&room) <= SMALL);
	for (; later < 6000; later++)
		if (claim(room.state, 1000000 + later, T0 + CLAIM_S) == STATE_CLAIM_WON)
			recovered += later < 2000 || later >= 4000;
	assert_true(recovered > 1900 + 1990); /* at once for most, soon for all */
	state_close(&room.state);
	remove_files(&room);
	rmdir(room.folder);
}

static bool fill_with_claims(struct state *state, int64_t now)
{
	uint32_t won = 0;

	while (won < 2000000 && claim(state, won, now) == STATE_CLAIM_WON)
		won++;
	return won < 2000000;
}

/* Whatever visitors fill the state with, they and others can still sign in and out and be revoked.
 */
static void what_is_full_of_claims_takes_the_rest(struct state *state)
{
	struct state_rate rate = {10, 600000};
	struct state_usage usage;
	uint8_t key[STATE_KEY_SIZE];
	size_t index;

	assert_true(fill_with_claims(state, T0));
	assert_int_equal(state_usage(state, &usage), 0);
	assert_true(usage.entries >= usage.entries_limit);
	for (uint32_t i = 0; i < 1000; i++) {
		struct state_resource thing;

		key_of(5000000 + i, key);
		assert_int_equal(state_take(state, key, rate, T0 * 1000LL), 0);
		assert_int_equal(state_end(state, key, T0, T0 + 3600), 0);
		assert_int_equal(state_ended(state, key), 1);
		assert_int_equal(state_revoke(state, key, T0, T0 + 3600), 0);
		assert_int_equal(state_marked(state, key), T0);
		assert_int_equal(state_know(state, key, T0, T0 + 3600), -1); /* as claims */
		memcpy(thing.key, key, sizeof key);
		memcpy(thing.holding, key, sizeof key);
		assert_int_equal(
			state_lease(state, &thing, 1, T0, T0 + 60, &index), STATE_LEASE_HELD);
	}
	assert_int_equal(claim(state, 6000000, T0), STATE_CLAIM_BROKEN);
	assert_int_equal(claim(state, 1, T0), STATE_CLAIM_LOST);
}

/* And where people fill the rest by signing in and out, they can still be revoked. */
static void what_is_full_of_ends_takes_revocations(struct state *state)
{
	uint8_t key[STATE_KEY_SIZE];
	uint32_t i = 0;
	int rc = 0;

	for (; rc == 0 && i < 2000000; i++) {
		key_of(7000000 + i, key);
		rc = state_end(state, key, T0, T0 + 3600);
	}
	assert_int_equal(rc, -1);
	for (i = 0; i < 500; i++) {
		key_of(1000000 + i, key);
		assert_int_equal(state_revoke(state, key, T0, T0 + 3600), 0);
		assert_int_equal(state_marked(state, key), T0);
	}
}

static void p4_a_full_state_revokes_ends_and_counts(void **arg)
{
	struct room room = {0};
	struct error error;

	(void)arg;
	make_folder(&room);
	room.state = state_lmdb_open(room.folder, SMALL, &error);
	assert_non_null(room.state);
	what_is_full_of_claims_takes_the_rest(room.state);
	what_is_full_of_ends_takes_revocations(room.state);
	assert_true(file_size(&room) <= SMALL);
	state_close(&room.state);
	remove_files(&room);
	rmdir(room.folder);
}

/* A flood of counters ends with them, though nothing but joins came after it. */
static void p4_a_flood_that_is_over_keeps_nobody_out(void **arg)
{
	struct room room = {0};
	struct error error;
	struct state_rate rate = {1, 1000};
	struct state_usage usage;
	uint8_t key[STATE_KEY_SIZE];
	uint32_t i = 0;
	int64_t wait = 0;

	(void)arg;
	make_folder(&room);
	room.state = state_lmdb_open(room.folder, SMALL, &error);
	assert_non_null(room.state);
	for (; wait == 0 && i < 1000000; i++) {
		key_of(i, key);
		wait = state_take(room.state, key, rate, T0 * 1000LL);
	}
	assert_int_equal(wait, -1);
	assert_int_equal(state_usage(room.state, &usage), 0);
	assert_true(usage.entries > usage.entries_limit + 1000);
	assert_int_equal(claim(room.state, 1, T0), STATE_CLAIM_BROKEN);
	for (i = 0; i < 1000; i++)
		assert_int_equal(claim(room.state, i, T0 + 60), STATE_CLAIM_WON);
	state_close(&room.state);
	remove_files(&room);
	rmdir(room.folder);
}

static void p4_a_full_memory_revokes_ends_and_counts(void **arg)
{
	struct state *state = ((struct room *)*arg)->state;

	state->capacity = 20000;
	what_is_full_of_claims_takes_the_rest(state);
	what_is_full_of_ends_takes_revocations(state);
}

/* Two entries, which are to find a place where claims do. */
static bool lease_of(struct state *state, uint32_t number, int64_t now)
{
	struct state_resource thing;
	size_t index;

	key_of(2000000 + number, thing.key);
	key_of(3000000 + number, thing.holding);
	return state_lease(state, &thing, 1, now, now + 3600, &index) == STATE_LEASE_HELD;
}

static void leases_find_room_in_a_full_state(void **arg)
{
	struct room room = {0};
	struct error error;
	uint32_t won = 0, leased = 0;

	(void)arg;
	make_folder(&room);
	room.state = state_lmdb_open(room.folder, SMALL, &error);
	assert_non_null(room.state);
	while (won < 100000 && claim(room.state, won, T0) == STATE_CLAIM_WON)
		won++;
	assert_true(won < 100000);
	for (uint32_t i = 0; i < 2000; i++)
		leased += lease_of(room.state, i, T0 + CLAIM_S);
	assert_true(leased > 1600);
	state_close(&room.state);
	remove_files(&room);
	rmdir(room.folder);
}

static void full_is_not_reachable(void **arg)
{
	struct room room = {0};
	struct error error;
	int64_t now = clock_wall();
	uint32_t won = 0;

	(void)arg;
	make_folder(&room);
	room.state = state_lmdb_open(room.folder, SMALL, &error);
	assert_non_null(room.state);
	assert_true(state_reachable(room.state));
	while (won < 100000 && claim(room.state, won, now) == STATE_CLAIM_WON)
		won++;
	assert_true(won < 100000);
	assert_false(state_reachable(room.state));
	state_close(&room.state);
	remove_files(&room);
	rmdir(room.folder);
}

static void a_removed_state_is_made_again(void **arg)
{
	struct room *room = *arg;

	assert_int_equal(claim(room->state, 1, T0), STATE_CLAIM_WON);
	remove_files(room);
	assert_int_equal(claim(room->state, 1, T0 + 1), STATE_CLAIM_WON);
	assert_int_equal(claim(room->state, 1, T0 + 2), STATE_CLAIM_LOST);
	assert_true(state_reachable(room->state));
	remove_files(room);
	rmdir(room->folder);
	assert_false(state_reachable(room->state));
	assert_int_equal(claim(room->state, 2, T0 + 3), STATE_CLAIM_BROKEN);
	assert_int_equal(state_marked(room->state, (const uint8_t[STATE_KEY_SIZE]){0}), -1);
	assert_int_equal(mkdir(room->folder, 0700), 0);
	assert_int_equal(claim(room->state, 2, T0 + 4), STATE_CLAIM_WON);
	assert_int_equal(claim(room->state, 2, T0 + 4), STATE_CLAIM_LOST);
}

/* Both drivers must answer the same, whatever is asked. */
static void drivers_agree(void **arg)
{
	struct state *lmdb = ((struct room *)*arg)->state, *memory = open_or_fail("memory:");
	struct state_rate rate = {3, 86400000};
	uint32_t random = 12345;

	for (int i = 0; i < 20000; i++) {
		uint8_t key[STATE_KEY_SIZE];
		int64_t now_ms = T0 * 1000LL + i * 60000LL, now = now_ms / 1000;

		random = random * 1664525 + 1013904223;
		key_of((random >> 8) % 500, key);
		switch ((random >> 24) % 6) {
		case 0:
		case 1:
			assert_int_equal(state_claim(lmdb, key, CLAIM_S, now),
				state_claim(memory, key, CLAIM_S, now));
			break;
		case 2:
			assert_int_equal(state_unclaim(lmdb, key), state_unclaim(memory, key));
			break;
		case 3:
			assert_int_equal(state_take(lmdb, key, rate, now_ms),
				state_take(memory, key, rate, now_ms));
			break;
		case 4:
			assert_int_equal(state_give(lmdb, key, rate, now_ms),
				state_give(memory, key, rate, now_ms));
			break;
		default:
			assert_int_equal(state_mark(lmdb, key, random >> 4, FOR_LONG),
				state_mark(memory, key, random >> 4, FOR_LONG));
			assert_int_equal(state_marked(lmdb, key), state_marked(memory, key));
		}
	}
	state_close(&memory);
}

/* ---- between processes ---- */

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

/* In a forked child: what fails must not return into cmocka's loop. */
static struct state *open_in_child(const char *address)
{
	struct state_options options = {.address = address, .timeout_ms = 20000, .prefix = "race:"};
	struct state *state = state_open(&options, NULL);

	if (state == NULL)
		_exit(70);
	return state;
}

static void race(const char *address, atomic_uint *wins, atomic_uint *ready)
{
	struct state *state = open_in_child(address);

	atomic_fetch_add(ready, 1);
	while (atomic_load(ready) < RACERS)
		sched_yield();
	for (uint32_t i = 0; i < RACE_KEYS; i++) {
		enum state_verdict verdict = claim(state, i, T0);

		if (verdict == STATE_CLAIM_WON)
			atomic_fetch_add(&wins[i], 1);
		else if (verdict == STATE_CLAIM_BROKEN)
			_exit(71);
	}
	state_close(&state);
	_exit(0);
}

static void four_processes_win_each_key_once(void **arg)
{
	const struct room *room = *arg;
	atomic_uint *wins = shared((RACE_KEYS + 1) * sizeof *wins);
	pid_t children[RACERS];
	int status;

	for (int i = 0; i < RACERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			race(room->address, wins, &wins[RACE_KEYS]);
	}
	for (int i = 0; i < RACERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < RACE_KEYS; i++)
		assert_int_equal(atomic_load(&wins[i]), 1);
	munmap(wins, (RACE_KEYS + 1) * sizeof *wins);
}

struct slaughter {
	atomic_uint next; /* key to try */
	atomic_uint done; /* claims that came to an answer */
	atomic_uint broken;
	atomic_uchar wins[KILL_KEYS];
};

/* Every key is tried about twice, by whoever comes. */
static void claim_until_killed(const char *address, struct slaughter *shared_state)
{
	struct state *state = open_in_child(address);

	for (;;) {
		uint32_t key = atomic_fetch_add(&shared_state->next, 1) / 2 % KILL_KEYS;
		enum state_verdict verdict = claim(state, key, T0);

		if (verdict == STATE_CLAIM_WON)
			atomic_fetch_add(&shared_state->wins[key], 1);
		else if (verdict == STATE_CLAIM_BROKEN)
			atomic_fetch_add(&shared_state->broken, 1);
		atomic_fetch_add(&shared_state->done, 1);
	}
}

static pid_t start_claiming(const char *address, struct slaughter *slaughter)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		claim_until_killed(address, slaughter);
	return child;
}

/* True once `more` claims were answered; false after a minute, which means that all hang. */
static bool goes_on(struct slaughter *slaughter, unsigned more)
{
	unsigned start = atomic_load(&slaughter->done);
	int64_t deadline = clock_monotonic_ms() + 60000;

	while (atomic_load(&slaughter->done) - start < more) {
		if (clock_monotonic_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

static void killed_processes_block_nobody(void **arg)
{
	struct room *room = *arg;
	struct slaughter *slaughter = shared(sizeof *slaughter);
	pid_t children[RACERS];
	bool alive = true;
	int status;

	for (int i = 0; i < RACERS; i++)
		children[i] = start_claiming(room->address, slaughter);
	for (unsigned i = 0; alive && i < KILLS; i++) {
		alive = goes_on(slaughter, 50 + i * 37 % 101);
		kill(children[i % RACERS], SIGKILL);
		waitpid(children[i % RACERS], &status, 0);
		children[i % RACERS] = start_claiming(room->address, slaughter);
	}
	alive = alive && goes_on(slaughter, 200);
	for (int i = 0; i < RACERS; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], &status, 0);
	}
	assert_true(alive);
	assert_int_equal(atomic_load(&slaughter->broken), 0);
	for (int i = 0; i < KILL_KEYS; i++)
		assert_true(atomic_load(&slaughter->wins[i]) <= 1);
	for (uint32_t i = 0; i < KILL_KEYS;
		i++) /* and nothing that was won was lost with its winner */
		if (atomic_load(&slaughter->wins[i]) == 1)
			assert_int_equal(claim(room->state, i, T0), STATE_CLAIM_LOST);
	assert_true(state_reachable(room->state));
	munmap(slaughter, sizeof *slaughter);
}

static void a_fork_leaves_the_parents_state_alone(void **arg)
{
	struct room *room = *arg;
	uint8_t key[STATE_KEY_SIZE];
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct state *own = open_in_child(room->address);

		state_close(&room->state);
		_exit(claim(own, 1, T0) == STATE_CLAIM_WON ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	key_of(2, key);
	assert_int_equal(state_mark(room->state, key, T0, FOR_LONG), 0);
	assert_int_equal(state_marked(room->state, key), T0);
	assert_int_equal(claim(room->state, 1, T0), STATE_CLAIM_LOST);
}

#define BOTH(test)                                                                                 \
	{#test " (lmdb)", test, set_up_lmdb, tear_down, NULL},                                     \
	{                                                                                          \
#test " (memory)", test, set_up_memory, tear_down, NULL                            \
	}
#define LMDB(test) cmocka_unit_test_setup_teardown(test, set_up_lmdb, tear_down)

#ifdef HAVE_HIREDIS
#define OVER_REDIS(test)                                                                           \
	,                                                                                          \
	{                                                                                          \
#test " (redis)", test, set_up_redis, tear_down, NULL                              \
	}

static int start_server(void **arg)
{
	(void)arg;
	redis_server_folder(&server);
	redis_server_start(&server, NULL);
	redisFree(redis_server_connect(&server));
	return 0;
}

static int end_server(void **arg)
{
	(void)arg;
	redis_server_end(&server);
	return 0;
}
#else
#define OVER_REDIS(test)
#endif

#define ALL(test)    BOTH(test) OVER_REDIS(test)
#define SHARED(test) LMDB(test) OVER_REDIS(test)

/* Those over Redis need a server. */
static int run_all(const struct CMUnitTest *tests, size_t count)
{
	struct CMUnitTest here[128];
	size_t here_count = 0;

	assert_true(count <= sizeof here / sizeof *here);
#ifdef HAVE_HIREDIS
	struct CMUnitTest there[128];
	size_t there_count = 0;

	for (size_t i = 0; i < count; i++)
		if (tests[i].setup_func == set_up_redis)
			there[there_count++] = tests[i];
		else
			here[here_count++] = tests[i];
	if (!redis_server_missing())
		return _cmocka_run_group_tests("here", here, here_count, NULL, NULL) +
		       _cmocka_run_group_tests(
			       "there", there, there_count, start_server, end_server);
#else
	for (; here_count < count; here_count++)
		here[here_count] = tests[here_count];
#endif
	print_message("not over Redis: no hiredis in this build, or no redis-server\n");
	return _cmocka_run_group_tests("here", here, here_count, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(claim_is_won_once),
		ALL(claims_made_together_are_as_good_as_alone),
		ALL(claim_can_be_given_back),
		BOTH(a95_a_lost_state_revives_no_session),
		BOTH(sessions_end_by_their_end_a_revocation_or_the_provider),
		ALL(ends_are_kept_until_they_do_not_matter),
		ALL(claims_of_one_are_limited),
		ALL(a_limit_counts_parts_of_a_second),
		BOTH(a_clock_that_jumps_frees_no_claim),
		BOTH(a_clock_that_jumps_throttles_nobody),
		ALL(looking_takes_nothing),
		BOTH(p14_marks_end),
		ALL(browsers_are_known_for_a_while),
		ALL(a99_an_entry_of_one_kind_neither_is_nor_ends_another),
		ALL(counter_lets_a_burst_through_and_then_the_rate),
		ALL(counter_does_not_drift),
		ALL(counter_gives_back),
		BOTH(counter_survives_a_clock_set_back),
		ALL(mark_keeps_the_later_time),
		ALL(marks_outlive_claims),
		ALL(leased_things_have_one_holder),
		BOTH(a_lease_of_a_clock_that_was_ahead_has_ended),
		BOTH(a_clock_that_is_set_back_gives_a_thing_to_nobody_else),
		BOTH(a_counter_of_a_clock_that_was_ahead_ends),
		ALL(it_is_born_and_reachable),
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(bad_folders_are_refused),
		cmocka_unit_test(a_file_that_is_no_state_is_refused),
		LMDB(files_are_private),
		LMDB(the_file_of_locks_has_all_its_blocks),
		cmocka_unit_test(root_opens_no_state_of_others),
		LMDB(twice_in_a_process_is_refused),
		LMDB(expired_claims_make_room),
		cmocka_unit_test(full_is_broken_until_something_expires),
		cmocka_unit_test(p4_a_full_state_revokes_ends_and_counts),
		cmocka_unit_test(p4_a_flood_that_is_over_keeps_nobody_out),
		cmocka_unit_test_setup_teardown(
			p4_a_full_memory_revokes_ends_and_counts, set_up_memory, tear_down),
		cmocka_unit_test(leases_find_room_in_a_full_state),
		cmocka_unit_test(full_is_not_reachable),
		LMDB(a_removed_state_is_made_again),
		SHARED(drivers_agree),
		SHARED(four_processes_win_each_key_once),
		LMDB(killed_processes_block_nobody),
		LMDB(a_fork_leaves_the_parents_state_alone),
	};

	return run_all(tests, sizeof tests / sizeof *tests);
}
