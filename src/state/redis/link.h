/* SPDX-License-Identifier: MIT
 *
 * Private to the Redis driver: the connection to the server, on libuv, with hiredis' parser.
 *
 * A question waits on its fiber for the answer. All questions of a turn of the loop are sent
 * together, in order, and the server answers them in order. Each has one deadline. A question is
 * never sent twice: if the connection ends after it was sent, its answer is lost.
 *
 * The link connects by itself and again after each failure. Between a failed attempt and the next
 * good one (the breaker is open) questions fail at once; each attempt is the probe.
 */
#pragma once

#include "base/error.h"
#include "state/redis/address.h"
#include "state/redis/tls.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { LINK_SENTINELS_MAX = 16 };

enum link_result {
	LINK_FAILED = 0, /* not sent */
	LINK_LOST,	 /* sent, but no answer came: the server may have done it or not */
	LINK_ANSWERED,	 /* the reply may be an error */
};

/* One command. `words` and `sizes` are read before the first wait. */
struct link_question {
	const char **words;
	const size_t *sizes;
	int count;
	int64_t deadline_ms; /* monotonic */
	enum link_result result;
	redisReply *reply; /* NULL unless answered; free it with freeReplyObject() */
	/* private */
	void (*done)(struct link_question *question);
	void *context;
	char *bytes; /* formatted; NULL once they are in the stream's hands */
	size_t length;
	bool ended;
	struct link_question *next;
};

struct link;

/* What the driver does with a new connection, and then every second. */
struct link_greeting {
	/* Asks with link_ask_first() what has to be known before other questions; calls
	 * link_greeted() after the last answer. */
	void (*begin)(void *context);
	/* Called every second on a connection that is ready. */
	void (*beat)(void *context);
	void *context;
};

/* With Sentinels, each attempt asks one of them for the address of the primary; the host of
 * `address` is then the name in its certificate only. */
struct link_servers {
	struct redis_address address;
	struct tls_files tls;
	struct redis_address sentinels[LINK_SENTINELS_MAX];
	size_t sentinel_count;
	const char *sentinel_name;
	const char *(*sentinel_password)(void *context); /* NULL or returns NULL: none */
	void *password_context;
};

/* Connects on `loop`; NULL: on a loop of its own, which turns while a question waits (for tools).
 * NULL with an error. The address and the context in `servers` have to outlive the link; other
 * texts are copied. */
struct link *link_new(uv_loop_t *loop, const struct link_servers *servers, int64_t timeout_ms,
	const struct link_greeting *greeting, struct error *error);

/* Closes it. The memory is freed when the loop has turned. */
void link_free(struct link **link);

/* Asks and waits: on a fiber, or on the link's own loop. On a shared loop, a question that is asked
 * on no fiber fails. */
void link_ask(struct link *link, struct link_question *question);

/* For the greeting: asks at once and returns; done(question) is called with the answer. The
 * question has to live until then. */
void link_ask_first(struct link *link, struct link_question *question,
	void (*done)(struct link_question *question), void *context);

/* The greeting is over: NULL, and the link is ready; or why the server cannot be used. */
void link_greeted(struct link *link, const char *why);

/* Ends the connection, because this server cannot be used any more, and connects again. */
void link_drop(struct link *link, const char *why);

bool link_is_ready(const struct link *link);

/* Why there is no connection; "" if it is ready or was not tried yet. */
const char *link_fault(const struct link *link);

/* Waits on the link's own loop until the first attempt has ended, with Sentinels one at each of
 * them. True: it is ready. */
bool link_wait(struct link *link);
