/* SPDX-License-Identifier: MIT
 *
 * All interleavings of visits with one request token: two processes, a visitor who clicks twice in
 * one of them and once in the other, a crash of either process anywhere, and a state that loses
 * answers, carries a change out late, or refuses it. In every state that can be reached, the token
 * has been exchanged at most once.
 *
 * The claims are those of src/state/claim.c, over a driver that compares and sets as state/redis/
 * does (LMDB's transactions allow less). What follows a claim is what join/exchange.c does with
 * each verdict: send after STATE_CLAIM_WON alone, and give the claim back only if nothing was sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "state/driver.h"

#include <stdio.h>
#include <stdlib.h>

enum { VISITS = 3, PROCESSES = 2, DEPTH_MAX = 64, LATE_MAX = 3, SEEN_MAX = 1 << 20 };

/* Where a visit waits for the explorer, and what it may be told there. */
enum point { BEGINS = 0, DECIDES, COMMITS, SENDS, ENDED };
enum { COMMIT_GOOD = 0, COMMIT_LOST, COMMIT_LATE, COMMIT_BROKEN, COMMIT_OPTIONS };
enum { SEND_WRITTEN = 0, SEND_NOT_WRITTEN, SEND_OPTIONS };
static const int options_at[] = {[BEGINS] = 1,
	[DECIDES] = 1,
	[COMMITS] = COMMIT_OPTIONS,
	[SENDS] = SEND_OPTIONS,
	[ENDED] = 0};

/* An entry as one process has read it, or as it wants it. */
struct entry {
	int64_t value;
	bool found;
};

/* A change: it is made if the entry is still as it was read. */
struct commit {
	struct entry read, wanted;
};

static struct world {
	struct state state;
	struct entry entry;
	struct commit late[LATE_MAX];
	int late_count;
	bool crashed[PROCESSES];
	int exchanges;
	struct visit {
		struct fiber *fiber;
		enum point point;
		int told;
		bool dead, unclaims;
		struct commit commit;
		enum state_verdict verdict;
	} visits[VISITS];
	struct visit *running;
} world;

/* Visits 0 and 2 are of process 0. */
static int process_of(const struct visit *visit)
{
	return (int)(visit - world.visits) % PROCESSES;
}

/* Returns what the explorer says; the process may have crashed meanwhile. */
static int ask(struct visit *visit, enum point point)
{
	visit->point = point;
	visit->fiber = fiber_self();
	fiber_wait();
	world.running = visit;
	return visit->told;
}

/* ---- the driver ---- */

static bool is_as_read(const struct commit *commit)
{
	return world.entry.found == commit->read.found &&
	       (!world.entry.found || world.entry.value == commit->read.value);
}

static int change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	struct visit *visit = world.running;

	(void)state;
	(void)now_us;
	assert_int_equal(count, 1);
	for (;;) {
		int64_t value;
		enum state_edit edit;
		int how;

		ask(visit, DECIDES);
		if (visit->dead)
			return -1;
		visit->commit.read = world.entry;
		value = world.entry.value;
		edit = changes->decide(&value, world.entry.found, changes->context);
		if (edit == STATE_EDIT_NONE)
			return 0;
		visit->commit.wanted = (struct entry){value, edit == STATE_EDIT_STORE};
		how = ask(visit, COMMITS);
		if (visit->dead || how == COMMIT_BROKEN)
			return -1;
		if (how == COMMIT_LATE && world.late_count < LATE_MAX)
			world.late[world.late_count++] = visit->commit;
		if (how == COMMIT_LATE)
			return STATE_CHANGE_UNKNOWN;
		if (!is_as_read(&visit->commit))
			continue; /* somebody was quicker: read again */
		world.entry = visit->commit.wanted;
		return how == COMMIT_LOST ? STATE_CHANGE_UNKNOWN : 0;
	}
}

static const struct state_driver driver = {.change = change};

/* ---- a visit ---- */

static void run_visit(void *context)
{
	static const uint8_t key[STATE_KEY_SIZE];
	struct visit *visit = context;
	int64_t now = 1000 + (visit - world.visits); /* each at another time */

	ask(visit, BEGINS);
	if (!visit->dead)
		visit->verdict = state_claim(&world.state, key, 3600, now);
	if (!visit->dead && visit->verdict == STATE_CLAIM_WON) {
		int how = ask(visit, SENDS);

		if (!visit->dead && how == SEND_WRITTEN)
			world.exchanges++;
		visit->unclaims = how == SEND_NOT_WRITTEN;
		if (!visit->dead && visit->unclaims)
			state_unclaim(&world.state, key);
	}
	visit->point = ENDED;
}

/* ---- the explorer ---- */

/* A step: a visit goes on in one of its ways; or a process crashes; or a late change arrives. */
enum { CRASHES = VISITS * COMMIT_OPTIONS, LATE = CRASHES + PROCESSES, STEPS = LATE + LATE_MAX };

static void go_on(struct visit *visit, int how)
{
	visit->told = how;
	world.running = visit;
	fiber_wake(visit->fiber);
}

static bool is_enabled(int step)
{
	if (step >= LATE)
		return step - LATE < world.late_count;
	if (step >= CRASHES)
		return !world.crashed[step - CRASHES];
	return step % COMMIT_OPTIONS < options_at[world.visits[step / COMMIT_OPTIONS].point];
}

/* Kills the visits of a process that have begun; a new process takes those that have not. */
static void crash(int process)
{
	world.crashed[process] = true;
	for (struct visit *visit = world.visits; visit < world.visits + VISITS; visit++)
		if (process_of(visit) == process && visit->point != BEGINS &&
			visit->point != ENDED) {
			visit->dead = true;
			go_on(visit, 0);
		}
}

static void arrive_late(int index)
{
	if (is_as_read(&world.late[index]))
		world.entry = world.late[index].wanted;
	world.late[index] = world.late[--world.late_count];
}

static void take(int step)
{
	if (step >= LATE)
		arrive_late(step - LATE);
	else if (step >= CRASHES)
		crash(step - CRASHES);
	else
		go_on(&world.visits[step / COMMIT_OPTIONS], step % COMMIT_OPTIONS);
}

static void begin_world(void)
{
	/* A clock that never jumps: the times below count as they are. */
	world = (struct world){.state = {.driver = &driver,
				       .clock = {clock_wall_ms(), clock_boot_ms(), 1LL << 40}}};
	for (int i = 0; i < VISITS; i++)
		fiber_run(run_visit, &world.visits[i]);
}

/* Lets all visits end, so that no fiber is left. */
static void end_world(void)
{
	for (struct visit *visit = world.visits; visit < world.visits + VISITS; visit++)
		while (visit->point != ENDED) {
			visit->dead = true;
			go_on(visit, 0);
		}
}

/* The world without what does not matter for what follows. */
struct seen {
	struct entry entry;
	struct commit late[LATE_MAX];
	int late_count, exchanges;
	bool crashed[PROCESSES];
	struct {
		enum point point;
		bool unclaims;
		struct commit commit;
	} visits[VISITS];
};

static struct seen *seen;
static size_t *table; /* of indices in `seen`, from 1 */
static size_t seen_count;

static size_t hash_of(const struct seen *one)
{
	const unsigned char *bytes = (const unsigned char *)one;
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < sizeof *one; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return (size_t)(hash >> 20) & (2 * SEEN_MAX - 1);
}

static void copy_entry(struct entry *to, const struct entry *from)
{
	to->found = from->found;
	to->value = from->found ? from->value : 0;
}

static void copy_commit(struct commit *to, const struct commit *from)
{
	copy_entry(&to->read, &from->read);
	copy_entry(&to->wanted, &from->wanted);
}

/* False: the world was in this state before. */
static bool is_new(void)
{
	struct seen one;
	size_t at;

	memset(&one, 0, sizeof one); /* the padding is compared, too */
	copy_entry(&one.entry, &world.entry);
	one.late_count = world.late_count;
	one.exchanges = world.exchanges;
	for (int i = 0; i < world.late_count; i++)
		copy_commit(&one.late[i], &world.late[i]);
	memcpy(one.crashed, world.crashed, sizeof one.crashed);
	for (int i = 0; i < VISITS; i++) {
		one.visits[i].point = world.visits[i].point;
		one.visits[i].unclaims = world.visits[i].unclaims;
		if (world.visits[i].point == COMMITS)
			copy_commit(&one.visits[i].commit, &world.visits[i].commit);
	}
	for (at = hash_of(&one); table[at] != 0; at = (at + 1) & (2 * SEEN_MAX - 1))
		if (memcmp(&seen[table[at] - 1], &one, sizeof one) == 0)
			return false;
	assert_true(seen_count < SEEN_MAX);
	seen[seen_count++] = one;
	table[at] = seen_count;
	return true;
}

static struct {
	int steps[DEPTH_MAX], depth;
	unsigned long ends, exchanged;
} path;

static void tell_path(void)
{
	for (int i = 0; i < path.depth; i++)
		print_message("%d ", path.steps[i]);
	fail_msg("%d exchanges after these steps", world.exchanges);
}

/* The world is that after path.steps; it is made again for each further step. */
static void explore(void)
{
	bool enabled[STEPS];
	int count = 0;

	for (int step = 0; step < STEPS; step++)
		count += enabled[step] = is_enabled(step);
	path.ends += count == 0;
	path.exchanged += count == 0 && world.exchanges == 1;
	end_world();
	assert_true(path.depth < DEPTH_MAX);
	for (int step = 0; step < STEPS; step++) {
		if (!enabled[step])
			continue;
		begin_world();
		for (int i = 0; i < path.depth; i++)
			take(path.steps[i]);
		take(step);
		path.steps[path.depth++] = step;
		if (world.exchanges > 1) {
			end_world();
			tell_path();
		}
		if (is_new())
			explore();
		else
			end_world();
		path.depth--;
	}
}

static void no_token_is_exchanged_twice_in_any_state(void **state)
{
	(void)state;
	seen = calloc(SEEN_MAX, sizeof *seen);
	table = calloc(2 * SEEN_MAX, sizeof *table);
	assert_true(seen != NULL && table != NULL);
	fibers_begin();
	begin_world();
	explore();
	fibers_end();
	print_message("%zu states, %lu ends, in %lu of them one exchange\n", seen_count, path.ends,
		path.exchanged);
	assert_true(seen_count > 1000);
	assert_true(path.exchanged > 0);
	free(seen);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_token_is_exchanged_twice_in_any_state)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
