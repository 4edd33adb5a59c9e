/* SPDX-License-Identifier: MIT */
#include "state/redis/redis.h"

#include "base/clock.h"
#include "base/fiber.h"

#include <stdlib.h>
#include <string.h>

/* ---- the state itself ---- */

/* The server's memory: entries of other programs count as well. */
static int redis_usage(struct state *state, struct state_usage *usage)
{
	struct redis *redis = (struct redis *)state;
	struct command command;
	char value[32];

	redis_set_words(&command, clock_monotonic_ms() + redis->timeout_ms,
		(const char *const[]){"INFO", "memory", NULL});
	link_ask(redis->link, &command.question);
	if (command.question.reply == NULL)
		return -1;
	usage->entries = 0; /* it does not count ours alone */
	if (command.question.reply->type == REDIS_REPLY_STRING) {
		redis_find_info(command.question.reply->str, "used_memory", value, sizeof value);
		usage->bytes = strtoull(value, NULL, 10);
		redis_find_info(command.question.reply->str, "maxmemory", value, sizeof value);
		usage->bytes_limit = strtoull(value, NULL, 10);
	}
	freeReplyObject(command.question.reply);
	return 0;
}

static bool redis_reachable(struct state *state)
{
	const struct redis *redis = (const struct redis *)state;
	int64_t last_ms = redis->refused_ms > redis->short_ms ? redis->refused_ms : redis->short_ms;

	if (last_ms != 0 && clock_monotonic_ms() - last_ms < REFUSED_MS)
		return false; /* it answers, but it is full or lacks its replicas */
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

	snprintf(redis->about, sizeof redis->about, "%s, user %s, %s, %s",
		redis->version[0] != '\0' ? redis->version : "version unknown",
		address->user[0] != '\0' ? address->user : "default",
		redis->eviction[0] != '\0' ? redis->eviction : "eviction unknown",
		address->is_tls		   ? "TLS"
		: address->path[0] != '\0' ? "a socket"
					   : "no TLS");
	return redis->about;
}

static void redis_warn(
	struct state *state, void (*tell)(const char *finding, void *context), void *context)
{
	const struct redis *redis = (const struct redis *)state;

	for (size_t i = 0; i < WARNINGS; i++)
		if (redis->warnings[i][0] != '\0')
			tell(redis->warnings[i], context);
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
	.warn = redis_warn,
	.close = redis_close,
};

/* For a tool: it wants to know at once. */
static int wait_for_link(struct redis *redis, const char *address, struct error *error)
{
	if (link_wait(redis->link))
		return 0;
	return error_set(error, "state %s: %s", address, link_fault(redis->link));
}

static const char *text_of(const char *text)
{
	return text != NULL ? text : "";
}

static const char *sentinel_password(void *context)
{
	const struct redis *redis = context;

	return redis->password != NULL
		       ? redis->password(STATE_PEER_SENTINELS, redis->password_context)
		       : NULL;
}

static int set_servers(
	struct link_servers *servers, const struct state_options *options, struct error *error)
{
	servers->tls = (struct tls_files){text_of(options->ca_file), text_of(options->certificate),
		text_of(options->certificate_key)};
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
	const struct link_greeting greeting = {redis_begin_greeting, redis_beat, redis};

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
	redis->replicas = options->replicas;
	redis->password = options->password;
	redis->password_context = options->context;
	snprintf(redis->prefix, sizeof redis->prefix, "%s", options->prefix);
	snprintf(redis->born_key, sizeof redis->born_key, "%sborn", redis->prefix);
	redis->servers.sentinel_password = sentinel_password;
	redis->servers.password_context = redis;
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
