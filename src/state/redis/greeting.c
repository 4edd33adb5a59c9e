/* SPDX-License-Identifier: MIT */
#include "state/redis/redis.h"

#include "base/clock.h"
#include "telemetry/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAJOR_MIN = 6, /* SET … PXAT is in 6.2 */
	MINOR_MIN = 2,
	CLOCK_AHEAD_MS = 5000, /* a larger difference to the server's clock is worth a warning */
};

/* Of times that a server says: microseconds of them fit into 64 bits. */
#define SECONDS_MAX ((int64_t)1 << 40)

static const char born_script[] =
	"local now=redis.call('TIME') local born=redis.call('GET',KEYS[1]) "
	"if not born then born=now[1]..'.'..now[2] redis.call('SET',KEYS[1],born) end "
	"return {born,now[1],now[2]}";

/* ---- warnings ---- */

/* What does not keep the state from working today. It is logged when it appears. */
static __attribute__((format(printf, 4, 5))) void warn_if(
	struct redis *redis, bool is_wrong, enum warning which, const char *format, ...)
{
	va_list arguments;

	redis->warnings[which][0] = '\0';
	if (is_wrong) {
		va_start(arguments, format);
		vsnprintf(redis->warnings[which], REASON_SIZE, format, arguments);
		va_end(arguments);
	}
	if (is_wrong && !redis->warned[which] && !redis->is_tool)
		log_message(LOG_LEVEL_WARNING, "state", "%s", redis->warnings[which]);
	redis->warned[which] = is_wrong;
}

static void warn_of_clock(struct redis *redis)
{
	warn_if(redis, redis->ahead_ms > CLOCK_AHEAD_MS || redis->ahead_ms < -CLOCK_AHEAD_MS,
		WARN_CLOCK,
		"the clock of this machine differs from the server's by %lld s; run NTP",
		(long long)redis->ahead_ms / 1000);
}

void redis_warn_of_replication(struct redis *redis, int64_t have, const char *error)
{
	warn_if(redis, have < redis->replicas, WARN_REPLICATION,
		"%lld of %lld replicas (state-replicas) had a change in time, which counts as "
		"lost%s%s",
		(long long)have, (long long)redis->replicas, error[0] != '\0' ? ": " : "", error);
}

/* ---- birth and clock ---- */

/* Compares the clocks. The server read its own at some moment between the question and the answer,
 * `took_ms` apart, so the difference lies between two bounds. It stays what it was if it can: a
 * slow answer does not mean that a clock has moved. */
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
		micros < 0 || micros >= 1000000 || strlen(texts[0]) >= BORN_SIZE)
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
	if (reply != NULL && redis->link != NULL) {
		if (take_birth(redis, reply, redis->beat_began_ms) == 0)
			warn_of_clock(redis);
		else
			link_drop(redis->link, reply->type == REDIS_REPLY_ERROR
						       ? reply->str
						       : "its answer is unexpected");
	}
	if (reply != NULL)
		freeReplyObject(reply);
}

static void ask_birth(
	struct redis *redis, struct command *command, void (*done)(struct link_question *question))
{
	const char *const words[] = {"EVAL", born_script, "1", redis->born_key, NULL};

	redis->beat_began_ms = clock_boot_ms();
	redis_set_words(command, clock_monotonic_ms() + redis->timeout_ms, words);
	link_ask_first(redis->link, &command->question, done, redis);
}

void redis_beat(void *context)
{
	struct redis *redis = context;

	if (redis->beats)
		return;
	redis->beats = true;
	ask_birth(redis, &redis->beat, on_beat);
}

void redis_forget_birth(struct redis *redis)
{
	redis->born[0] = '\0';
	redis_beat(redis);
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

static void check_info(struct redis *redis, const char *info)
{
	char value[64];
	long major, minor;
	char *end;

	redis_find_info(info, "cluster_enabled", value, sizeof value);
	if (strcmp(value, "1") == 0)
		refuse(redis,
			"the server is part of a cluster, which spreads the keys over servers; the "
			"state needs one server, because its changes must be atomic");
	redis_find_info(info, "role", value, sizeof value);
	if (strcmp(value, "slave") == 0)
		refuse(redis, "the server is a replica; the state needs the primary");
	redis_find_info(info, "redis_version", value, sizeof value);
	snprintf(redis->version, sizeof redis->version, "Redis %.25s",
		value[0] != '\0' ? value : "of an unknown version");
	major = strtol(value, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (value[0] != '\0' && (major < MAJOR_MIN || (major == MAJOR_MIN && minor < MINOR_MIN)))
		refuse(redis, "version %s is too old: 6.2 is needed", value);
	redis_find_info(info, "valkey_version", value, sizeof value);
	if (value[0] != '\0')
		snprintf(redis->version, sizeof redis->version, "Valkey %.24s", value);
}

static void warn_of_info(struct redis *redis, const char *info)
{
	char value[64], good[64];

	redis_find_info(info, "maxmemory_policy", redis->eviction, sizeof redis->eviction);
	warn_if(redis, redis->eviction[0] != '\0' && strcmp(redis->eviction, "noeviction") != 0,
		WARN_EVICTION,
		"maxmemory-policy is %s: the server may forget claims and revocations; set "
		"noeviction",
		redis->eviction);
	redis_find_info(info, "aof_enabled", value, sizeof value);
	warn_if(redis, strcmp(value, "0") == 0, WARN_FILE,
		"appendonly is off: a restart of the server loses the last claims and revocations; "
		"set appendonly yes");
	redis_find_info(info, "connected_slaves", value, sizeof value);
	redis_find_info(info, "min_slaves_good_slaves", good, sizeof good);
	warn_if(redis, strtol(value, NULL, 10) > 0 && good[0] == '\0', WARN_REPLICAS,
		"min-replicas-to-write is 0: a primary that is cut off from its replicas takes "
		"claims and revocations that a failover loses; set it to 1");
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
	if (which == GREET_INFO && reply->type == REDIS_REPLY_STRING) {
		check_info(redis, reply->str);
		warn_of_info(redis, reply->str);
	} else if (which == GREET_LOAD && reply->type == REDIS_REPLY_STRING)
		snprintf(redis->script, sizeof redis->script, "%s", reply->str);
	else if (which == GREET_BORN && take_birth(redis, reply, redis->beat_began_ms) != 0)
		refuse(redis, "its answer is unexpected");
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
	if (redis->link == NULL)
		return;
	warn_of_clock(redis);
	link_greeted(redis->link, redis->refusal[0] != '\0' ? redis->refusal : NULL);
}

static void greet(struct redis *redis, enum greeting which, const char *const *words)
{
	struct command *command = &redis->greeting[which];

	redis_set_words(command, clock_monotonic_ms() + redis->timeout_ms, words);
	link_ask_first(redis->link, &command->question, on_greeting, redis);
}

void redis_begin_greeting(void *context)
{
	struct redis *redis = context;
	const char *password = redis->password != NULL
				       ? redis->password(STATE_PEER_SERVER, redis->password_context)
				       : NULL;
	const char *user =
		redis->servers.address.user[0] != '\0' ? redis->servers.address.user : "default";
	char db[16];

	snprintf(db, sizeof db, "%u", redis->servers.address.db);
	redis->refusal[0] = redis->born[0] = redis->script[0] = '\0';
	redis->refused_ms = redis->short_ms = 0; /* it may be another server */
	redis->connection++;
	redis->greetings_left = 3u + (password != NULL) + (redis->servers.address.db > 0);
	if (password != NULL)
		greet(redis, GREET_AUTH, (const char *const[]){"AUTH", user, password, NULL});
	if (redis->servers.address.db > 0)
		greet(redis, GREET_SELECT, (const char *const[]){"SELECT", db, NULL});
	greet(redis, GREET_INFO, (const char *const[]){"INFO", NULL});
	greet(redis, GREET_LOAD,
		(const char *const[]){"SCRIPT", "LOAD", redis_change_script, NULL});
	ask_birth(redis, &redis->greeting[GREET_BORN], on_greeting);
}
