/* SPDX-License-Identifier: MIT
 *
 * Addresses of a Redis server and its Sentinels, and what such a server answers. A connection of
 * our own hands the driver one reply of the input after another, whatever it asked.
 */
#include "fuzz.h"

#ifdef HAVE_HIREDIS

#include "state/redis/address.h"
#include "state/redis/link.h"
#include "state/redis/wire.h"
#include "state/state.h"

#include <sodium.h>

/* ---- a connection without a server ---- */

enum { ASKED_MAX = 64 };

struct link {
	struct link_greeting greeting;
	redisReader *reader;
	struct link_question *asked[ASKED_MAX];
	size_t count;
	bool is_ready, was_one; /* the last reply was the integer 1 */
};

static struct link wire;

static redisReply *next_reply(void)
{
	void *reply = NULL;

	wire.was_one = false;
	if (redisReaderGetReply(wire.reader, &reply) != REDIS_OK || reply == NULL)
		return NULL;
	wire.was_one = ((redisReply *)reply)->type == REDIS_REPLY_INTEGER &&
		       ((redisReply *)reply)->integer == 1;
	return reply;
}

static void answer_first(void)
{
	while (wire.count > 0) {
		struct link_question *question = wire.asked[0];

		memmove(wire.asked, wire.asked + 1, --wire.count * sizeof *wire.asked);
		question->reply = next_reply();
		question->result = question->reply != NULL ? LINK_ANSWERED : LINK_LOST;
		question->done(question);
	}
}

struct link *link_new(uv_loop_t *loop, const struct link_servers *servers, int64_t timeout_ms,
	const struct link_greeting *greeting, struct error *error)
{
	(void)loop, (void)servers, (void)timeout_ms, (void)error;
	wire.greeting = *greeting;
	wire.is_ready = false;
	wire.count = 0;
	return &wire;
}

void link_free(struct link **link)
{
	*link = NULL;
}

bool link_wait(struct link *link)
{
	link->greeting.begin(link->greeting.context);
	answer_first();
	return link->is_ready;
}

void link_greeted(struct link *link, const char *why)
{
	link->is_ready = why == NULL;
}

void link_ask(struct link *link, struct link_question *question)
{
	answer_first();
	question->reply = link->is_ready ? next_reply() : NULL;
	question->result = question->reply != NULL ? LINK_ANSWERED
			   : link->is_ready	   ? LINK_LOST
						   : LINK_FAILED;
}

void link_ask_first(struct link *link, struct link_question *question,
	void (*done)(struct link_question *question), void *context)
{
	PROMISE(link->count < ASKED_MAX);
	question->done = done;
	question->context = context;
	link->asked[link->count++] = question;
}

void link_drop(struct link *link, const char *why)
{
	PROMISE(why != NULL);
	link->is_ready = false;
}

bool link_is_ready(const struct link *link)
{
	return link->is_ready;
}

const char *link_fault(const struct link *link)
{
	return link->is_ready ? "" : "the connection has ended";
}

/* ---- addresses ---- */

static void check_address(const char *text)
{
	struct redis_address address;
	struct error error = {""};

	if (redis_address_parse(text, &address, &error) == 0)
		PROMISE((address.host[0] == '\0') != (address.path[0] == '\0') &&
			address.port > 0 && address.port <= UINT16_MAX &&
			address.db <= REDIS_DB_MAX && strchr(address.user, ':') == NULL);
	else
		PROMISE(error.text[0] != '\0');
	if (redis_sentinel_parse(text, &address, &error) == 0)
		PROMISE(address.host[0] != '\0' && address.path[0] == '\0');
}

/* ---- answers ---- */

static void make_revoked(uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE], const void *context)
{
	(void)context;
	memset(keys, 'r', STATE_REVOKED * STATE_KEY_SIZE);
}

/* Nothing is won, taken or leased that the server has not confirmed last. */
static void ask_all(struct state *state, int64_t now)
{
	static const uint8_t key[STATE_KEY_SIZE] = "0123456789abcde",
			     other[STATE_KEY_SIZE] = "fedcba987654321";
	const struct state_resource thing = {.key = "a thing", .holding = "and its holder"};
	const struct state_rate rate = {5, 60000};
	size_t index = 0;
	bool is_held;

	if (state_claim(state, key, 600, now) == STATE_CLAIM_WON)
		PROMISE(wire.was_one);
	if (state_take(state, other, rate, now * 1000) == 0)
		PROMISE(wire.was_one);
	state_end(state, key, now, now + 600);
	state_ended(state, key);
	if (state_lease(state, &thing, 1, now, now + 600, &index) == STATE_LEASE_HELD)
		PROMISE(wire.was_one && index == 0);
	state_leased_until(state, &thing, now, &is_held);
	state_is_claimed(state, key, now);
	state_unclaim(state, key);
	state_give(state, other, rate, now * 1000);
	state_wait(state, other, rate, now * 1000);
	state_mark(state, key, now, now + 600);
	state_marked(state, key);
	state_revoke(state, other, now, now + 600);
	state_is_over(state, &(struct state_session){.id = key,
				     .provider = other,
				     .began = state_born(state),
				     .make_revoked = make_revoked});
	state_know(state, key, now, now + 600);
	state_known(state, key);
	state_lease_end(state, thing.key, now, now + 60);
}

static void hear(const char *finding, void *context)
{
	(void)context;
	PROMISE(finding != NULL);
}

static void copy_all(struct state *state)
{
	struct state_usage usage;
	struct error error;
	struct state *to =
		state_open(&(struct state_options){.address = "memory:", .prefix = ""}, &error);

	PROMISE(to != NULL);
	state_usage(state, &usage);
	PROMISE(state_about(state) != NULL && state_fault(state) != NULL);
	state_warn(state, hear, NULL);
	state_move(state, to);
	state_close(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct state_options options = {
		.address = "redis://127.0.0.1/1", .timeout_ms = 1000, .prefix = "m:"};
	char *address = take_until('\n', &bytes, &length);
	struct error error = {""};
	struct state *state;

	check_address(address);
	free(address);
	wire.reader = wire_reader();
	PROMISE(wire.reader != NULL &&
		redisReaderFeed(wire.reader, (const char *)bytes, length) == REDIS_OK);
	state = state_open(&options, &error);
	if (state != NULL) {
		ask_all(state, 1780315200);
		copy_all(state);
		state_close(&state);
	}
	redisReaderFree(wire.reader);
	return 0;
}

#else
LEFT_OUT
#endif
