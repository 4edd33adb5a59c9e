/* SPDX-License-Identifier: MIT */
#include "desk/choices.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/text.h"
#include "desk/desk.h"
#include "policy/meet.h"

enum { ASKED_MAX = 1000 };

/* ---- platforms ---- */

bool choices_new_meeting(const struct service_platform *platform, char **id_r)
{
	char id[RECORDS_ID_SIZE], name[sizeof "space-" + 16], *found = NULL;
	struct error error;
	bool good;

	records_new_id(id);
	snprintf(name, sizeof name, "space-%.16s", id);
	good = platform->driver->entry != NULL &&
	       platform_takes_browsers(platform->driver, platform->peer) &&
	       platform_meeting_id(platform->driver, platform->instance, name, &found, &error) == 0;
	if (good && id_r != NULL) {
		*id_r = found;
		return true;
	}
	free(found);
	return good;
}

static void find_platforms(struct choices *choices)
{
	const struct service *service = choices->visit->service;

	for (size_t i = 0;
		i < service->platform_count && choices->platform_count < CHOICES_PLATFORMS_MAX;
		i++) {
		struct page_value *cells = choices->platforms[choices->platform_count];

		if (!choices_new_meeting(&service->platforms[i], NULL))
			continue;
		cells[0] = (struct page_value){
			.name = "platform", .text = service->platforms[i].title};
		choices->platform_list[choices->platform_count++] = cells;
	}
}

/* ---- guests ---- */

/* Many for somebody who looks for a few people, and few for somebody who lists a directory. */
static const struct state_rate search_rate = {30, 10 * 60 * 1000};

/* Counts a search of this person. Returns as state_take(). */
static int64_t take_search(const struct visit *visit)
{
	const struct identity *who = &visit->session.who;
	uint8_t key[STATE_KEY_SIZE];

	seal_hash(store_hash_key(visit->files->store), key, "searches", who->backend, who->subject,
		NULL);
	return state_take(visit->server->state, key, search_rate, clock_wall_ms());
}

/* Reads the search. Names are compared without case and accents, and no character is special. Each
 * search counts, so that nobody reads the whole directory by searching for one letter after the
 * other. */
static void read_search(struct choices *choices)
{
	struct visit *visit = choices->visit;
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	const char *text = "";
	char folded[FOLD_SIZE];

	if (query != NULL && params_get(query, "find", &text) == PARAM_ONCE &&
		text_is_printable(text) && strlen(text) <= CHOICES_WANTED_MAX) {
		fold_name(text, folded);
		if (folded[0] != '\0') {
			choices->typed = strdup(text);
			choices->wanted = strdup(folded);
			choices->wait_ms = take_search(visit);
		}
	}
	params_free(&query);
}

static bool may_start_somewhere(const struct choices *choices, const char *other)
{
	const struct visit *visit = choices->visit;

	for (size_t i = 0; i < choices->platform_count; i++)
		if (policy_may_start(&visit->service->settings->policy,
			    &(struct policy_pair){
				    choices->own, other, choices->platforms[i][0].text, visit->now})
				.verdict == POLICY_ALLOW)
			return true;
	return false;
}

static void add_guest(struct choices *choices, const struct auth_guest *guest)
{
	struct choice *choice = &choices->guests[choices->count];

	choice->id = strdup(guest->id);
	choice->name = strdup(guest->display[0] != '\0' ? guest->display : guest->name);
	choice->cells[0] = (struct page_value){.name = "id", .text = choice->id};
	choice->cells[1] = (struct page_value){.name = "name", .text = choice->name};
	choices->guest_list[choices->count++] = choice->cells;
}

/* The first guest is the visitor. The rules are asked of ASKED_MAX guests at most, because they
 * are asked on the loop. */
static bool consider_guest(void *context, const struct auth_guest *guest)
{
	struct choices *choices = context;

	if (choices->own[0] == '\0') {
		snprintf(choices->own, sizeof choices->own, "%s", guest->name);
		return choices->wait_ms == 0;
	}
	if (strcmp(guest->name, choices->own) == 0 ||
		(choices->wanted != NULL && strstr(guest->folded, choices->wanted) == NULL))
		return true;
	if (choices->asked++ == ASKED_MAX) {
		choices->has_more = true;
		return false;
	}
	if (!may_start_somewhere(choices, guest->name))
		return true;
	if (choices->count == CHOICES_MAX) {
		choices->has_more = true;
		return false;
	}
	add_guest(choices, guest);
	return true;
}

void choices_find(struct choices *choices, struct visit *visit)
{
	const struct settings *settings = visit->service->settings;
	const struct service_backend *backend =
		service_backend(visit->service, visit->session.who.backend);
	const struct auth_meetings *meetings = backend != NULL ? backend->driver->meetings : NULL;

	choices->visit = visit;
	if (settings->policy.meet_count == 0 || meetings == NULL || meetings->each_guest == NULL ||
		settings->desk.accounts == NULL ||
		strcmp(section_title(settings->desk.accounts), backend->title) != 0)
		return;
	find_platforms(choices);
	if (choices->platform_count == 0)
		return;
	read_search(choices);
	meetings->each_guest(backend->instance, &visit->session.who, consider_guest, choices);
}

/* ---- the page ---- */

void choices_put(const struct choices *choices, struct values *values)
{
	bool searches = choices->wanted != NULL;

	values_put(values, "searches", searches || choices->has_more ? "1" : NULL);
	values_put(values, "find", searches ? choices->typed : "");
	values_put(values, "has_more", choices->has_more ? "1" : NULL);
	values_put(values, "too_many", choices->wait_ms != 0 ? "1" : NULL);
	values_put(values, "nobody",
		searches && choices->count == 0 && choices->wait_ms == 0 && !choices->has_more
			? "1"
			: NULL);
	values_put(values, "starts", choices->count > 0 ? "1" : NULL);
	values_put_rows(values, "guests", choices->guest_list);
	if (choices->platform_count > 1)
		values_put_rows(values, "platforms", choices->platform_list);
	else if (choices->platform_count == 1)
		values_put(values, "only_platform", choices->platforms[0][0].text);
}

void choices_release(struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++) {
		free(choices->guests[i].id);
		free(choices->guests[i].name);
	}
	free(choices->wanted);
	free(choices->typed);
}
