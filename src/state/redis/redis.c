/* SPDX-License-Identifier: MIT
 *
 * The state of a pool that spans machines: a Redis or Valkey server. An entry is a key PREFIX KIND
 * ":" HEX with the value as decimal text (Lua's numbers are doubles), which expires by itself.
 *
 * A change is decided here and applied by a script that compares and sets: it first guesses that
 * there are no such entries; where the script finds others it changes nothing and returns them, and
 * the change is decided again. So however many machines ask, each decision was made on the values
 * that it replaced.
 *
 * The key PREFIX "born" tells when the state was made. The script and each read compare it: on a
 * server that was emptied nothing is decided before this process knows the new time.
 */
#include "state/driver.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/text.h"
#include "state/redis/link.h"
#include "telemetry/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHANGES_MAX = 4 * STATE_THINGS_MAX, /* of one call: see lease.c */
	ROUNDS_MAX = 32,		    /* tries of one change */
	BORN_SIZE = 64,
	KEY_SIZE = STATE_PREFIX_MAX + 2 + 2 * STATE_KEY_SIZE + 1,
	NUMBER_SIZE = 24,
	REASON_SIZE = 160,
	VERSION_MIN = 602, /* SET … PXAT is in 6.2 */
	CLOCK_STEP_MS = 100,
	CLOCK_AHEAD_MS = 5000, /* a larger difference to the server's clock is worth a warning */
};

/* KEYS: born, entries. ARGV: the expected born; for each entry the expected value ("": none), the
 * new one ("": erase, "=": keep) and its end in milliseconds. Returns 1 when all is set, 0 for
 * another born, else the values that were found. */
static const char change_script[] =
	"if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
	"local found=redis.call('MGET',unpack(KEYS,2)) "
	"for i=1,#KEYS-1 do if (found[i] or '')~=ARGV[3*i-1] then return found end end "
	"for i=1,#KEYS-1 do local new=ARGV[3*i] "
	"if new=='' then redis.call('DEL',KEYS[i+1]) "
	"elseif new~='=' then redis.call('SET',KEYS[i+1],new,'PXAT',ARGV[3*i+1]) end end "
	"return 1";

static const char born_script[] =
	"local now=redis.call('TIME') local born=redis.call('GET',KEYS[1]) "
	"if not born then born=now[1]..'.'..now[2] redis.call('SET',KEYS[1],born) end "
	"return {born,now[1],now[2]}";

/* A command with its words, for a question. */
struct command {
	struct link_question question;
	const char *words[8];
	size_t sizes[8];
};

/* Of times that a server says: microseconds of them fit into 64 bits. */
#define SECONDS_MAX ((int64_t)1 << 40)

enum greeting { GREET_AUTH = 0, GREET_SELECT, GREET_INFO, GREET_LOAD, GREET_BORN, GREETINGS };

struct redis {
	struct state state;
	struct link_servers servers;
	struct link *link;
	char prefix[STATE_PREFIX_MAX + 1];
	int64_t timeout_ms;
	state_password *password;
	void *password_context;
	char born_key[KEY_SIZE], born[BORN_SIZE]; /* born "": not known now */
	char script[64];			  /* the SHA-1 of change_script, "": not known */
	struct command greeting[GREETINGS];
	unsigned greetings_left;
	char refusal[REASON_SIZE]; /* why the greeting failed */
	char error[REASON_SIZE];   /* the server's last */
	char version[32], about[REASON_SIZE + REDIS_USER_MAX];
	char eviction[32]; /* the policy of the server; "": not known */
	char warning[REASON_SIZE], warned[REASON_SIZE]; /* and what was logged */
	int64_t ahead_ms;				/* our wall clock, of the server's */
	struct changing *changing;			/* those that are asked, */
	struct changing *waiting; /* and those that wait for one of them, the first one first */
	struct command beat;
	bool beats;
	bool is_tool; /* without a loop of others: what is wrong is the tool's to print */
	int64_t beat_began_ms;
};

/* ---- commands ---- */

static void set_words(struct command *command, int64_t deadline_ms, const char *const *words)
{
	int count = 0;

	for (; words[count] != NULL; count++) {
		command->words[count] = words[count];
		command->sizes[count] = strlen(words[count]);
	}
	command->question = (struct link_question){.words = command->words,
		.sizes = command->sizes,
		.count = count,
		.deadline_ms = deadline_ms};
}

static bool is_error(const redisReply *reply, const char *start)
{
	return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	       strncmp(reply->str, start, strlen(start)) == 0;
}

/* ---- birth and clock ---- */

/* Compares the clocks. The server read its own at some moment between the question and the answer,
 * `took_ms` apart, so the difference lies between two bounds. It stays what it was if it can: a
 * slow answer is no sign that a clock has moved. */
static void compare_clocks(struct redis *redis, int64_t server_ms, int64_t took_ms)
{
	int64_t wall_ms = clock_wall_ms();
	int64_t most_ms = wall_ms + 1 - server_ms;    /* both clocks are read in whole */
	int64_t least_ms = most_ms - took_ms - 2 - 1; /* milliseconds */

	if (redis->ahead_ms > most_ms)
		redis->ahead_ms = most_ms;
	if (redis->ahead_ms < least_ms)
		redis->ahead_ms = least_ms;
	redis->state.clock = (struct state_clock){.wall_ms = wall_ms - redis->ahead_ms,
		.boot_ms = clock_boot_ms(),
		.step_ms = CLOCK_STEP_MS};
}

/* Takes the answer of born_script. `asked_ms`: the boot clock when it was sent. */
static int take_birth(struct redis *redis, const redisReply *reply, int64_t asked_ms)
{
	int64_t seconds, micros, born;
	const char *texts[3];

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return -1;
		texts[i] = reply->element[i]->str;
	}
	born = strtoll(texts[0], NULL, 10);
	seconds = strtoll(texts[1], NULL, 10);
	micros = strtoll(texts[2], NULL, 10);
	if (born <= 0 || born > SECONDS_MAX || seconds <= 0 || seconds > SECONDS_MAX ||
		strlen(texts[0]) >= BORN_SIZE)
		return -1;
	snprintf(redis->born, sizeof redis->born, "%s", texts[0]);
	compare_clocks(redis, seconds * 1000 + micros / 1000, clock_boot_ms() - asked_ms);
	redis->state.born = born;
	return 0;
}

static void on_beat(struct link_question *question)
{
	struct redis *redis = question->context;
	redisReply *reply = question->reply;

	redis->beats = false;
	if (reply != NULL && redis->link != NULL &&
		take_birth(redis, reply, redis->beat_began_ms) != 0)
		link_drop(redis->link,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "its answer is unexpected");
	if (reply != NULL)
		freeReplyObject(reply);
}

static void ask_birth(
	struct redis *redis, struct command *command, void (*done)(struct link_question *question))
{
	const char *const words[] = {"EVAL", born_script, "1", redis->born_key, NULL};

	redis->beat_began_ms = clock_boot_ms();
	set_words(command, clock_monotonic_ms() + redis->timeout_ms, words);
	link_ask_first(redis->link, &command->question, done, redis);
}

static void beat(void *context)
{
	struct redis *redis = context;

	if (redis->beats)
		return;
	redis->beats = true;
	ask_birth(redis, &redis->beat, on_beat);
}

/* ---- the greeting ---- */

/* The first reason counts. */
static __attribute__((format(printf, 2, 3))) void refuse(
	struct redis *redis, const char *format, ...)
{
	va_list arguments;

	if (redis->refusal[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(redis->refusal, sizeof redis->refusal, format, arguments);
	va_end(arguments);
}

/* The value of a line "NAME:VALUE" of INFO. */
static void find_info(const char *info, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);
	const char *at = info;

	value[0] = '\0';
	while (at != NULL && (strncmp(at, name, length) != 0 || at[length] != ':')) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at != NULL)
		snprintf(value, size, "%.*s", (int)strcspn(at + length + 1, "\r\n"),
			at + length + 1);
	text_clean(value); /* it is shown */
}

static void check_info(struct redis *redis, const char *info)
{
	char value[64];
	long major, minor;
	char *end;

	find_info(info, "cluster_enabled", value, sizeof value);
	if (strcmp(value, "1") == 0)
		refuse(redis,
			"the server is part of a cluster, which spreads the keys over servers; the "
			"state needs one server, because its changes must be atomic");
	find_info(info, "role", value, sizeof value);
	if (strcmp(value, "slave") == 0)
		refuse(redis, "the server is a replica; the state needs the primary");
	find_info(info, "maxmemory_policy", redis->eviction, sizeof redis->eviction);
	find_info(info, "redis_version", value, sizeof value);
	snprintf(redis->version, sizeof redis->version, "%.31s", value);
	major = strtol(value, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (value[0] != '\0' && major * 100 + minor < VERSION_MIN)
		refuse(redis, "version %s is too old: 6.2 is needed", value);
}

static void read_greeting(struct redis *redis, size_t which, const redisReply *reply)
{
	if (reply == NULL) {
		refuse(redis, "no answer to the greeting");
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		if (which != GREET_INFO) /* an ACL may forbid it */
			refuse(redis, "%s", reply->str);
		return;
	}
	if (which == GREET_INFO && reply->type == REDIS_REPLY_STRING)
		check_info(redis, reply->str);
	else if (which == GREET_LOAD && reply->type == REDIS_REPLY_STRING)
		snprintf(redis->script, sizeof redis->script, "%s", reply->str);
	else if (which == GREET_BORN && take_birth(redis, reply, redis->beat_began_ms) != 0)
		refuse(redis, "its answer is unexpected");
}

/* What does not keep the state from working today. */
static void find_warning(struct redis *redis)
{
	redis->warning[0] = '\0';
	if (redis->eviction[0] != '\0' && strcmp(redis->eviction, "noeviction") != 0)
		snprintf(redis->warning, sizeof redis->warning,
			"maxmemory-policy is %s: the server may forget claims and revocations; set "
			"noeviction",
			redis->eviction);
	else if (redis->ahead_ms > CLOCK_AHEAD_MS || redis->ahead_ms < -CLOCK_AHEAD_MS)
		snprintf(redis->warning, sizeof redis->warning,
			"the clock of this machine differs from the server's by %lld s; run NTP",
			(long long)redis->ahead_ms / 1000);
	if (redis->link != NULL && redis->warning[0] != '\0' && !redis->is_tool &&
		strcmp(redis->warning, redis->warned) != 0) {
		log_message(LOG_LEVEL_WARNING, "state", "%s", redis->warning);
		snprintf(redis->warned, sizeof redis->warned, "%s", redis->warning);
	}
}

static void on_greeting(struct link_question *question)
{
	struct redis *redis = question->context;
	struct command *command = (struct command *)question; /* its first member */
	redisReply *reply = question->reply;

	read_greeting(redis, (size_t)(command - redis->greeting), reply);
	if (reply != NULL)
		freeReplyObject(reply);
	if (--redis->greetings_left > 0)
		return;
	find_warning(redis);
	if (redis->link != NULL)
		link_greeted(redis->link, redis->refusal[0] != '\0' ? redis->refusal : NULL);
}

static void greet(struct redis *redis, enum greeting which, const char *const *words)
{
	struct command *command = &redis->greeting[which];

	set_words(command, clock_monotonic_ms() + redis->timeout_ms, words);
	link_ask_first(redis->link, &command->question, on_greeting, redis);
}

static void begin_greeting(void *context)
{
	struct redis *redis = context;
	const char *password =
		redis->password != NULL ? redis->password(redis->password_context) : NULL;
	const char *user =
		redis->servers.address.user[0] != '\0' ? redis->servers.address.user : "default";
	char db[16];

	snprintf(db, sizeof db, "%u", redis->servers.address.db);
	redis->refusal[0] = redis->born[0] = redis->script[0] = '\0';
	redis->greetings_left = 3u + (password != NULL) + (redis->servers.address.db > 0);
	if (password != NULL)
		greet(redis, GREET_AUTH, (const char *const[]){"AUTH", user, password, NULL});
	if (redis->servers.address.db > 0)
		greet(redis, GREET_SELECT, (const char *const[]){"SELECT", db, NULL});
	greet(redis, GREET_INFO, (const char *const[]){"INFO", NULL});
	greet(redis, GREET_LOAD, (const char *const[]){"SCRIPT", "LOAD", change_script, NULL});
	ask_birth(redis, &redis->greeting[GREET_BORN], on_greeting);
}

/* ---- entries ---- */

static void key_of(const struct redis *redis, const struct state_name *name, char key[KEY_SIZE])
{
	char hex[2 * STATE_KEY_SIZE + 1];

	text_hex(name->bytes + 1, STATE_KEY_SIZE, hex);
	snprintf(key, KEY_SIZE, "%s%c:%s", redis->prefix, name->bytes[0], hex);
}

/* An entry that a change is about. */
struct entry {
	const struct state_name *name;
	char key[KEY_SIZE];
	bool was_found, is_found; /* in the state, as far as known; after the change */
	int64_t was, is;
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
		key_of(all->redis, name, all->entries[at].key);
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

/* Decides about all changes in order. True: there is something to write. */
static bool decide_all(struct changing *all)
{
	bool writes = false;

	for (size_t i = 0; i < all->entry_count; i++) {
		all->entries[i].is_found = all->entries[i].was_found;
		all->entries[i].is = all->entries[i].was;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct entry *entry = &all->entries[all->places[i]];
		int64_t value = entry->is_found ? entry->is : 0;

		switch (all->changes[i].decide(&value, entry->is_found, all->changes[i].context)) {
		case STATE_EDIT_STORE:
			entry->is = value;
			entry->is_found = true;
			break;
		case STATE_EDIT_ERASE:
			entry->is_found = false;
			break;
		case STATE_EDIT_NONE:
			break;
		}
	}
	for (size_t i = 0; i < all->entry_count; i++) {
		const struct entry *entry = &all->entries[i];

		writes |= entry->is_found != entry->was_found ||
			  (entry->is_found && entry->is != entry->was);
	}
	return writes;
}

static void print_number(char text[NUMBER_SIZE], int64_t number)
{
	snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
}

/* When the server may drop the entry. */
static int64_t end_ms(const struct entry *entry)
{
	if (entry->name->bytes[0] == STATE_KIND_MARK)
		return (state_mark_until(entry->is) + 1) * 1000;
	return entry->is / 1000 + 1;
}

static void print_entry(struct entry *entry)
{
	entry->expected[0] = '\0';
	entry->until[0] = '0';
	entry->until[1] = '\0';
	if (entry->was_found)
		print_number(entry->expected, entry->was);
	if (entry->is_found == entry->was_found && (!entry->is_found || entry->is == entry->was)) {
		snprintf(entry->wanted, sizeof entry->wanted, "=");
	} else if (entry->is_found) {
		print_number(entry->wanted, entry->is);
		print_number(entry->until, end_ms(entry));
	} else {
		entry->wanted[0] = '\0';
	}
}

static void set_change_words(struct changing *all, bool by_text, char count_text[NUMBER_SIZE])
{
	size_t count = 0;

	print_number(count_text, (int64_t)all->entry_count + 1);
	all->words[count++] = by_text ? "EVAL" : "EVALSHA";
	all->words[count++] = by_text ? change_script : all->redis->script;
	all->words[count++] = count_text;
	all->words[count++] = all->redis->born_key;
	for (size_t i = 0; i < all->entry_count; i++)
		all->words[count++] = all->entries[i].key;
	all->words[count++] = all->redis->born;
	for (size_t i = 0; i < all->entry_count; i++) {
		struct entry *entry = &all->entries[i];

		print_entry(entry);
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

static int parse_value(const redisReply *reply, bool *found_r, int64_t *value_r)
{
	char *end;

	*found_r = false;
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return -1;
	errno = 0;
	*value_r = strtoll(reply->str, &end, 10);
	if (errno != 0 || *end != '\0')
		return -1;
	*found_r = true;
	return 0;
}

/* Takes the values that the script found. 0 or -1. */
static int take_values(struct changing *all, const redisReply *reply)
{
	if (reply->elements > all->entry_count)
		return -1;
	for (size_t i = 0; i < all->entry_count; i++) {
		struct entry *entry = &all->entries[i];

		entry->was_found = false;
		/* a Lua table ends before its first nil at the end */
		if (i < reply->elements &&
			parse_value(reply->element[i], &entry->was_found, &entry->was) != 0)
			return -1;
	}
	return 0;
}

/* The state was made anew: no question is asked before its birth is known. */
static void forget_birth(struct redis *redis)
{
	redis->born[0] = '\0';
	beat(redis);
}

/* What an error of the server means for the question: it has not been done. */
static void take_error(struct redis *redis, const char *text)
{
	snprintf(redis->error, sizeof redis->error, "%s", text);
	if (strncmp(text, "READONLY", 8) == 0 || strncmp(text, "NOAUTH", 6) == 0 ||
		strncmp(text, "LOADING", 7) == 0)
		link_drop(redis->link, text);
}

enum { APPLIED = 0, AGAIN, BY_TEXT, ENDED };

/* What to do after an answer. */
static int take_answer(struct changing *all, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 1)
		return APPLIED;
	if (reply->type == REDIS_REPLY_ARRAY && take_values(all, reply) == 0)
		return AGAIN;
	if (reply->type == REDIS_REPLY_INTEGER)
		forget_birth(all->redis);
	if (is_error(reply, "NOSCRIPT"))
		return BY_TEXT;
	if (reply->type == REDIS_REPLY_ERROR)
		take_error(all->redis, reply->str);
	return ENDED;
}

/* Waits for the connection: what a question says depends on the greeting. */
static bool is_usable(struct redis *redis, int64_t deadline_ms)
{
	struct command command;

	if (redis->link == NULL)
		return false;
	if (!link_is_ready(redis->link)) {
		set_words(&command, deadline_ms, (const char *const[]){"PING", NULL});
		link_ask(redis->link, &command.question);
		if (command.question.reply != NULL)
			freeReplyObject(command.question.reply);
	}
	return link_is_ready(redis->link) && redis->born[0] != '\0';
}

static int apply(struct changing *all)
{
	struct redis *redis = all->redis;
	int64_t deadline_ms = all->deadline_ms;
	bool by_text = false;
	redisReply *reply;
	int what = AGAIN;

	decide_all(all);
	for (int round = 0; round < ROUNDS_MAX && is_usable(redis, deadline_ms); round++) {
		enum link_result result = ask_change(all, by_text, deadline_ms, &reply);

		if (result == LINK_LOST)
			return STATE_CHANGE_UNKNOWN;
		if (result == LINK_FAILED)
			return -1;
		what = take_answer(all, reply);
		freeReplyObject(reply);
		by_text = by_text || what == BY_TEXT;
		if (what == APPLIED || (what == AGAIN && !decide_all(all)))
			return 0;
		if (what == ENDED || clock_monotonic_ms() >= deadline_ms)
			return -1;
	}
	return -1;
}

static int redis_change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	struct changing *all;
	int rc;

	(void)now_us;
	if (count == 0 || count > CHANGES_MAX)
		return count == 0 ? 0 : -1;
	all = make_changing(count);
	if (all == NULL)
		return -1;
	all->redis = (struct redis *)state;
	all->changes = changes;
	all->count = count;
	all->deadline_ms = clock_monotonic_ms() + all->redis->timeout_ms;
	collect_entries(all);
	begin_change(all);
	rc = apply(all);
	end_change(all, rc == 0);
	free(all);
	return rc;
}

/* ---- reading ---- */

/* The values of the entries and of born have to be of one moment. 0 or -1. */
static int read_values(
	struct redis *redis, const redisReply *reply, size_t count, struct state_value *values_r)
{
	const redisReply *born;

	if (reply->type == REDIS_REPLY_ERROR) {
		take_error(redis, reply->str);
		return -1;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 + count)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (parse_value(reply->element[1 + i], &values_r[i].is_found, &values_r[i].value) !=
			0)
			return -1;
	born = reply->element[0];
	if (born->type == REDIS_REPLY_STRING && strcmp(born->str, redis->born) == 0)
		return 0;
	forget_birth(redis);
	return -1;
}

static int redis_read(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values_r)
{
	struct redis *redis = (struct redis *)state;
	int64_t deadline_ms = clock_monotonic_ms() + redis->timeout_ms;
	char keys[STATE_READS_MAX][KEY_SIZE];
	const char *words[2 + STATE_READS_MAX] = {"MGET", redis->born_key};
	size_t sizes[2 + STATE_READS_MAX] = {4, strlen(redis->born_key)};
	struct link_question question;
	int rc = -1;

	if (count > STATE_READS_MAX || !is_usable(redis, deadline_ms))
		return -1;
	for (size_t i = 0; i < count; i++) {
		key_of(redis, &names[i], keys[i]);
		words[2 + i] = keys[i];
		sizes[2 + i] = strlen(keys[i]);
	}
	question = (struct link_question){.words = words,
		.sizes = sizes,
		.count = (int)(2 + count),
		.deadline_ms = deadline_ms};
	link_ask(redis->link, &question);
	if (question.reply != NULL) {
		rc = read_values(redis, question.reply, count, values_r);
		freeReplyObject(question.reply);
	}
	return rc;
}

/* ---- all entries ---- */

enum { SCAN_WORDS = 4096 };

/* Parses PREFIX KIND ":" HEX. False: it is another program's, or "born". */
static bool parse_key(const struct redis *redis, const redisReply *key, struct state_name *name)
{
	size_t length = strlen(redis->prefix);
	const char *text = key->str;
	char back[KEY_SIZE];

	if (key->type != REDIS_REPLY_STRING || key->len != length + 2 + 2 * STATE_KEY_SIZE)
		return false;
	name->bytes[0] = (uint8_t)text[length];
	for (size_t i = 0; i < STATE_KEY_SIZE; i++) {
		const char pair[] = {text[length + 2 + 2 * i], text[length + 3 + 2 * i], '\0'};

		name->bytes[1 + i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	key_of(redis, name, back); /* tells whether it was one */
	return strcmp(back, text) == 0;
}

/* Asks for the values of the keys that a step of the scan found. */
static int see_some(struct redis *redis, const redisReply *keys,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context)
{
	const char *words[1 + SCAN_WORDS] = {"MGET"};
	size_t sizes[1 + SCAN_WORDS] = {4};
	struct state_name names[SCAN_WORDS];
	struct link_question question;
	int64_t value;
	size_t count = 0;
	bool found;
	int rc = -1;

	if (keys->elements > SCAN_WORDS)
		return -1;
	for (size_t i = 0; i < keys->elements; i++) {
		if (!parse_key(redis, keys->element[i], &names[count]))
			continue;
		words[1 + count] = keys->element[i]->str;
		sizes[1 + count] = keys->element[i]->len;
		count++;
	}
	if (count == 0)
		return 0;
	question = (struct link_question){.words = words,
		.sizes = sizes,
		.count = (int)(1 + count),
		.deadline_ms = clock_monotonic_ms() + redis->timeout_ms};
	link_ask(redis->link, &question);
	if (question.reply == NULL)
		return -1;
	if (question.reply->type == REDIS_REPLY_ARRAY && question.reply->elements == count)
		rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = parse_value(question.reply->element[i], &found, &value);
		if (rc == 0 && found)
			see(&names[i], value, context);
	}
	freeReplyObject(question.reply);
	return rc;
}

static int redis_each(struct state *state,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context)
{
	struct redis *redis = (struct redis *)state;
	char cursor[NUMBER_SIZE] = "0", pattern[KEY_SIZE];
	struct command command;
	int rc;

	snprintf(pattern, sizeof pattern, "%s*", redis->prefix);
	do {
		const redisReply *reply;

		set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
			(const char *const[]){
				"SCAN", cursor, "MATCH", pattern, "COUNT", "500", NULL});
		link_ask(redis->link, &command.question);
		reply = command.question.reply;
		if (reply == NULL)
			return -1;
		rc = -1;
		if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
			reply->element[0]->type == REDIS_REPLY_STRING &&
			reply->element[0]->len < sizeof cursor &&
			reply->element[1]->type == REDIS_REPLY_ARRAY) {
			snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
			rc = see_some(redis, reply->element[1], see, context);
		}
		freeReplyObject(command.question.reply);
	} while (rc == 0 && strcmp(cursor, "0") != 0);
	return rc;
}

/* Other processes learn of it with their next question. */
static int redis_set_born(struct state *state, int64_t born)
{
	struct redis *redis = (struct redis *)state;
	struct command command;
	char text[NUMBER_SIZE];
	int rc;

	print_number(text, born);
	set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
		(const char *const[]){"SET", redis->born_key, text, NULL});
	link_ask(redis->link, &command.question);
	if (command.question.reply == NULL)
		return -1;
	rc = command.question.reply->type == REDIS_REPLY_STATUS ? 0 : -1;
	freeReplyObject(command.question.reply);
	forget_birth(redis);
	return rc;
}

/* ---- the state itself ---- */

/* The server's memory: entries of other programs count as well. */
static int redis_usage(struct state *state, struct state_usage *usage)
{
	struct redis *redis = (struct redis *)state;
	struct command command;
	char value[32];

	set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
		(const char *const[]){"INFO", "memory", NULL});
	link_ask(redis->link, &command.question);
	if (command.question.reply == NULL)
		return -1;
	usage->entries = 0; /* it does not count ours alone */
	if (command.question.reply->type == REDIS_REPLY_STRING) {
		find_info(command.question.reply->str, "used_memory", value, sizeof value);
		usage->bytes = strtoull(value, NULL, 10);
		find_info(command.question.reply->str, "maxmemory", value, sizeof value);
		usage->bytes_limit = strtoull(value, NULL, 10);
	}
	freeReplyObject(command.question.reply);
	return 0;
}

static bool redis_reachable(struct state *state)
{
	const struct redis *redis = (const struct redis *)state;

	return link_is_ready(redis->link) && redis->born[0] != '\0';
}

static const char *redis_fault(struct state *state)
{
	const char *fault = link_fault(((struct redis *)state)->link);

	if (fault[0] == '\0')
		fault = ((struct redis *)state)->error;
	return fault[0] != '\0' ? fault : "does not answer";
}

static const char *redis_about(struct state *state)
{
	struct redis *redis = (struct redis *)state;
	const struct redis_address *address = &redis->servers.address;

	snprintf(redis->about, sizeof redis->about, "version %s, user %s, %s, %s",
		redis->version[0] != '\0' ? redis->version : "unknown",
		address->user[0] != '\0' ? address->user : "default",
		redis->eviction[0] != '\0' ? redis->eviction : "eviction unknown",
		address->is_tls		   ? "TLS"
		: address->path[0] != '\0' ? "a socket"
					   : "no TLS");
	return redis->about;
}

static const char *redis_warning(struct state *state)
{
	const struct redis *redis = (const struct redis *)state;

	return redis->warning[0] != '\0' ? redis->warning : NULL;
}

static void redis_close(struct state *state)
{
	struct redis *redis = (struct redis *)state;

	link_free(&redis->link);
	free(redis);
}

static const struct state_driver driver = {
	.change = redis_change,
	.read = redis_read,
	.each = redis_each,
	.set_born = redis_set_born,
	.usage = redis_usage,
	.reachable = redis_reachable,
	.fault = redis_fault,
	.about = redis_about,
	.warning = redis_warning,
	.close = redis_close,
};

/* For a tool: it wants to know at once. */
static int wait_for_link(struct redis *redis, const char *address, struct error *error)
{
	if (link_wait(redis->link))
		return 0;
	return error_set(error, "state %s: %s", address, link_fault(redis->link));
}

static int set_servers(
	struct link_servers *servers, const struct state_options *options, struct error *error)
{
	servers->ca_file = options->ca_file != NULL ? options->ca_file : "";
	servers->sentinel_name = options->sentinel_name;
	if (redis_address_parse(options->address, &servers->address, error) != 0)
		return -1;
	for (; servers->sentinel_count < options->sentinel_count; servers->sentinel_count++)
		if (redis_sentinel_parse(options->sentinels[servers->sentinel_count],
			    &servers->sentinels[servers->sentinel_count], error) != 0)
			return -1;
	return 0;
}

struct state *state_redis_open(const struct state_options *options, struct error *error)
{
	struct redis *redis = calloc(1, sizeof *redis);
	const struct link_greeting greeting = {begin_greeting, beat, redis};

	if (redis == NULL) {
		error_set(error, "state %s: out of memory", options->address);
		return NULL;
	}
	redis->state.driver = &driver;
	redis->state.is_shared = true;
	redis->state.born = STATE_BORN_UNKNOWN;
	redis->state.clock = (struct state_clock){clock_wall_ms(), clock_boot_ms(), CLOCK_STEP_MS};
	redis->is_tool = options->loop == NULL;
	redis->timeout_ms = options->timeout_ms;
	redis->password = options->password;
	redis->password_context = options->context;
	snprintf(redis->prefix, sizeof redis->prefix, "%s", options->prefix);
	snprintf(redis->born_key, sizeof redis->born_key, "%sborn", redis->prefix);
	if (set_servers(&redis->servers, options, error) == 0)
		redis->link = link_new(
			options->loop, &redis->servers, redis->timeout_ms, &greeting, error);
	if (redis->link == NULL) {
		error_prefix(error, "state %s: ", options->address);
		free(redis);
		return NULL;
	}
	if (options->loop != NULL)
		fibers_begin();
	if (options->loop == NULL && wait_for_link(redis, options->address, error) != 0) {
		redis_close(&redis->state);
		return NULL;
	}
	return &redis->state;
}
