/* SPDX-License-Identifier: MIT
 *
 * meetauthctl log: what happened to a visitor, from the log, in sentences.
 */
#include "ctl/given.h"
#include "ctl/log_visit.h"
#include "ctl/print.h"

#include "base/text.h"
#include "secret/store.h"
#include "session/session.h"

#include <strings.h>

enum {
	NEAR_S = 30 * 60,  /* how far from the request the same visitor is looked for */
	RECENT_MAX = 4096, /* events that are kept for what came before */
	STORY_MAX = 65536,
};

/* ---- printing ---- */

static void print_visit(const struct log_entry *entry, bool reference)
{
	struct buffer text = BUFFER_INIT(STORY_MAX);
	char when[TEXT_TIME_SIZE] = "at an unknown time  ";

	log_visit_describe(entry, &text);
	if (entry->seconds != 0)
		text_from_time(entry->seconds, when);
	printf("  %s  %s", when, text.data);
	if (reference && log_field(entry, "request_id") != NULL)
		printf(" Reference %s.", log_field(entry, "request_id"));
	printf("\n");
	buffer_release(&text);
}

static json_t *to_json(const struct log_entry *entry, const char *part)
{
	struct buffer text = BUFFER_INIT(STORY_MAX), advice = BUFFER_INIT(STORY_MAX);
	json_t *object;

	log_visit_describe(entry, &text);
	log_visit_advise(entry, &advice);
	object = json_pack("{s:s*, s:o, s:s, s:s?, s:O}", "part", part, "time",
		print_time(entry->seconds), "says", text.data, "advice", advice.data, "fields",
		entry->fields);
	buffer_release(&text);
	buffer_release(&advice);
	return object;
}

/* ---- events of one visitor ---- */

struct entries {
	struct log_entry *items;
	size_t count, room;
};

static void keep(struct entries *entries, const struct log_entry *entry)
{
	if (entries->count == entries->room) {
		struct log_entry *grown;

		entries->room = 2 * entries->room + 16;
		grown = xcalloc(entries->room, sizeof *grown);
		if (entries->count > 0)
			memcpy(grown, entries->items, entries->count * sizeof *grown);
		free(entries->items);
		entries->items = grown;
	}
	entries->items[entries->count++] = *entry;
	json_incref(entry->fields);
}

static void release(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		json_decref(entries->items[i].fields);
	free(entries->items);
}

/* The events around the request that is explained. */
struct around {
	const char *reference;
	struct log_entry recent[RECENT_MAX]; /* a ring */
	size_t seen;
	struct entries before, own, after;
};

static bool is_near(const struct log_entry *a, const struct log_entry *b)
{
	int64_t apart = a->seconds - b->seconds;

	return a->seconds == 0 || b->seconds == 0 || (apart <= NEAR_S && apart >= -NEAR_S);
}

static bool is_own(const struct around *around, const struct log_entry *entry)
{
	const char *reference = log_field(entry, "request_id");

	return reference != NULL && strcasecmp(reference, around->reference) == 0;
}

/* Of the lines of one request the last says most: the join comes after the sign-in. */
static const struct log_entry *last_own(const struct around *around)
{
	return &around->own.items[around->own.count - 1];
}

static void find_before(struct around *around)
{
	size_t kept = around->seen < RECENT_MAX ? around->seen : RECENT_MAX;

	for (size_t i = around->seen - kept; i < around->seen; i++) {
		const struct log_entry *entry = &around->recent[i % RECENT_MAX];

		if (is_near(entry, last_own(around)) &&
			log_visit_is_related(entry, last_own(around)))
			keep(&around->before, entry);
	}
}

static void remember(struct around *around, const struct log_entry *entry)
{
	struct log_entry *slot = &around->recent[around->seen++ % RECENT_MAX];

	json_decref(slot->fields);
	*slot = *entry;
	json_incref(slot->fields);
}

/* Returns false when nothing that follows can belong to the visitor. */
static bool take(struct around *around, const struct log_entry *entry)
{
	if (!log_visit_is_event(entry))
		return true;
	if (is_own(around, entry))
		keep(&around->own, entry);
	else if (around->own.count == 0)
		remember(around, entry);
	else if (!is_near(entry, last_own(around)))
		return false;
	else if (log_visit_is_related(entry, last_own(around)))
		keep(&around->after, entry);
	return true;
}

/* ---- log explain ---- */

static void print_part(const char *title, const struct entries *entries)
{
	if (entries->count > 0 && title[0] != '\0')
		printf("%s\n", title);
	for (size_t i = 0; i < entries->count; i++)
		print_visit(&entries->items[i], title[0] != '\0');
}

static void print_advice(const struct log_entry *entry)
{
	struct buffer advice = BUFFER_INIT(STORY_MAX);

	if (log_visit_advise(entry, &advice))
		printf("%s\n", advice.data);
	buffer_release(&advice);
}

static void add_part(json_t *list, const char *part, const struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		print_add(list, to_json(&entries->items[i], part));
}

static void print_around(const struct ctl *ctl, const struct around *around)
{
	json_t *list;

	if (!ctl->json) {
		print_part("", &around->own);
		print_advice(last_own(around));
		print_part("Before, from the same address:", &around->before);
		print_part("After, from the same address:", &around->after);
		return;
	}
	list = json_array();
	add_part(list, "before", &around->before);
	add_part(list, "request", &around->own);
	add_part(list, "after", &around->after);
	print_json(list);
}

static int run_explain(struct ctl *ctl)
{
	struct around *around = xcalloc(1, sizeof *around);
	struct log_reader *reader = log_reader_open(ctl);
	struct log_entry entry;
	bool more = true;

	around->reference = ctl->given.operands[0];
	log_reader_show_progress(reader);
	while (more && log_reader_next(reader, &entry)) {
		more = take(around, &entry);
		json_decref(entry.fields);
	}
	log_reader_close(&reader);
	if (around->own.count == 0)
		ctl_die(1,
			"no event in the log has the reference \"%s\". Older events may be in "
			"another file: zcat FILE | meetauthctl log explain REFERENCE",
			around->reference);
	find_before(around);
	print_around(ctl, around);
	for (size_t i = 0; i < RECENT_MAX; i++)
		json_decref(around->recent[i].fields);
	release(&around->before);
	release(&around->own);
	release(&around->after);
	free(around);
	return EX_OK;
}

/* ---- log user ---- */

/* A person as the log may name them: as they are called, or by a name that only the store's key
 * makes. */
struct wanted {
	struct given_person who;
	char keyed[SESSION_LOG_NAME_SIZE];
};

static bool is_wanted(const struct wanted *wanted, const struct log_entry *entry)
{
	const char *user = log_field(entry, "user");

	return user != NULL && log_visit_is_event(entry) &&
	       (wanted->who.backend == NULL ||
		       log_field_is(entry, "backend", wanted->who.backend)) &&
	       (strcasecmp(user, wanted->who.subject) == 0 || strcmp(user, wanted->keyed) == 0);
}

static struct wanted find_wanted(struct ctl *ctl)
{
	struct wanted wanted;
	struct store *store;

	ctl_load_settings(ctl);
	wanted.who = given_person(ctl);
	store = ctl_need(1, store_open(ctl->settings->store, ctl->settings->store_key, &ctl_error));
	session_log_name(store_hash_key(store), wanted.who.subject, wanted.keyed);
	store_free(&store);
	return wanted;
}

static int run_user(struct ctl *ctl)
{
	struct log_reader *reader = log_reader_open(ctl);
	struct wanted wanted = find_wanted(ctl);
	json_t *list = ctl->json ? json_array() : NULL;
	struct log_entry entry;
	size_t count = 0;

	if (!ctl->json)
		printf("%s: with log-users = \"keyed\", the log says %s\n", wanted.who.subject,
			wanted.keyed);
	log_reader_show_progress(reader);
	while (log_reader_next(reader, &entry)) {
		if (is_wanted(&wanted, &entry)) {
			count++;
			if (list != NULL)
				print_add(list, to_json(&entry, NULL));
			else
				print_visit(&entry, true);
		}
		json_decref(entry.fields);
	}
	log_reader_close(&reader);
	if (list != NULL)
		print_json(list);
	else if (count == 0)
		printf("no event in the log is about this user\n");
	return count > 0 ? EX_OK : 1;
}

const struct ctl_command ctl_log_commands[] = {
	{"log explain", "REFERENCE [--since WHEN] [--log FILE]",
		"say what happened to the visitor whose page shows this reference", run_explain,
		.loads_itself = true},
	{"log user", "USER [--since WHEN] [--log FILE]",
		"say what happened to a user (SUBJECT or BACKEND/SUBJECT)", run_user,
		.loads_itself = true},
	{0},
};
