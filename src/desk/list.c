/* SPDX-License-Identifier: MIT */
#include "desk/list.h"

#include "base/fold.h"
#include "base/text.h"
#include "guests/accounts.h"
#include "guests/invites.h"
#include "visit/visit.h"

static const char *const state_words[DESK_STATES] = {"all", "active", "ended"};
static const char *const sort_words[DESK_SORTS] = {"newest", "name", "expires"};
static const char *const from_names[DESK_LISTS] = {"invitations", "accounts"};

/* ---- the query ---- */

static const char *text_of(const struct params *query, const char *name)
{
	const char *text = NULL;

	return query != NULL && params_get(query, name, &text) == PARAM_ONCE && text[0] != '\0'
		       ? text
		       : NULL;
}

/* Returns the index of the word, or 0. */
static unsigned word_of(
	const struct params *query, const char *name, const char *const *words, unsigned count)
{
	const char *text = text_of(query, name);

	for (unsigned i = 0; text != NULL && i < count; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return 0;
}

void desk_find_read(struct desk_find *find, const char *query)
{
	const char *text;
	int64_t number = 0;

	*find = (struct desk_find){.text = "", .query = params_parse(query, strlen(query))};
	if (find->query != NULL)
		params_clean(find->query, "q");
	text = text_of(find->query, "q");
	if (text != NULL && strlen(text) <= DESK_TEXT_MAX)
		find->text = text;
	find->edit = text_of(find->query, "edit");
	find->done = text_of(find->query, "done");
	find->whom = text_of(find->query, "whom");
	find->state = word_of(find->query, "state", state_words, DESK_STATES);
	find->sort = word_of(find->query, "sort", sort_words, DESK_SORTS);
	for (unsigned i = 0; i < DESK_LISTS; i++) {
		text = text_of(find->query, from_names[i]);
		if (text != NULL && text_to_number(text, 0, 1000000, &number) == 0)
			find->from[i] = (size_t)number;
	}
}

void desk_find_free(struct desk_find *find)
{
	params_free(&find->query);
}

static void append(struct buffer *query, size_t start, const char *name)
{
	buffer_printf(query, "%s%s=", query->length == start ? "?" : "&", name);
}

void desk_find_write(
	const struct desk_find *find, enum desk_which which, size_t from, struct buffer *query)
{
	size_t start = query->length;

	if (find->text[0] != '\0') {
		append(query, start, "q");
		buffer_percent(query, find->text);
	}
	if (find->state != DESK_STATE_ALL) {
		append(query, start, "state");
		buffer_text(query, state_words[find->state]);
	}
	if (find->sort != DESK_SORT_NEWEST) {
		append(query, start, "sort");
		buffer_text(query, sort_words[find->sort]);
	}
	for (unsigned i = 0; i < DESK_LISTS; i++) {
		size_t first = i == which ? from : find->from[i];

		if (first == 0)
			continue;
		append(query, start, from_names[i]);
		buffer_printf(query, "%zu", first);
	}
}

/* ---- the list ---- */

/* What a host can see of a guest in the list, and so search for. */
struct seen {
	const char *texts[ACCOUNT_MEETINGS_MAX + 5];
	size_t count;
	int64_t expires;
};

static void see(struct seen *seen, const char *text)
{
	seen->texts[seen->count++] = text;
}

static struct seen see_record(const void *record, enum desk_which which)
{
	struct seen seen = {.count = 0};

	if (which == DESK_ACCOUNTS) {
		const struct account *account = record;

		see(&seen, account->name);
		see(&seen, account->display);
		see(&seen, account->email);
		see(&seen, account->by_name);
		for (size_t i = 0; i < account->meeting_count; i++)
			see(&seen, account->meetings[i]);
		seen.expires = account->expires;
	} else {
		const struct invite *invite = record;

		see(&seen, invite->name);
		see(&seen, invite->email);
		see(&seen, invite->host);
		see(&seen, invite->platform);
		see(&seen, invite->meeting);
		see(&seen, invite->title);
		seen.expires = invite->expires;
	}
	return seen;
}

static bool is_found(const struct seen *seen, const char *folded)
{
	char text[FOLD_SIZE];

	for (size_t i = 0; folded[0] != '\0' && i < seen->count; i++) {
		fold_name(seen->texts[i], text);
		if (strstr(text, folded) != NULL)
			return true;
	}
	return folded[0] == '\0';
}

/* A record with what it is sorted by. */
struct place {
	const void *record;
	char *name; /* folded, owned; NULL: not sorted by name */
	int64_t expires;
	size_t index; /* in the file: later ones are newer */
};

static int newer_first(const struct place *a, const struct place *b)
{
	return (a->index < b->index) - (a->index > b->index);
}

static int by_name(const void *a, const void *b)
{
	const struct place *one = a, *other = b;
	int way = strcmp(one->name, other->name);

	return way != 0 ? way : newer_first(one, other);
}

/* Those who never expire come last. */
static int by_expiry(const void *a, const void *b)
{
	const struct place *one = a, *other = b;
	uint64_t first = (uint64_t)one->expires - 1, second = (uint64_t)other->expires - 1;

	return first != second ? (first > second) - (first < second) : newer_first(one, other);
}

static int by_age(const void *a, const void *b)
{
	return newer_first(a, b);
}

static bool has_state(enum desk_state wanted, bool is_active)
{
	return wanted == DESK_STATE_ALL || (wanted == DESK_STATE_ACTIVE) == is_active;
}

/* Returns the number of places, or -1 without memory. */
static ssize_t find_places(struct place *places, const struct records *records,
	enum desk_which which, const struct desk_find *find, int64_t now)
{
	const struct records_type *type = which == DESK_ACCOUNTS ? &accounts_type : &invites_type;
	char wanted[FOLD_SIZE], name[FOLD_SIZE];
	const void *record;
	ssize_t count = 0;

	fold_name(find->text, wanted);
	for (size_t i = 0; (record = records_at(records, i)) != NULL; i++) {
		struct seen seen = see_record(record, which);

		if (!has_state(find->state, records_is_active(type, record, now)) ||
			!is_found(&seen, wanted))
			continue;
		places[count] =
			(struct place){.record = record, .expires = seen.expires, .index = i};
		if (find->sort == DESK_SORT_NAME) {
			fold_name(seen.texts[0], name);
			places[count].name = strdup(name);
			if (places[count].name == NULL)
				return -1;
		}
		count++;
	}
	return count;
}

/* The page that was asked for may be gone, since guests were removed: the last one then. */
static size_t first_row(size_t from, size_t count)
{
	if (from < count)
		return from;
	return count > 0 ? (count - 1) / DESK_SHOWN_MAX * DESK_SHOWN_MAX : 0;
}

int desk_list_make(struct desk_list *list, const struct records *records, enum desk_which which,
	const struct desk_find *find, int64_t now)
{
	static int (*const orders[DESK_SORTS])(const void *, const void *) = {
		by_age, by_name, by_expiry};
	struct place *places;
	ssize_t count;

	*list = (struct desk_list){.all = records_count(records)};
	places = calloc(list->all + 1, sizeof *places);
	list->records = calloc(list->all + 1, sizeof *list->records);
	count = places != NULL && list->records != NULL
			? find_places(places, records, which, find, now)
			: -1;
	if (count > 0)
		qsort(places, (size_t)count, sizeof *places, orders[find->sort]);
	for (ssize_t i = 0; i < count; i++)
		list->records[list->count++] = places[i].record;
	list->from = first_row(find->from[which], list->count);
	for (size_t i = 0; places != NULL && i < list->all; i++)
		free(places[i].name);
	free(places);
	return count < 0 ? -1 : 0;
}

void desk_list_free(struct desk_list *list)
{
	free(list->records);
	list->records = NULL;
}
