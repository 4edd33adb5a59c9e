/* SPDX-License-Identifier: MIT */
#include "state/redis/redis.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "telemetry/log.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHANGES_MAX = 4 * STATE_RESOURCES_MAX, /* of one call: see lease.c */
	ROUNDS_MAX = 32,		       /* tries of one change */
};

/* An entry that a change is about. */
struct entry {
	const struct state_name *name;
	char key[KEY_SIZE];
	bool was_found, is_found; /* in the state, as far as known; after the change */
	int64_t was, is;
	bool is_stored; /* a decision was to store it, maybe as it was */
	char expected[NUMBER_SIZE], wanted[NUMBER_SIZE], until[NUMBER_SIZE];
};

struct changing {
	struct redis *redis;
	struct changing *next;
	struct fiber *fiber; /* while it waits for others */
	int64_t deadline_ms;
	const struct state_change *changes;
	size_t count;
	struct entry *entries;
	size_t entry_count;
	const char **words; /* of the command */
	size_t *sizes;
	uint16_t *places; /* of each change's entry */
	max_align_t room[];
};

/* With room for so many changes, each of an entry of its own. */
static struct changing *make_changing(size_t count)
{
	size_t words = 4 + 4 * count + 1;
	struct changing *all = calloc(1, sizeof *all + count * sizeof *all->entries +
						 words * (sizeof *all->words + sizeof *all->sizes) +
						 count * sizeof *all->places);

	if (all == NULL)
		return NULL;
	all->entries = (struct entry *)all->room;
	all->words = (const char **)(all->entries + count);
	all->sizes = (size_t *)(all->words + words);
	all->places = (uint16_t *)(all->sizes + words);
	return all;
}

/* Two changes of one name are about one entry. */
static void collect_entries(struct changing *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct state_name *name = all->changes[i].name;
		size_t at = 0;

		while (at < all->entry_count &&
			memcmp(all->entries[at].name, name, sizeof *name) != 0)
			at++;
		all->places[i] = (uint16_t)at;
		if (at < all->entry_count)
			continue;
		all->entries[at] = (struct entry){.name = name};
		redis_key_of(all->redis, name, all->entries[at].key);
		all->entry_count++;
	}
}

/* ---- changes of this process that meet ----
 *
 * Many visitors may be counted by one counter at once. Changes of one entry that were sent together
 * would all but one be in vain, each time again. So a change waits for those of this process that
 * are about one of its entries, and begins with the values that they left. */

static struct entry *find_entry(struct changing *all, const struct state_name *name)
{
	for (size_t i = 0; i < all->entry_count; i++)
		if (memcmp(all->entries[i].name, name, sizeof *name) == 0)
			return &all->entries[i];
	return NULL;
}

static bool meets(struct changing *all, struct changing *other)
{
	for (size_t i = 0; i < all->entry_count; i++)
		if (find_entry(other, all->entries[i].name) != NULL)
			return true;
	return false;
}

/* Whether it has to wait for one in the list, up to `end`. */
static bool meets_any(struct changing *all, struct changing *list, const struct changing *end)
{
	for (; list != end; list = list->next)
		if (meets(all, list))
			return true;
	return false;
}

static void begin_change(struct changing *all)
{
	struct redis *redis = all->redis;
	struct changing **at = &redis->waiting;

	if (fiber_self() != NULL &&
		(meets_any(all, redis->changing, NULL) || meets_any(all, redis->waiting, NULL))) {
		while (*at != NULL)
			at = &(*at)->next;
		*at = all;
		all->next = NULL;
		all->fiber = fiber_self();
		fiber_wait();
	}
	all->next = redis->changing;
	redis->changing = all;
}

static void leave_values(const struct changing *all, struct changing *next)
{
	for (size_t i = 0; i < all->entry_count; i++) {
		const struct entry *entry = &all->entries[i];
		struct entry *same = find_entry(next, entry->name);

		if (same == NULL)
			continue;
		same->was_found = entry->is_found;
		same->was = entry->is;
	}
}

/* The first waiting change that may run now, or NULL. */
static struct changing *take_next(struct redis *redis)
{
	for (struct changing **at = &redis->waiting; *at != NULL; at = &(*at)->next) {
		struct changing *next = *at;

		if (meets_any(next, redis->changing, NULL) || meets_any(next, redis->waiting, next))
			continue;
		*at = next->next;
		return next;
	}
	return NULL;
}

static void end_change(struct changing *all, bool done)
{
	struct redis *redis = all->redis;
	struct changing **at = &redis->changing, *next;

	while (*at != all)
		at = &(*at)->next;
	*at = all->next;
	for (next = redis->waiting; next != NULL && done; next = next->next)
		leave_values(all, next);
	while ((next = take_next(redis)) != NULL)
		fiber_wake(next->fiber);
}

/* Whether a failover must not lose the entry: counters may be lost. */
static bool needs_replicas(const struct redis *redis, const struct entry *entry)
{
	switch (entry->name->bytes[0]) {
	case STATE_KIND_CLAIM:
	case STATE_KIND_MARK:
	case STATE_KIND_END:
	case STATE_KIND_KNOWN:
	case STATE_KIND_LEASE:
		return redis->replicas > 0 && entry->is_found && entry->is_stored;
	}
	return false;
}

/* An entry that is there already may lack its replicas, since an earlier wait for them failed. WAIT
 * covers only what this connection has written, so the entry is written again. */
static bool is_written(const struct redis *redis, const struct entry *entry)
{
	return entry->is_found != entry->was_found ||
	       (entry->is_found && entry->is != entry->was) || needs_replicas(redis, entry);
}

/* Decides about all changes in order. True: there is something to write. */
static bool decide_all(struct changing *all)
{
	bool writes = false;

	for (size_t i = 0; i < all->entry_count; i++) {
		all->entries[i].is_found = all->entries[i].was_found;
		all->entries[i].is = all->entries[i].was;
		all->entries[i].is_stored = false;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct entry *entry = &all->entries[all->places[i]];
		int64_t value = entry->is_found ? entry->is : 0;

		switch (all->changes[i].decide(&value, entry->is_found, all->changes[i].context)) {
		case STATE_EDIT_STORE:
			entry->is = value;
			entry->is_found = entry->is_stored = true;
			break;
		case STATE_EDIT_ERASE:
			entry->is_found = false;
			break;
		case STATE_EDIT_NONE:
			break;
		}
	}
	for (size_t i = 0; i < all->entry_count; i++)
		writes |= is_written(all->redis, &all->entries[i]);
	return writes;
}

/* When the server may drop the entry. */
static int64_t end_ms(const struct entry *entry)
{
	if (entry->name->bytes[0] == STATE_KIND_MARK)
		return (state_mark_until(entry->is) + 1) * 1000;
	return entry->is / 1000 + 1;
}

static void print_entry(const struct redis *redis, struct entry *entry)
{
	entry->expected[0] = '\0';
	entry->until[0] = '0';
	entry->until[1] = '\0';
	if (entry->was_found)
		redis_print_number(entry->expected, entry->was);
	if (!is_written(redis, entry)) {
		snprintf(entry->wanted, sizeof entry->wanted, "=");
	} else if (entry->is_found) {
		redis_print_number(entry->wanted, entry->is);
		redis_print_number(entry->until, end_ms(entry));
	} else {
		entry->wanted[0] = '\0';
	}
}

static void set_change_words(struct changing *all, bool by_text, char count_text[NUMBER_SIZE])
{
	size_t count = 0;

	redis_print_number(count_text, (int64_t)all->entry_count + 1);
	all->words[count++] = by_text ? "EVAL" : "EVALSHA";
	all->words[count++] = by_text ? redis_change_script : all->redis->script;
	all->words[count++] = count_text;
	all->words[count++] = all->redis->born_key;
	for (size_t i = 0; i < all->entry_count; i++)
		all->words[count++] = all->entries[i].key;
	all->words[count++] = all->redis->born;
	for (size_t i = 0; i < all->entry_count; i++) {
		struct entry *entry = &all->entries[i];

		print_entry(all->redis, entry);
		all->words[count++] = entry->expected;
		all->words[count++] = entry->wanted;
		all->words[count++] = entry->until;
	}
	for (size_t i = 0; i < count; i++)
		all->sizes[i] = strlen(all->words[i]);
}

/* Asks once. The reply is the caller's, NULL without one. */
static enum link_result ask_change(
	struct changing *all, bool by_text, int64_t deadline_ms, redisReply **reply_r)
{
	char count_text[NUMBER_SIZE];
	struct link_question question;

	set_change_words(all, by_text, count_text);
	question = (struct link_question){.words = all->words,
		.sizes = all->sizes,
		.count = (int)(4 + 4 * all->entry_count + 1),
		.deadline_ms = deadline_ms};
	link_ask(all->redis->link, &question);
	*reply_r = question.reply;
	return question.result;
}

/* Takes the values that the script found. 0 or -1. */
static int take_values(struct changing *all, const redisReply *reply)
{
	if (reply->elements > all->entry_count)
		return -1;
	for (size_t i = 0; i < all->entry_count; i++) {
		struct entry *entry = &all->entries[i];

		entry->was_found = false;
		/* The server leaves out entries behind the last one that it has: a Lua table ends
		 * at its first nil. */
		if (i < reply->elements &&
			redis_parse_value(reply->element[i], &entry->was_found, &entry->was) != 0)
			return -1;
	}
	return 0;
}

enum { APPLIED = 0, AGAIN, BY_TEXT, ENDED };

/* The first of several is logged. A busy server refuses the beat as well, so only the rest has to
 * be remembered. */
static void take_refusal(struct redis *redis, const char *text)
{
	if (strncmp(text, "BUSY", 4) != 0) {
		if (redis->refused_ms == 0)
			log_message(
				LOG_LEVEL_ERROR, "state", "the server refuses a change: %s", text);
		redis->refused_ms = clock_monotonic_ms();
	}
	redis_take_error(redis, text);
}

/* What to do after an answer. */
static int take_answer(struct changing *all, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 1)
		return APPLIED;
	if (reply->type == REDIS_REPLY_ARRAY && take_values(all, reply) == 0)
		return AGAIN;
	if (reply->type == REDIS_REPLY_INTEGER)
		redis_forget_birth(all->redis);
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0)
		return BY_TEXT;
	if (reply->type == REDIS_REPLY_ERROR)
		take_refusal(all->redis, reply->str);
	return ENDED;
}

static bool must_wait(const struct changing *all)
{
	for (size_t i = 0; i < all->entry_count; i++)
		if (needs_replicas(all->redis, &all->entries[i]))
			return true;
	return false;
}

/* *waits_r is set if replicas have to have it. */
static int apply(struct changing *all, bool *waits_r)
{
	struct redis *redis = all->redis;
	int64_t deadline_ms = all->deadline_ms;
	bool by_text = false;
	redisReply *reply;
	int what = AGAIN;

	decide_all(all);
	for (int round = 0; round < ROUNDS_MAX && redis_is_usable(redis, deadline_ms); round++) {
		enum link_result result = ask_change(all, by_text, deadline_ms, &reply);

		if (result == LINK_LOST)
			return STATE_CHANGE_UNKNOWN;
		if (result == LINK_FAILED)
			return -1;
		what = take_answer(all, reply);
		freeReplyObject(reply);
		by_text = by_text || what == BY_TEXT;
		if (what == APPLIED) {
			redis->refused_ms = 0;
			*waits_r = must_wait(all);
		}
		if (what == APPLIED || (what == AGAIN && !decide_all(all)))
			return 0;
		if (what == ENDED || clock_monotonic_ms() >= deadline_ms)
			return -1;
	}
	return -1;
}

int redis_change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	struct redis *redis = (struct redis *)state;
	struct changing *all;
	int64_t deadline_ms;
	uint64_t connection;
	bool waits = false;
	int rc;

	(void)now_us;
	if (count == 0 || count > CHANGES_MAX)
		return count == 0 ? 0 : -1;
	all = make_changing(count);
	if (all == NULL)
		return -1;
	all->redis = redis;
	all->changes = changes;
	all->count = count;
	collect_entries(all);
	begin_change(all);
	/* Only now: in a crowd at one counter the last ones would be late before they are sent, and
	 * a late answer ends the connection for everybody. */
	all->deadline_ms = clock_monotonic_ms() + redis->timeout_ms;
	rc = apply(all, &waits);
	connection = redis->connection;
	end_change(all, rc == 0);
	deadline_ms = all->deadline_ms;
	free(all);
	/* On a later connection, maybe to another server, WAIT does not cover this change. */
	if (rc == 0 && waits &&
		(redis_await_replicas(redis, deadline_ms) != 0 || redis->connection != connection))
		return STATE_CHANGE_UNKNOWN;
	return rc;
}
