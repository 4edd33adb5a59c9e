/* SPDX-License-Identifier: MIT
 *
 * Copies the entries of a state to another one: what a machine kept while the server did not
 * answer, or all of it when an operator changes the kind of state.
 */
#include "state/driver.h"

#include "base/clock.h"
#include "base/fiber.h"

enum { COPY_AT_ONCE = 64 };

struct copied {
	struct state_name name;
	int64_t value;
};

struct copying {
	struct copied *items;
	size_t count, room;
	int64_t now_us; /* of the state that is copied */
	bool failed;
};

static void add_entry(const struct state_name *name, int64_t value, void *context)
{
	struct copying *all = context;
	size_t room = all->room == 0 ? 256 : all->room * 2;
	struct copied *items;

	if (state_is_expired(name->bytes[0], value, all->now_us) || all->failed)
		return;
	if (all->count == all->room) {
		items = reallocarray(all->items, room, sizeof *items);
		if (items == NULL) {
			all->failed = true;
			return;
		}
		all->items = items;
		all->room = room;
	}
	all->items[all->count++] = (struct copied){*name, value};
}

/* The later of both. */
static enum state_edit decide_copy(int64_t *value, bool found, void *context)
{
	const struct copied *copied = context;
	int64_t later = copied->value;

	if (found && copied->name.bytes[0] == STATE_KIND_MARK)
		later = state_mark_join(*value, later);
	else if (found && *value > later)
		later = *value;
	*value = later;
	return STATE_EDIT_STORE;
}

/* The clocks of the two states differ. */
static void shift(struct copied *copied, int64_t by_us)
{
	if (copied->name.bytes[0] != STATE_KIND_MARK)
		copied->value += by_us;
	else
		copied->value = state_mark_value(state_mark_when(copied->value),
			state_mark_until(copied->value) + by_us / 1000000);
}

static int store_all(struct state *to, struct copying *all, int64_t now_us)
{
	struct state_change changes[COPY_AT_ONCE];

	for (size_t at = 0; at < all->count;) {
		size_t count = 0;

		for (; count < COPY_AT_ONCE && at < all->count; count++, at++) {
			struct copied *copied = &all->items[at];

			shift(copied, now_us - all->now_us);
			changes[count] = (struct state_change){&copied->name, decide_copy, copied};
		}
		if (to->driver->change(to, changes, count, now_us) != 0)
			return -1;
	}
	return 0;
}

int64_t state_copy(struct state *from, struct state *to)
{
	int64_t wall_us = clock_wall_ms() * 1000;
	struct copying all = {.now_us = state_time(from, wall_us)};
	int rc = from->driver->each(from, add_entry, &all);

	if (rc == 0 && !all.failed)
		rc = store_all(to, &all, state_time(to, wall_us));
	free(all.items);
	return rc == 0 && !all.failed ? (int64_t)all.count : -1;
}

int64_t state_move(struct state *from, struct state *to)
{
	int64_t count = state_copy(from, to);

	if (count < 0 || (from->born < to->born && to->driver->set_born(to, from->born) != 0))
		return -1;
	return count;
}

/* ---- a server that is back ---- */

static void catch_up(void *context)
{
	struct state *state = context;
	uint64_t missed = state->missed; /* more may be missed meanwhile */

	if (state_copy(state->local, state) >= 0)
		state->caught_up = missed;
	state->is_catching_up = false;
}

void state_catch_up(struct state *state)
{
	if (state->caught_up == state->missed || state->is_catching_up)
		return;
	state->is_catching_up = true;
	fiber_run(catch_up, state);
}
