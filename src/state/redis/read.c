/* SPDX-License-Identifier: MIT */
#include "state/redis/redis.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* The values of the entries and of born have to be of one moment. 0 or -1. */
static int read_values(
	struct redis *redis, const redisReply *reply, size_t count, struct state_value *values_r)
{
	const redisReply *born;

	if (reply->type == REDIS_REPLY_ERROR) {
		redis_take_error(redis, reply->str);
		return -1;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 + count)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (redis_parse_value(
			    reply->element[1 + i], &values_r[i].is_found, &values_r[i].value) != 0)
			return -1;
	born = reply->element[0];
	if (born->type == REDIS_REPLY_STRING && strcmp(born->str, redis->born) == 0)
		return 0;
	redis_forget_birth(redis);
	return -1;
}

int redis_read(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values_r)
{
	struct redis *redis = (struct redis *)state;
	int64_t deadline_ms = clock_monotonic_ms() + redis->timeout_ms;
	char keys[STATE_READS_MAX][KEY_SIZE];
	const char *words[2 + STATE_READS_MAX] = {"MGET", redis->born_key};
	size_t sizes[2 + STATE_READS_MAX] = {4, strlen(redis->born_key)};
	struct link_question question;
	int rc = -1;

	if (count > STATE_READS_MAX || !redis_is_usable(redis, deadline_ms))
		return -1;
	for (size_t i = 0; i < count; i++) {
		redis_key_of(redis, &names[i], keys[i]);
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
	redis_key_of(redis, name, back); /* tells whether it was one */
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
		rc = redis_parse_value(question.reply->element[i], &found, &value);
		if (rc == 0 && found)
			see(&names[i], value, context);
	}
	freeReplyObject(question.reply);
	return rc;
}

int redis_each(struct state *state,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context)
{
	struct redis *redis = (struct redis *)state;
	char cursor[NUMBER_SIZE] = "0", pattern[KEY_SIZE];
	struct command command;
	int rc;

	snprintf(pattern, sizeof pattern, "%s*", redis->prefix);
	do {
		const redisReply *reply;

		redis_set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
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
int redis_set_born(struct state *state, int64_t born)
{
	struct redis *redis = (struct redis *)state;
	struct command command;
	char text[NUMBER_SIZE];
	int rc;

	redis_print_number(text, born);
	redis_set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
		(const char *const[]){"SET", redis->born_key, text, NULL});
	link_ask(redis->link, &command.question);
	if (command.question.reply == NULL)
		return -1;
	rc = command.question.reply->type == REDIS_REPLY_STATUS ? 0 : -1;
	freeReplyObject(command.question.reply);
	redis_forget_birth(redis);
	return rc;
}
