/* SPDX-License-Identifier: MIT
 *
 * Private to a link: link.c asks, link_connect.c has the connection and the deadlines, link_queue.c
 * the questions.
 */
#pragma once

#include "state/redis/link.h"
#include "state/redis/wire.h"

/* In the order of an attempt. With Sentinels it resolves and connects twice. */
enum link_state {
	LINK_WAITING = 0, /* for the next attempt */
	LINK_RESOLVING,
	LINK_CONNECTING,
	LINK_SEEKING, /* a Sentinel is asked for the primary */
	LINK_GREETING,
	LINK_READY,
};

/* A server that the link connects to. */
struct peer {
	struct name *name; /* NULL: a socket of this machine */
	const char *host;  /* as the configuration has it: its certificate names it */
	char text[REDIS_HOST_MAX + 1];
	unsigned port;
};

struct queue {
	struct link_question *first, *last;
};

struct link {
	uv_loop_t *loop;
	bool owns_loop;
	const struct redis_address *address;
	int64_t timeout_ms;
	struct link_greeting greeting;
	struct tls_trust *trust; /* NULL: no TLS */
	struct peer primary;
	struct peer *sentinels;
	size_t sentinel_count, sentinel_at;
	char *sentinel_name;
	const char *(*sentinel_password)(void *context);
	void *password_context;
	struct link_question authenticating, seeking; /* to a Sentinel */
	struct peer *to;			      /* of this attempt */
	enum link_state state;
	struct wire *wire;
	bool failed;	 /* the last attempt: the breaker is open */
	size_t failures; /* since the last good connection */
	bool ending;
	int64_t attempt_until_ms, retry_ms;
	struct queue waiting; /* not sent */
	struct queue sent;    /* in the order in which the answers come */
	size_t waiting_count;
	uv_timer_t pace;     /* the next attempt, look or beat */
	uv_timer_t deadline; /* of a question or of an attempt */
	uv_prepare_t flush;  /* before the loop waits for events */
	unsigned handles;
	struct error fault;
};

/* ---- link_queue.c ---- */

void link_push(struct queue *queue, struct link_question *question);
struct link_question *link_pop(struct queue *queue);
void link_end_question(struct link_question *question, enum link_result result, redisReply *reply);

/* What ends a question may ask the next: the queue is emptied first. */
void link_end_all(struct queue *queue, enum link_result result);

/* When the next question or the attempt is late; INT64_MAX: never. */
int64_t link_earliest(const struct link *link);
bool link_is_late(const struct queue *queue, int64_t now);

/* Prints the command for the server. 0, or -1 without memory. */
int link_format(struct link_question *question);

/* ---- link_connect.c ---- */

/* Takes the servers of the configuration. 0, or -1 with an error. */
int link_set_peers(struct link *link, const struct link_servers *servers, struct error *error);
void link_free_peers(struct link *link);

/* Begins an attempt, looks whether a name is known, or beats. */
void link_on_pace(uv_timer_t *timer);

/* Sends what waits, before the loop does. */
void link_send_soon(struct link *link);

/* Wakes the link when this question is late. */
void link_note_deadline(struct link *link, const struct link_question *question);

void link_set_breaker(struct link *link, bool is_open);
