/* SPDX-License-Identifier: MIT */
#include "policy/index.h"

#include "policy/condition.h"

#include <ctype.h>
#include <strings.h>

/* The rules that are listed under a key. */
struct entry {
	uint8_t condition;
	const char *text; /* of the settings; compared without case */
	size_t length;
	uint32_t uses; /* rules that have the key, listed under it or not */
	uint32_t count;
	uint32_t *rules;
};

struct policy_index {
	struct entry *entries; /* a hash table; free places have no uses */
	size_t size;	       /* a power of two */
	uint32_t *places;      /* what the entries' lists lie in */
	const uint32_t *rest;  /* rules without a key */
	size_t rest_count;
};

/* -- keys -- */

struct key {
	const char *text;
	size_t length;
};

static struct key whole(const char *item)
{
	return (struct key){item, strlen(item)};
}

static struct key user_key(const char *item)
{
	const char *slash = strchr(item, '/');

	return whole(slash != NULL ? slash + 1 : item);
}

/* Those with a '*' have none. */
static struct key literal_key(const char *item)
{
	return strchr(item, '*') == NULL ? whole(item) : (struct key){NULL, 0};
}

static struct key domain_key(const char *item)
{
	const char *at = strchr(item, '@');

	return at != NULL ? literal_key(at + 1) : (struct key){NULL, 0};
}

/* NULL: the values of this condition have no keys. */
static struct key (*key_of(const struct condition *condition))(const char *item)
{
	static const struct {
		const char *name;
		struct key (*key)(const char *item);
	} rows[] = {
		{"users", user_key},
		{"groups", whole},
		{"emails", domain_key},
		{"backends", whole},
		{"platforms", whole},
		{"meetings", literal_key},
		{"meeting-tokens", literal_key},
		{"acr", whole},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, condition->name) == 0)
			return rows[i].key;
	return NULL;
}

/* Conditions compare with or without case; a key without case is right for both. */
static struct entry *find(const struct policy_index *index, size_t condition, struct key key)
{
	uint64_t hash = 0xcbf29ce484222325u ^ condition;
	size_t at;

	for (size_t i = 0; i < key.length; i++)
		hash = (hash ^ (uint64_t)tolower((unsigned char)key.text[i])) * 0x100000001b3u;
	at = (hash ^ hash >> 32) & (index->size - 1);
	while (index->entries[at].uses > 0 &&
		(index->entries[at].condition != condition ||
			index->entries[at].length != key.length ||
			strncasecmp(index->entries[at].text, key.text, key.length) != 0))
		at = (at + 1) & (index->size - 1);
	return &index->entries[at];
}

/* -- building -- */

/* How many items all rules' lists have, and so keys at most. */
static size_t count_items(const struct config_policy *policy)
{
	size_t items = 0;

	for (size_t i = 0; i < policy->count; i++)
		for (size_t c = 0; c < CONDITION_COUNT; c++) {
			const struct config_list *list =
				condition_list(&conditions[c], &policy->rules[i]);

			items += list != NULL ? list->count : 0;
		}
	return items;
}

static void count_uses(struct policy_index *index, const struct config_rule *rule)
{
	for (size_t c = 0; c < CONDITION_COUNT; c++) {
		const struct config_list *list = condition_list(&conditions[c], rule);
		struct key (*key_for)(const char *) = key_of(&conditions[c]);

		for (size_t i = 0; key_for != NULL && i < list->count; i++) {
			struct key key = key_for(list->items[i]);
			struct entry *entry;

			if (key.text == NULL)
				continue;
			entry = find(index, c, key);
			entry->condition = (uint8_t)c;
			entry->text = key.text;
			entry->length = key.length;
			entry->uses++;
		}
	}
}

/* The most rules that one of the condition's keys would bring along; UINT32_MAX where one of its
 * items has no key. */
static uint32_t cost_of(
	const struct policy_index *index, const struct config_rule *rule, size_t condition)
{
	const struct config_list *list = condition_list(&conditions[condition], rule);
	struct key (*key_for)(const char *) = key_of(&conditions[condition]);
	uint32_t cost = 0;

	if (key_for == NULL || list->count == 0)
		return UINT32_MAX;
	for (size_t i = 0; i < list->count; i++) {
		struct key key = key_for(list->items[i]);
		uint32_t uses;

		if (key.text == NULL)
			return UINT32_MAX;
		uses = find(index, condition, key)->uses;
		cost = uses > cost ? uses : cost;
	}
	return cost;
}

/* CONDITION_COUNT: the rule has no key. */
static size_t best_condition(const struct policy_index *index, const struct config_rule *rule)
{
	size_t best = CONDITION_COUNT;
	uint32_t least = UINT32_MAX;

	for (size_t c = 0; c < CONDITION_COUNT; c++) {
		uint32_t cost = cost_of(index, rule, c);

		if (cost < least) {
			least = cost;
			best = c;
		}
	}
	return best;
}

/* Lists a rule under its keys; the first pass counts, the second has the room. */
static void list_rule(
	struct policy_index *index, const struct config_rule *rule, uint32_t place, uint32_t *rest)
{
	size_t c = best_condition(index, rule);
	const struct config_list *list;

	if (c == CONDITION_COUNT) {
		if (rest != NULL)
			rest[index->rest_count] = place;
		index->rest_count++;
		return;
	}
	list = condition_list(&conditions[c], rule);
	for (size_t i = 0; i < list->count; i++) {
		struct entry *entry = find(index, c, key_of(&conditions[c])(list->items[i]));

		if (rest != NULL)
			entry->rules[entry->count] = place;
		entry->count++;
	}
}

static void list_all(struct policy_index *index, const struct config_policy *policy, uint32_t *rest)
{
	index->rest_count = 0;
	for (size_t i = 0; i < index->size; i++)
		index->entries[i].count = 0;
	for (size_t i = 0; i < policy->count; i++)
		list_rule(index, &policy->rules[i], (uint32_t)i, rest);
}

/* Shares `places` out among the entries and the rest, as the first pass has counted. */
static void share_out(struct policy_index *index)
{
	uint32_t *at = index->places + index->rest_count;

	index->rest = index->places;
	for (size_t i = 0; i < index->size; i++) {
		index->entries[i].rules = at;
		at += index->entries[i].count;
	}
}

struct policy_index *policy_index_new(const struct config_policy *policy)
{
	struct policy_index *index = calloc(1, sizeof *index);
	size_t items = count_items(policy);

	if (index == NULL)
		return NULL;
	index->size = 64;
	while (index->size < 2 * items)
		index->size *= 2;
	index->entries = calloc(index->size, sizeof *index->entries);
	index->places = calloc(items + policy->count + 1, sizeof *index->places);
	if (index->entries == NULL || index->places == NULL) {
		policy_index_free(&index);
		return NULL;
	}
	for (size_t i = 0; i < policy->count; i++)
		count_uses(index, &policy->rules[i]);
	list_all(index, policy, NULL);
	share_out(index);
	list_all(index, policy, index->places);
	return index;
}

void policy_index_free(struct policy_index **index)
{
	struct policy_index *i = *index;

	*index = NULL;
	if (i == NULL)
		return;
	free(i->entries);
	free(i->places);
	free(i);
}

/* -- walking -- */

static bool add_list(struct index_walk *walk, const uint32_t *rules, size_t count)
{
	if (count == 0)
		return true;
	if (walk->count == INDEX_LISTS_MAX)
		return false;
	walk->lists[walk->count].at = rules;
	walk->lists[walk->count++].end = rules + count;
	return true;
}

static bool add_key(
	const struct policy_index *index, size_t condition, struct key key, struct index_walk *walk)
{
	const struct entry *entry;

	if (key.text == NULL)
		return true;
	entry = find(index, condition, key);
	return add_list(walk, entry->rules, entry->count);
}

/* What a question says about a condition, one text after the other; NULL at the end. *open_r: it
 * leaves that open. */
static const char *said(
	const struct policy_question *question, const char *condition, size_t at, bool *open_r)
{
	const struct identity *who = question->who;
	const struct {
		const char *condition, *text;
		bool may_be_open;
	} rows[] = {
		{"users", who->subject, true},
		{"emails", who->email, false},
		{"backends", who->backend, true},
		{"platforms", question->platform, true},
		{"meetings", question->meeting_id, true},
		{"meeting-tokens", question->meeting_token, true},
		{"acr", who->acr, false},
	};

	if (strcmp(condition, "groups") == 0)
		return at < who->group_count ? who->groups[at] : NULL;
	for (size_t i = 0; at == 0 && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].condition, condition) == 0) {
			*open_r |= rows[i].text == NULL && rows[i].may_be_open;
			return rows[i].text;
		}
	return NULL;
}

/* The key that the rules have under which a text is found. */
static struct key asked_key(const char *condition, const char *text)
{
	if (strcmp(condition, "emails") == 0) {
		const char *at = strchr(text, '@');

		return at != NULL ? whole(at + 1) : (struct key){NULL, 0};
	}
	return whole(text);
}

bool index_begin(const struct policy_index *index, const struct policy_question *question,
	struct index_walk *walk)
{
	bool open = false;

	walk->count = 0;
	if (index == NULL || question->who == NULL ||
		!add_list(walk, index->rest, index->rest_count))
		return false;
	for (size_t c = 0; c < CONDITION_COUNT; c++) {
		const char *name = conditions[c].name, *text;

		for (size_t i = 0; (text = said(question, name, i, &open)) != NULL; i++)
			if (!add_key(index, c, asked_key(name, text), walk))
				return false;
	}
	return !open;
}

bool index_begin_rule(
	const struct policy_index *index, const struct config_rule *rule, struct index_walk *walk)
{
	walk->count = 0;
	if (index == NULL || !add_list(walk, index->rest, index->rest_count))
		return false;
	for (size_t c = 0; c < CONDITION_COUNT; c++) {
		const struct config_list *list = condition_list(&conditions[c], rule);
		struct key (*key_for)(const char *) = key_of(&conditions[c]);

		for (size_t i = 0; key_for != NULL && i < list->count; i++)
			if (!add_key(index, c, key_for(list->items[i]), walk))
				return false;
	}
	return true;
}

size_t index_next(struct index_walk *walk)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < walk->count; i++)
		if (walk->lists[i].at < walk->lists[i].end && *walk->lists[i].at < least)
			least = *walk->lists[i].at;
	for (size_t i = 0; i < walk->count; i++)
		while (walk->lists[i].at < walk->lists[i].end && *walk->lists[i].at == least)
			walk->lists[i].at++;
	return least;
}
