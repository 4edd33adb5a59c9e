/* SPDX-License-Identifier: MIT */
#include "state/redis/redis.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* KEYS: born, entries. ARGV: the expected born; for each entry the expected value ("": none), the
 * new one ("": erase, "=": keep) and its end in milliseconds. Returns 1 when all is set, 0 for
 * another born, else the values that were found. */
const char redis_change_script[] =
	"if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end "
	"local found=redis.call('MGET',unpack(KEYS,2)) "
	"for i=1,#KEYS-1 do if (found[i] or '')~=ARGV[3*i-1] then return found end end "
	"for i=1,#KEYS-1 do local new=ARGV[3*i] "
	"if new=='' then redis.call('DEL',KEYS[i+1]) "
	"elseif new~='=' then redis.call('SET',KEYS[i+1],new,'PXAT',ARGV[3*i+1]) end end "
	"return 1";

void redis_set_words(struct command *command, int64_t deadline_ms, const char *const *words)
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

void redis_key_of(const struct redis *redis, const struct state_name *name, char key[KEY_SIZE])
{
	char hex[2 * STATE_KEY_SIZE + 1];

	text_hex(name->bytes + 1, STATE_KEY_SIZE, hex);
	snprintf(key, KEY_SIZE, "%s%c:%s", redis->prefix, name->bytes[0], hex);
}

void redis_print_number(char text[NUMBER_SIZE], int64_t number)
{
	snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
}

int redis_parse_value(const redisReply *reply, bool *found_r, int64_t *value_r)
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

void redis_take_error(struct redis *redis, const char *text)
{
	snprintf(redis->error, sizeof redis->error, "%s", text);
	if (strncmp(text, "READONLY", 8) == 0 || strncmp(text, "NOAUTH", 6) == 0 ||
		strncmp(text, "LOADING", 7) == 0 || strncmp(text, "MASTERDOWN", 10) == 0)
		link_drop(redis->link, text);
}

bool redis_is_usable(struct redis *redis, int64_t deadline_ms)
{
	struct command command;

	if (redis->link == NULL)
		return false;
	if (!link_is_ready(redis->link)) {
		redis_set_words(&command, deadline_ms, (const char *const[]){"PING", NULL});
		link_ask(redis->link, &command.question);
		if (command.question.reply != NULL)
			freeReplyObject(command.question.reply);
	}
	return link_is_ready(redis->link) && redis->born[0] != '\0';
}

void redis_find_info(const char *info, const char *name, char *value, size_t size)
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
