/* SPDX-License-Identifier: MIT
 *
 * meetauthctl room: lists the rooms that meetings share, and ends a meeting in one.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "platform/registry.h"
#include "secret/store.h"
#include "service/rooms.h"
#include "service/state.h"

/* A platform with rooms, and the state of them. */
struct pool {
	const struct section *section;
	const struct platform_driver *driver;
	void *instance;
	const struct platform_peer *peer;
	struct store *store;
	struct state *state;
	int64_t now;
};

static void close_platform(struct pool *pool)
{
	platform_close(pool->driver, &pool->instance);
}

/* Returns 0, or -1 for a platform without rooms. */
static int open_platform(struct pool *pool, const struct section *section)
{
	pool->section = section;
	pool->driver = platform_find(section_type(section));
	if (pool->driver == NULL)
		return -1;
	ctl_must(EX_CONFIG, platform_open(pool->driver, section, &pool->instance, &ctl_error));
	pool->peer = platform_peer(pool->instance);
	if (pool->peer->rooms.count > 0)
		return 0;
	close_platform(pool);
	return -1;
}

static struct pool open_pool(const struct ctl *ctl)
{
	struct pool pool = {.now = clock_wall()};

	pool.store =
		ctl_need(1, store_open(ctl->settings->store, ctl->settings->store_key, &ctl_error));
	pool.state = ctl_need(1, service_open_state(ctl->settings, pool.store, &ctl_error));
	return pool;
}

static void close_pool(struct pool *pool)
{
	state_close(&pool->state);
	store_free(&pool->store);
}

static void name_room(
	const struct pool *pool, size_t index, const char *meeting, struct room_leases *leases)
{
	rooms_name(store_hash_key(pool->store), section_title(pool->section),
		pool->peer->room_names[index], meeting, leases);
}

static _Noreturn void die_of_state(const struct ctl *ctl)
{
	ctl_die(1, "state %s: no answer", ctl->settings->state);
}

static void list_rooms(const struct ctl *ctl, const struct pool *pool, json_t *list)
{
	for (size_t i = 0; i < pool->peer->rooms.count; i++) {
		struct room_leases leases;
		int64_t until;
		bool is_its;

		name_room(pool, i, NULL, &leases);
		until = rooms_taken_until(pool->state, &leases, pool->now, &is_its);
		if (until < 0)
			die_of_state(ctl);
		print_add(list,
			json_pack("{s:s, s:s, s:b, s:o}", "platform", section_title(pool->section),
				"room", pool->peer->rooms.items[i], "taken", until > 0, "until",
				until > 0 ? print_time(until) : json_null()));
	}
}

static int run_list(struct ctl *ctl)
{
	static const struct print_column columns[] = {{"PLATFORM", "platform"}, {"ROOM", "room"},
		{"TAKEN", "taken", "no", "yes"}, {"UNTIL", "until"}, {0}};
	const struct settings *settings = ctl->settings;
	struct pool pool = open_pool(ctl);
	json_t *list = json_array();

	for (size_t i = 0; i < settings->platform_count; i++)
		if (open_platform(&pool, settings->platforms[i]) == 0) {
			list_rooms(ctl, &pool, list);
			close_platform(&pool);
		}
	close_pool(&pool);
	print_list(ctl, list, columns, PRINT_ALIGNED);
	return EX_OK;
}

/* Returns the index of the room with that name, or of the room that the meeting with that name
 * holds, or the number of rooms if there is neither. */
static size_t find_room(const struct ctl *ctl, const struct pool *pool, const char *text)
{
	const struct platform_peer *peer = pool->peer;
	int index;

	for (size_t i = 0; i < peer->rooms.count; i++)
		if (strcmp(peer->rooms.items[i], text) == 0)
			return i;
	index = rooms_find(pool->state, store_hash_key(pool->store), section_title(pool->section),
		peer, text, pool->now);
	if (index < 0)
		die_of_state(ctl);
	return (size_t)index;
}

static int run_end(struct ctl *ctl)
{
	const char *title = ctl->given.operands[0], *text = ctl->given.operands[1];
	const struct section *section = config_platform(ctl->settings, title);
	struct pool pool = open_pool(ctl);
	struct room_leases leases;
	char when[TEXT_TIME_SIZE];
	int64_t free_at = 0;
	size_t index;
	int rc;

	if (section == NULL || open_platform(&pool, section) != 0)
		ctl_usage(ctl->command, "\"%s\" is not a platform with rooms", title);
	index = find_room(ctl, &pool, text);
	if (index == pool.peer->rooms.count)
		ctl_die(1, "%s: neither a room nor a meeting that holds one", text);
	name_room(&pool, index, NULL, &leases);
	rc = rooms_end(pool.state, &leases, pool.peer, pool.now, &free_at);
	if (rc < 0)
		die_of_state(ctl);
	if (rc == 0)
		ctl_die(1, "%s: the room is free", pool.peer->rooms.items[index]);
	printf("room %s: meeting ended; free %s%s\n", pool.peer->rooms.items[index],
		free_at > pool.now ? "when the last join link expires, at " : "now",
		free_at > pool.now ? text_from_time(free_at, when) : "");
	close_platform(&pool);
	close_pool(&pool);
	return EX_OK;
}

const struct ctl_command ctl_room_commands[] = {
	{"room list", "", "list the rooms that meetings share, of all platforms", run_list},
	{"room end", "PLATFORM ROOM",
		"end the meeting in a room (named by room or meeting), so that the next meeting "
		"can use it",
		run_end, .changes = true},
	{0},
};
