/* SPDX-License-Identifier: MIT */
#include "desk/room.h"

#include "policy/policy.h"

#include "visit/fail.h"

static const struct service_platform *find_platform(
	const struct visit *visit, const char *text, const char **rest_r)
{
	const char *slash = strchr(text, '/');
	char *title = slash != NULL ? strndup(text, (size_t)(slash - text)) : NULL;
	const struct service_platform *platform =
		title != NULL ? service_platform(visit->service, title) : NULL;

	free(title);
	*rest_r = platform != NULL ? slash + 1 : NULL;
	return platform;
}

static void name_room(const struct visit *visit, const struct service_platform *platform,
	size_t index, struct room_leases *leases)
{
	rooms_name(store_hash_key(visit->files->store), platform->title,
		platform->peer->room_names[index], NULL, leases);
}

/* ---- the list ---- */

static bool may_end(const struct visit *visit, const char *platform, const char *id)
{
	const struct policy_question question = {.who = &visit->session.who,
		.platform = platform,
		.meeting_id = id,
		.meeting_token = id,
		.client = visit->request.client,
		.now = visit->now};

	return policy_decide_indexed(
		       &visit->service->settings->policy, visit->service->rules, &question)
		       .verdict == POLICY_ALLOW;
}

static bool is_known(const struct desk *desk, const struct desk_meeting *meeting)
{
	for (size_t i = 0; i < desk->known_count; i++)
		if (desk->meetings_known[i].platform == meeting->platform &&
			strcmp(desk->meetings_known[i].id, meeting->id) == 0)
			return true;
	return false;
}

static void add_meeting(struct desk *desk, const char *platform, const char *id)
{
	const struct desk_meeting meeting = {service_platform(desk->visit->service, platform), id};

	if (meeting.platform != NULL && meeting.platform->peer->rooms.count > 0 &&
		desk->known_count < DESK_MEETINGS_MAX && !is_known(desk, &meeting))
		desk->meetings_known[desk->known_count++] = meeting;
}

static bool has_rooms(const struct service *service)
{
	for (size_t i = 0; i < service->platform_count; i++)
		if (service->platforms[i].peer->rooms.count > 0)
			return true;
	return false;
}

void desk_room_meetings(struct desk *desk)
{
	const struct invite *invite;
	const struct account *account;

	if (!has_rooms(desk->visit->service))
		return;
	for (size_t i = desk->invites != NULL ? records_count(desk->invites) : 0; i-- > 0;) {
		invite = records_at(desk->invites, i);
		if (records_is_active(&invites_type, invite, desk->visit->now))
			add_meeting(desk, invite->platform, invite->meeting);
	}
	for (size_t i = desk->accounts != NULL ? records_count(desk->accounts) : 0; i-- > 0;) {
		account = records_at(desk->accounts, i);
		for (size_t j = 0; j < account->meeting_count; j++) {
			const char *slash = strchr(account->meetings[j], '/');
			char platform[IDENTITY_SUBJECT_MAX + 1];

			snprintf(platform, sizeof platform, "%.*s",
				(int)(slash - account->meetings[j]), account->meetings[j]);
			add_meeting(desk, platform, slash + 1);
		}
	}
}

/* Returns the known meeting in a room, if the host may end it, or NULL. */
static const struct desk_meeting *meeting_in(
	const struct desk *desk, const struct service_platform *platform, size_t index)
{
	for (size_t i = 0; i < desk->known_count; i++) {
		const struct desk_meeting *meeting = &desk->meetings_known[i];
		struct room_leases leases;
		bool is_its = false;

		if (meeting->platform != platform ||
			!may_end(desk->visit, platform->title, meeting->id))
			continue;
		rooms_name(store_hash_key(desk->visit->files->store), platform->title,
			platform->peer->room_names[index], meeting->id, &leases);
		if (rooms_taken_until(
			    desk->visit->server->state, &leases, desk->visit->now, &is_its) > 0 &&
			is_its)
			return meeting;
	}
	return NULL;
}

static void add_room(const struct desk *desk, const struct service_platform *platform, size_t index,
	struct desk_rooms *rooms)
{
	struct state *state = desk->visit->server->state;
	struct desk_room *room = &rooms->list[rooms->count];
	const struct desk_meeting *meeting;
	struct room_leases leases;
	int64_t until;
	bool is_its, is_ended;

	name_room(desk->visit, platform, index, &leases);
	until = rooms_taken_until(state, &leases, desk->visit->now, &is_its);
	if (until <= 0)
		return;
	is_ended = rooms_is_ended(state, &leases, desk->visit->now) != 0;
	meeting = is_ended ? NULL : meeting_in(desk, platform, index);
	if (meeting != NULL && asprintf(&room->id, "%s/%s", platform->title, meeting->id) < 0)
		room->id = NULL;
	room->ends = until;
	const struct page_value cells[] = {
		{.name = "id", .text = room->id},
		{.name = "room", .text = platform->peer->rooms.items[index]},
		{.name = "meeting", .text = meeting != NULL ? meeting->id : NULL},
		{.name = "platform", .text = platform->title},
		{.name = "until", .text = room->until},
		{.name = is_ended ? "resting" : "taken", .text = "1"},
	};

	memcpy(room->cells, cells, sizeof cells);
	rooms->rows[rooms->count++] = room->cells;
}

void desk_room_list(const struct desk *desk, struct desk_rooms *rooms)
{
	const struct service *service = desk->visit->service;

	for (size_t i = 0; i < service->platform_count; i++)
		for (size_t j = 0; j < service->platforms[i].peer->rooms.count; j++)
			if (rooms->count < DESK_ROOMS_MAX)
				add_room(desk, &service->platforms[i], j, rooms);
}

void desk_room_release(struct desk_rooms *rooms)
{
	for (size_t i = 0; i < rooms->count; i++)
		free(rooms->list[i].id);
}

/* ---- the end ---- */

static int end(const struct visit *visit, const struct service_platform *platform, size_t index)
{
	struct room_leases leases;
	int64_t free_at;

	name_room(visit, platform, index, &leases);
	return rooms_end(visit->server->state, &leases, platform->peer, visit->now, &free_at);
}

static int fail_state(struct visit *visit)
{
	visit_set_detail(visit, "the state does not take the end of a room's lease");
	return -1;
}

int desk_room_end_meeting(struct visit *visit, const char *meeting)
{
	const struct service_platform *platform;
	const char *id;
	int index, rc = 0;

	platform = find_platform(visit, meeting, &id);
	if (platform == NULL || platform->peer->rooms.count == 0)
		return 0;
	index = rooms_find(visit->server->state, store_hash_key(visit->files->store),
		platform->title, platform->peer, id, visit->now);
	if (index >= 0 && (size_t)index < platform->peer->rooms.count)
		rc = end(visit, platform, (size_t)index);
	return index < 0 || rc < 0 ? fail_state(visit) : rc;
}

/* Returns what is wrong with the meeting of the form, or NULL. */
static const char *room_fault(struct desk *desk)
{
	const struct service_platform *platform;
	const char *id;

	if (desk_read_meetings(desk, desk->room) != NULL || desk->account.meeting_count != 1)
		return "desk.fault.meeting";
	platform = find_platform(desk->visit, desk->texts[0], &id);
	return platform != NULL && may_end(desk->visit, platform->title, id)
		       ? NULL
		       : "desk.fault.not-yours";
}

int desk_room_end(struct desk *desk)
{
	int rc = 0;

	if (desk->action != DESK_END_ROOM)
		return 0;
	desk->fault = room_fault(desk);
	desk->asks &= desk->fault == NULL;
	if (desk->asks || desk->fault != NULL)
		return 0;
	rc = desk_room_end_meeting(desk->visit, desk->texts[0]);
	desk->done = rc > 0;
	desk->fault = rc > 0 ? NULL : "desk.fault.room";
	return rc < 0 ? -1 : 0;
}
