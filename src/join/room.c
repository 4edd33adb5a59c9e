/* SPDX-License-Identifier: MIT
 *
 * Rooms that meetings share, before and after step 4: the meeting holds a room or takes a free one.
 * A lease in the shared state records it, so that two meetings never use the same room, in all
 * processes. During the exchange the lease is short, and expires by itself if nobody is let in.
 * After a join it is extended to `room-lease`.
 *
 * The first visit of a meeting clears the room, under a second lease. Visits that arrive in the
 * meantime wait until it is done.
 */
#include "join/room.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "join/steps.h"
#include "visit/fail.h"

enum { RETRY_AFTER_S = 60, RETRY_SOON_S = 5, MARGIN_S = 5, LOOK_MS = 200 };

static void name_room(const struct visit *visit, size_t index, struct room_things *things)
{
	rooms_name(store_hash_key(visit->files->store), visit->join.platform,
		visit->platform->peer->room_names[index], visit->join.meeting_id, things);
}

static size_t index_of_room(const struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	size_t index = 0;

	while (strcmp(peer->rooms.items[index], visit->join.room) != 0)
		index++;
	return index;
}

static enum step refuse(struct visit *visit, int64_t retry_after)
{
	visit->report.retry_after = retry_after;
	return visit_fail(visit, FAILURE_NO_ROOM);
}

static enum step be_unavailable(struct visit *visit)
{
	visit_set_detail(visit, "the state refused the lease of a room");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

/* Returns how many seconds the grant may take. If the secret is renewed in between, that is three
 * times the timeout: two calls and the renewal. */
static int64_t asking_s(const struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	const struct platform_secret_ops *secret = visit->platform->driver->secret;
	int64_t times = secret != NULL && secret->renew != NULL ? 3 : 1;
	int64_t lease = times * (peer->timeout_ms / 1000 + 1) + MARGIN_S;

	return lease > peer->room_lease ? peer->room_lease : lease;
}

/* ---- clearing ---- */

/* A visit that waits until another one has cleared the room. */
struct looking {
	uv_timer_t timer;
	struct visit *visit;
	int64_t until_ms;
};

static void on_look_closed(uv_handle_t *timer)
{
	free(timer->data);
}

/* Takes the lease for clearing. Returns STEP_WAIT if another visit has it. */
static enum step clear_or_wait(struct visit *visit)
{
	struct state *state = visit->server->state;
	struct room_things things;
	int64_t now = clock_wall(), until;
	bool is_cleared;
	size_t index;

	name_room(visit, index_of_room(visit), &things);
	until = state_leased_until(state, &things.cleared, now, &is_cleared);
	if (until < 0)
		return be_unavailable(visit);
	if (is_cleared)
		return STEP_NEXT;
	switch (state_lease(state, &things.clearing, 1, now, now + asking_s(visit), &index)) {
	case STATE_LEASE_HELD:
		visit->exchange.clears_room = true;
		memcpy(visit->exchange.clearing, things.clearing.key, STATE_KEY_SIZE);
		return STEP_NEXT;
	case STATE_LEASE_NONE:
		return STEP_WAIT;
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}

static void on_look(uv_timer_t *timer);

static void look(void *context)
{
	struct looking *looking = context;
	struct visit *visit = looking->visit;
	enum step step = clear_or_wait(visit);

	if (step == STEP_WAIT && clock_monotonic_ms() < looking->until_ms) {
		uv_timer_start(&looking->timer, on_look, LOOK_MS, 0);
		return;
	}
	if (step == STEP_WAIT) {
		visit_set_detail(visit, "another visitor's join is still clearing the room");
		step = refuse(visit, RETRY_SOON_S);
	}
	uv_close((uv_handle_t *)&looking->timer, on_look_closed);
	visit_continue(visit, step);
}

static void on_look(uv_timer_t *timer)
{
	fiber_run(look, timer->data);
}

static enum step wait_until_cleared(struct visit *visit)
{
	struct looking *looking = calloc(1, sizeof *looking);

	if (looking == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	looking->visit = visit;
	looking->until_ms = clock_monotonic_ms() + visit->platform->peer->timeout_ms;
	uv_timer_init(visit->server->loop, &looking->timer);
	looking->timer.data = looking;
	uv_timer_start(&looking->timer, on_look, LOOK_MS, 0);
	return STEP_WAIT;
}

void room_stop_clearing(struct visit *visit)
{
	int64_t now = clock_wall();

	if (visit->exchange.clears_room)
		state_lease_end(visit->server->state, visit->exchange.clearing, now, now);
	visit->exchange.clears_room = false;
}

/* ---- the steps ---- */

enum step room_take(struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	struct state_thing things[STATE_THINGS_MAX];
	struct room_things room;
	int64_t now = clock_wall();
	enum step step;
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	for (size_t i = 0; i < peer->rooms.count; i++) {
		name_room(visit, i, &room);
		things[i] = room.had;
	}
	switch (state_lease(visit->server->state, things, peer->rooms.count, now,
		now + asking_s(visit), &index)) {
	case STATE_LEASE_HELD:
		visit->join.room = strdup(peer->rooms.items[index]);
		if (visit->join.room == NULL)
			return visit_fail(visit, FAILURE_INTERNAL);
		step = clear_or_wait(visit);
		return step == STEP_WAIT ? wait_until_cleared(visit) : step;
	case STATE_LEASE_NONE:
		visit_set_detail(visit, "no free room: all %zu are leased", peer->rooms.count);
		return refuse(visit, RETRY_AFTER_S);
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}

enum step room_keep(struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	struct room_things room;
	struct state_thing things[2];
	int64_t now = clock_wall();
	enum state_leased leased = STATE_LEASE_HELD;
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	name_room(visit, index_of_room(visit), &room);
	things[0] = room.had;
	things[1] = room.cleared;
	for (size_t i = 0; i < 2 && leased == STATE_LEASE_HELD; i++)
		leased = state_lease(
			visit->server->state, &things[i], 1, now, now + peer->room_lease, &index);
	room_stop_clearing(visit);
	switch (leased) {
	case STATE_LEASE_HELD:
		return STEP_NEXT;
	case STATE_LEASE_NONE:
		visit_set_detail(
			visit, "the platform took so long that another meeting has taken the room");
		return refuse(visit, RETRY_AFTER_S);
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}
