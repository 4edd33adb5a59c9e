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

enum { RETRY_AFTER_S = 60, RETRY_SOON_S = 5, MARGIN_S = 5, RETRY_MS = 200 };

static void name_room(const struct visit *visit, size_t index, struct room_leases *leases)
{
	rooms_name(store_hash_key(visit->files->store), visit->join.platform,
		visit->platform->peer->room_names[index], visit->join.meeting_id, leases);
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
struct waiting {
	uv_timer_t timer;
	struct visit *visit;
	int64_t until_ms;
};

static void on_waiting_closed(uv_handle_t *timer)
{
	free(timer->data);
}

/* Takes the lease for clearing. Returns STEP_WAIT if another visit has it. */
static enum step clear_or_wait(struct visit *visit)
{
	struct state *state = visit->server->state;
	struct room_leases leases;
	int64_t now = clock_wall(), until;
	bool is_cleared;
	size_t index;

	name_room(visit, index_of_room(visit), &leases);
	until = state_leased_until(state, &leases.cleared, now, &is_cleared);
	if (until < 0)
		return be_unavailable(visit);
	if (is_cleared)
		return STEP_NEXT;
	switch (state_lease(state, &leases.clearing, 1, now, now + asking_s(visit), &index)) {
	case STATE_LEASE_HELD:
		visit->exchange.clears_room = true;
		memcpy(visit->exchange.clearing, leases.clearing.key, STATE_KEY_SIZE);
		return STEP_NEXT;
	case STATE_LEASE_NONE:
		return STEP_WAIT;
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}

static void on_retry(uv_timer_t *timer);

static void retry_lease(void *context)
{
	struct waiting *waiting = context;
	struct visit *visit = waiting->visit;
	enum step step = clear_or_wait(visit);

	if (step == STEP_WAIT && clock_monotonic_ms() < waiting->until_ms) {
		uv_timer_start(&waiting->timer, on_retry, RETRY_MS, 0);
		return;
	}
	if (step == STEP_WAIT) {
		visit_set_detail(visit, "another visitor's join is still clearing the room");
		step = refuse(visit, RETRY_SOON_S);
	}
	uv_close((uv_handle_t *)&waiting->timer, on_waiting_closed);
	visit_continue(visit, step);
}

static void on_retry(uv_timer_t *timer)
{
	fiber_run(retry_lease, timer->data);
}

static enum step wait_until_cleared(struct visit *visit)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);

	if (waiting == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	waiting->visit = visit;
	waiting->until_ms = clock_monotonic_ms() + visit->platform->peer->timeout_ms;
	uv_timer_init(visit->server->loop, &waiting->timer);
	waiting->timer.data = waiting;
	uv_timer_start(&waiting->timer, on_retry, RETRY_MS, 0);
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
	struct state_resource resources[STATE_RESOURCES_MAX];
	struct room_leases leases;
	int64_t now = clock_wall();
	enum step step;
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	for (size_t i = 0; i < peer->rooms.count; i++) {
		name_room(visit, i, &leases);
		resources[i] = leases.taken;
	}
	switch (state_lease(visit->server->state, resources, peer->rooms.count, now,
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
	struct room_leases leases;
	struct state_resource resources[2];
	int64_t now = clock_wall();
	enum state_leased leased = STATE_LEASE_HELD;
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	name_room(visit, index_of_room(visit), &leases);
	resources[0] = leases.taken;
	resources[1] = leases.cleared;
	for (size_t i = 0; i < 2 && leased == STATE_LEASE_HELD; i++)
		leased = state_lease(visit->server->state, &resources[i], 1, now,
			now + peer->room_lease, &index);
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
