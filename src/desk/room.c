/* SPDX-License-Identifier: MIT */
#include "desk/room.h"

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
	size_t index, struct room_things *things)
{
	rooms_name(store_hash_key(visit->files->store), platform->title,
		platform->peer->room_names[index], NULL, things);
}

/* ---- the list ---- */

static void add_room(const struct visit *visit, const struct service_platform *platform,
	size_t index, struct desk_rooms *rooms)
{
	struct state *state = visit->server->state;
	const char *name = platform->peer->rooms.items[index];
	struct desk_room *room = &rooms->list[rooms->count];
	struct room_things things;
	int64_t until;
	bool is_its, is_ended;

	name_room(visit, platform, index, &things);
	until = rooms_taken_until(state, &things, visit->now, &is_its);
	if (until <= 0)
		return;
	is_ended = rooms_is_ended(state, &things, visit->now) != 0;
	if (asprintf(&room->id, "%s/%s", platform->title, name) < 0)
		room->id = NULL;
	room->ends = until;
	const struct page_value cells[] = {
		{.name = "id", .text = room->id},
		{.name = "room", .text = name},
		{.name = "platform", .text = platform->title},
		{.name = "until", .text = room->until},
		{.name = is_ended ? "resting" : "taken", .text = "1"},
	};

	memcpy(room->cells, cells, sizeof cells);
	rooms->rows[rooms->count++] = room->cells;
}

void desk_room_list(const struct visit *visit, struct desk_rooms *rooms)
{
	const struct service *service = visit->service;

	for (size_t i = 0; i < service->platform_count; i++)
		for (size_t j = 0; j < service->platforms[i].peer->rooms.count; j++)
			if (rooms->count < DESK_ROOMS_MAX)
				add_room(visit, &service->platforms[i], j, rooms);
}

void desk_room_release(struct desk_rooms *rooms)
{
	for (size_t i = 0; i < rooms->count; i++)
		free(rooms->list[i].id);
}

/* ---- the end ---- */

static int end(const struct visit *visit, const struct service_platform *platform, size_t index)
{
	struct room_things things;
	int64_t free_at;

	name_room(visit, platform, index, &things);
	return rooms_end(visit->server->state, &things, platform->peer, visit->now, &free_at);
}

static int fail_state(struct visit *visit)
{
	visit_set_detail(visit, "the state does not take the end of a room's lease");
	return -1;
}

int desk_room_end(struct desk *desk)
{
	const struct service_platform *platform;
	const char *name;
	size_t index = 0;
	int rc = 0;

	if (desk->action != DESK_END_ROOM || desk->asks)
		return 0;
	platform = find_platform(desk->visit, desk->room, &name);
	while (platform != NULL && index < platform->peer->rooms.count &&
		strcmp(platform->peer->rooms.items[index], name) != 0)
		index++;
	if (platform != NULL && index < platform->peer->rooms.count)
		rc = end(desk->visit, platform, index);
	if (rc < 0)
		return fail_state(desk->visit);
	desk->done = rc > 0;
	desk->fault = rc > 0 ? NULL : "desk.fault.room";
	return 0;
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
