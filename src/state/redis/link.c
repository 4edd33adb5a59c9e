/* SPDX-License-Identifier: MIT */
#include "state/redis/link.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/text.h"
#include "outbound/names.h"
#include "state/redis/wire.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <string.h>

enum {
	LOOK_MS = 10, /* between two looks whether a name is known */
	RETRY_FIRST_MS = 100,
	RETRY_MOST_MS = 1000,
	BEAT_MS = 1000,
	QUESTIONS_MAX = 4096, /* that wait for a connection */
};

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
	const char *sentinel_name;
	struct link_question seeking; /* to a Sentinel */
	struct peer *to;	      /* of this attempt */
	enum link_state state;
	struct wire *wire;
	bool failed; /* the last attempt: the breaker is open */
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

/* ---- queues ---- */

static void push(struct queue *queue, struct link_question *question)
{
	question->next = NULL;
	if (queue->last != NULL)
		queue->last->next = question;
	else
		queue->first = question;
	queue->last = question;
}

static struct link_question *pop(struct queue *queue)
{
	struct link_question *question = queue->first;

	queue->first = question->next;
	if (queue->first == NULL)
		queue->last = NULL;
	return question;
}

static void end_question(struct link_question *question, enum link_result result, redisReply *reply)
{
	free(question->bytes);
	question->bytes = NULL;
	question->result = result;
	question->reply = reply;
	question->ended = true;
	if (question->done != NULL)
		question->done(question);
}

/* What ends a question may ask the next: the queue is emptied first. */
static void end_all(struct queue *queue, enum link_result result)
{
	struct queue ending = *queue;

	*queue = (struct queue){0};
	while (ending.first != NULL)
		end_question(pop(&ending), result, NULL);
}

/* ---- deadlines ---- */

static int64_t earliest(const struct link *link)
{
	int64_t at = INT64_MAX;

	for (const struct link_question *q = link->waiting.first; q != NULL; q = q->next)
		at = q->deadline_ms < at ? q->deadline_ms : at;
	for (const struct link_question *q = link->sent.first; q != NULL; q = q->next)
		at = q->deadline_ms < at ? q->deadline_ms : at;
	if (link->state > LINK_WAITING && link->state < LINK_READY && link->attempt_until_ms < at)
		at = link->attempt_until_ms;
	return at;
}

static void on_deadline(uv_timer_t *timer);

static void set_deadline(struct link *link, int64_t at)
{
	int64_t now = clock_monotonic_ms();

	uv_update_time(link->loop);
	uv_timer_start(&link->deadline, on_deadline, at > now ? (uint64_t)(at - now) : 0, 0);
}

/* ---- the end of a connection ---- */

static void on_pace(uv_timer_t *timer);

static void tell_fault(const struct link *link, const char *why)
{
	const struct peer *to = link->to != NULL ? link->to : &link->primary;

	if (strcmp(link->fault.text, why) == 0)
		return;
	if (to->name == NULL)
		log_message(LOG_LEVEL_ERROR, "state", "%s: %s", link->address->path, why);
	else
		log_message(LOG_LEVEL_ERROR, "state", "%s:%u: %s", to->text, to->port, why);
}

static void set_breaker(struct link *link, bool is_open)
{
	if (is_open != link->failed)
		gauge_add(METRIC_STATE_BREAKER, is_open ? 1 : -1);
	link->failed = is_open;
}

/* Connects again: at once after a connection that was good, else after a while, in which
 * questions fail. */
static void fail_link(struct link *link, const char *why)
{
	bool was_ready = link->state == LINK_READY;

	wire_close(&link->wire);
	if (link->to != NULL && link->to != &link->primary)
		link->sentinel_at = (link->sentinel_at + 1) % link->sentinel_count;
	tell_fault(link, why);
	error_set(&link->fault, "%s", why);
	set_breaker(link, !was_ready);
	if (was_ready)
		link->retry_ms = 0;
	else
		link->retry_ms = link->retry_ms == 0		      ? RETRY_FIRST_MS
				 : link->retry_ms * 2 < RETRY_MOST_MS ? link->retry_ms * 2
								      : RETRY_MOST_MS;
	link->state = LINK_WAITING;
	uv_timer_start(&link->pace, on_pace, (uint64_t)link->retry_ms, 0);
	end_all(&link->sent, LINK_LOST);
	if (!link->failed)
		return;
	link->waiting_count = 0;
	end_all(&link->waiting, LINK_FAILED);
}

void link_drop(struct link *link, const char *why)
{
	if (link->wire != NULL)
		fail_link(link, why);
}

/* ---- sending ---- */

/* Sends what the questions of this turn say, in one write. */
static void send_queue(struct link *link, struct queue *queue)
{
	size_t length = 0, at = 0;
	char *bytes;
	int rc;

	for (const struct link_question *q = queue->first; q != NULL; q = q->next)
		length += q->length;
	bytes = malloc(length);
	if (bytes == NULL)
		return; /* the questions run into their deadline */
	while (queue->first != NULL) {
		struct link_question *question = pop(queue);

		memcpy(bytes + at, question->bytes, question->length);
		at += question->length;
		explicit_bzero(question->bytes, question->length); /* a password */
		free(question->bytes);
		question->bytes = NULL;
		push(&link->sent, question);
	}
	rc = wire_send(link->wire, bytes, length);
	explicit_bzero(bytes, length);
	free(bytes);
	if (rc != 0)
		fail_link(link, "cannot write");
}

static void on_flush(uv_prepare_t *prepare)
{
	struct link *link = prepare->data;

	uv_prepare_stop(prepare);
	if (link->state != LINK_READY || link->waiting.first == NULL)
		return;
	link->waiting_count = 0;
	send_queue(link, &link->waiting);
}

/* ---- answers ---- */

static void on_replied(void *context, redisReply *reply)
{
	struct link *link = context;

	if (link->sent.first != NULL) {
		end_question(pop(&link->sent), LINK_ANSWERED, reply);
		return;
	}
	freeReplyObject(reply);
	fail_link(link, "it answered what nobody asked");
}

/* ---- connecting ---- */

static void seek_primary(struct link *link);

static void on_opened(void *context)
{
	struct link *link = context;

	if (link->to != &link->primary) {
		seek_primary(link);
		return;
	}
	link->state = LINK_GREETING;
	link->greeting.begin(link->greeting.context);
}

static void on_failed(void *context, const char *why)
{
	struct link *link = context;

	if (link->state == LINK_CONNECTING && link->to->name != NULL)
		name_doubt(link->to->name);
	fail_link(link, why);
}

static const struct wire_events events = {on_opened, on_replied, on_failed};

/* `address` NULL: the socket of this machine. */
static void begin_connection(struct link *link, const char *address)
{
	const struct wire_target target = {.path = address == NULL ? link->address->path : NULL,
		.address = address,
		.port = link->to->port,
		.trust = link->trust,
		.host = link->to->host};
	struct error error;

	link->state = LINK_CONNECTING;
	link->wire = wire_open(link->loop, &target, &events, link, &error);
	if (link->wire == NULL)
		fail_link(link, error.text);
}

/* The addresses of a name take turns: name_doubt() after a failure moves the bad one back. */
static void look_up(struct link *link)
{
	struct addresses addresses;
	int64_t again;
	const char *why = NULL;

	switch (name_look(link->to->name, &addresses, &again, &why)) {
	case NAME_KNOWN:
		begin_connection(link, addresses.text[0]);
		return;
	case NAME_ASKED:
		link->state = LINK_RESOLVING;
		uv_timer_start(&link->pace, on_pace, LOOK_MS, 0);
		return;
	case NAME_FAILED:
	case NAME_TIMED_OUT:
		break;
	}
	fail_link(link, why != NULL ? why : "the host has no address");
}

static int set_peer(struct peer *peer, const char *host, unsigned port)
{
	name_drop(&peer->name);
	snprintf(peer->text, sizeof peer->text, "%s", host);
	peer->host = peer->text;
	peer->port = port;
	peer->name = name_use(host);
	return peer->name != NULL ? 0 : -1;
}

static void begin_attempt(struct link *link);

/* Takes the address of the primary, and connects to it. */
static void on_sought(struct link_question *question)
{
	struct link *link = question->context;
	redisReply *reply = question->reply;
	int64_t port;
	int rc = -1;

	if (reply == NULL)
		return; /* the link has failed */
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		reply->element[0]->type == REDIS_REPLY_STRING &&
		reply->element[1]->type == REDIS_REPLY_STRING &&
		reply->element[0]->len <= REDIS_HOST_MAX &&
		text_to_number(reply->element[1]->str, 1, UINT16_MAX, &port) == 0)
		rc = set_peer(&link->primary, reply->element[0]->str, (unsigned)port);
	if (rc == 0) {
		wire_close(&link->wire);
		link->primary.host = link->address->host;
		link->to = &link->primary;
		begin_attempt(link);
	} else {
		fail_link(link, reply->type == REDIS_REPLY_ERROR ? reply->str
				: reply->type == REDIS_REPLY_NIL
					? "the Sentinel knows no primary of this sentinel-name"
					: "the Sentinel's answer is unexpected");
	}
	freeReplyObject(reply);
}

static void seek_primary(struct link *link)
{
	const char *words[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", link->sentinel_name};
	const size_t sizes[] = {strlen(words[0]), strlen(words[1]), strlen(words[2])};

	link->state = LINK_SEEKING;
	link->seeking = (struct link_question){
		.words = words, .sizes = sizes, .count = 3, .deadline_ms = link->attempt_until_ms};
	link_ask_first(link, &link->seeking, on_sought, link);
}

static void attempt(struct link *link)
{
	link->to = link->sentinel_count > 0 ? &link->sentinels[link->sentinel_at] : &link->primary;
	begin_attempt(link);
}

static void begin_attempt(struct link *link)
{
	link->attempt_until_ms = clock_monotonic_ms() + link->timeout_ms;
	set_deadline(link, earliest(link));
	if (link->to->name == NULL)
		begin_connection(link, NULL);
	else
		look_up(link);
	if (link->state != LINK_WAITING)
		set_deadline(link, earliest(link));
}

static void on_pace(uv_timer_t *timer)
{
	struct link *link = timer->data;

	switch (link->state) {
	case LINK_WAITING:
		attempt(link);
		break;
	case LINK_RESOLVING:
		look_up(link);
		break;
	case LINK_READY:
		uv_timer_start(&link->pace, on_pace, BEAT_MS, 0);
		link->greeting.beat(link->greeting.context);
		break;
	case LINK_CONNECTING:
	case LINK_SEEKING:
	case LINK_GREETING:
		break;
	}
}

void link_greeted(struct link *link, const char *why)
{
	if (link->state != LINK_GREETING)
		return;
	if (why != NULL) {
		fail_link(link, why);
		return;
	}
	if (link->fault.text[0] != '\0')
		log_message(LOG_LEVEL_INFO, "state", "connected again");
	link->state = LINK_READY;
	set_breaker(link, false);
	link->retry_ms = 0;
	link->fault.text[0] = '\0';
	uv_timer_start(&link->pace, on_pace, BEAT_MS, 0);
	uv_prepare_start(&link->flush, on_flush);
}

/* ---- deadlines that passed ---- */

static bool is_late(const struct queue *queue, int64_t now)
{
	for (const struct link_question *q = queue->first; q != NULL; q = q->next)
		if (q->deadline_ms <= now)
			return true;
	return false;
}

static void end_late(struct link *link, int64_t now)
{
	struct queue all = link->waiting, late = {0};

	link->waiting = (struct queue){0};
	link->waiting_count = 0;
	while (all.first != NULL) {
		struct link_question *question = pop(&all);

		if (question->deadline_ms <= now) {
			push(&late, question);
			continue;
		}
		push(&link->waiting, question);
		link->waiting_count++;
	}
	end_all(&late, LINK_FAILED);
}

static void on_deadline(uv_timer_t *timer)
{
	struct link *link = timer->data;
	int64_t now = clock_monotonic_ms(), next;
	bool is_attempt_late = link->state > LINK_WAITING && link->state < LINK_READY &&
			       link->attempt_until_ms <= now;

	if (is_attempt_late && link->wire != NULL && link->to->name != NULL)
		name_doubt(link->to->name);
	if (is_attempt_late && link->state == LINK_CONNECTING && link->trust != NULL)
		fail_link(link, "no TLS connection in time (state-timeout): does its port speak "
				"TLS?");
	else if (is_attempt_late || is_late(&link->sent, now))
		fail_link(link, "it does not answer in time (state-timeout)");
	end_late(link, now);
	next = earliest(link);
	if (next != INT64_MAX)
		set_deadline(link, next);
}

/* ---- asking ---- */

static int format(struct link_question *question)
{
	char *bytes = NULL;
	long long length =
		redisFormatCommandArgv(&bytes, question->count, question->words, question->sizes);

	question->ended = false;
	question->result = LINK_FAILED;
	question->reply = NULL;
	question->bytes = NULL;
	if (length < 0)
		return -1;
	/* By the program's allocator: hiredis 0.14 frees with its own function. */
	question->bytes = bytes;
	question->length = (size_t)length;
	return 0;
}

static void note_deadline(struct link *link, const struct link_question *question)
{
	if (!uv_is_active((const uv_handle_t *)&link->deadline) ||
		(int64_t)uv_timer_get_due_in(&link->deadline) >
			question->deadline_ms - clock_monotonic_ms())
		set_deadline(link, question->deadline_ms);
}

static void wake(struct link_question *question)
{
	fiber_wake(question->context);
}

static void count_result(const struct link_question *question, int64_t began_ms)
{
	switch (question->result) {
	case LINK_FAILED:
		metric_count(METRIC_STATE_UNREACHABLE);
		break;
	case LINK_LOST:
		metric_count(METRIC_STATE_LOST);
		break;
	case LINK_ANSWERED:
		metric_observe(METRIC_STATE_SECONDS, clock_monotonic_ms() - began_ms);
		if (question->reply->type == REDIS_REPLY_ERROR)
			metric_count(METRIC_STATE_REFUSED);
		break;
	}
}

static void turn_until_ended(struct link *link, const struct link_question *question)
{
	while (!question->ended)
		uv_run(link->loop, UV_RUN_ONCE);
}

static void ask(struct link *link, struct link_question *question)
{
	question->context = fiber_self();
	question->done = question->context != NULL ? wake : NULL;
	if (format(question) != 0)
		return;
	if (question->context == NULL && !link->owns_loop)
		log_message(LOG_LEVEL_ERROR, "state", "a question was asked outside of a fiber");
	if ((question->context == NULL && !link->owns_loop) || link->failed || link->ending ||
		link->waiting_count >= QUESTIONS_MAX) {
		question->done = NULL;
		end_question(question, LINK_FAILED, NULL);
		return;
	}
	push(&link->waiting, question);
	link->waiting_count++;
	note_deadline(link, question);
	if (link->state == LINK_READY)
		uv_prepare_start(&link->flush, on_flush);
	if (question->context != NULL)
		fiber_wait();
	else
		turn_until_ended(link, question);
}

void link_ask(struct link *link, struct link_question *question)
{
	int64_t began_ms = clock_monotonic_ms();

	ask(link, question);
	count_result(question, began_ms);
}

void link_ask_first(struct link *link, struct link_question *question,
	void (*done)(struct link_question *question), void *context)
{
	struct queue only = {0};

	question->done = done;
	question->context = context;
	if (link->wire == NULL || format(question) != 0) {
		end_question(question, LINK_FAILED, NULL);
		return;
	}
	push(&only, question);
	note_deadline(link, question);
	send_queue(link, &only);
}

/* ---- life ---- */

bool link_is_ready(const struct link *link)
{
	return link->state == LINK_READY;
}

const char *link_fault(const struct link *link)
{
	return link->fault.text;
}

bool link_wait(struct link *link)
{
	while (link->state != LINK_READY && !link->failed)
		uv_run(link->loop, UV_RUN_ONCE);
	return link->state == LINK_READY;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	if (--link->handles == 0)
		free(link);
}

static int make_loop(struct link *link, uv_loop_t *loop, struct error *error)
{
	link->loop = loop;
	if (loop != NULL)
		return 0;
	link->owns_loop = true;
	link->loop = malloc(sizeof *link->loop);
	if (link->loop == NULL)
		return error_set(error, "out of memory");
	uv_loop_init(link->loop);
	return 0;
}

static void free_peers(struct link *link)
{
	for (size_t i = 0; i < link->sentinel_count; i++)
		name_drop(&link->sentinels[i].name);
	free(link->sentinels);
	name_drop(&link->primary.name);
	tls_trust_free(&link->trust);
}

/* What the configuration says of servers. */
static int set_peers(struct link *link, const struct link_servers *servers, struct error *error)
{
	const struct redis_address *address = &servers->address;
	int rc = 0;

	if (address->is_tls) {
		link->trust = tls_trust_new(servers->ca_file, error);
		if (link->trust == NULL)
			return -1;
	}
	link->sentinel_name = servers->sentinel_name;
	if (servers->sentinel_count > 0)
		link->sentinels = calloc(servers->sentinel_count, sizeof *link->sentinels);
	for (; link->sentinels != NULL && link->sentinel_count < servers->sentinel_count;
		link->sentinel_count++) {
		const struct redis_address *sentinel = &servers->sentinels[link->sentinel_count];

		rc |= set_peer(
			&link->sentinels[link->sentinel_count], sentinel->host, sentinel->port);
	}
	if (address->path[0] == '\0')
		rc |= set_peer(&link->primary, address->host, address->port);
	if (rc != 0 || link->sentinel_count != servers->sentinel_count)
		return error_set(error, "out of memory");
	return 0;
}

struct link *link_new(uv_loop_t *loop, const struct link_servers *servers, int64_t timeout_ms,
	const struct link_greeting *greeting, struct error *error)
{
	struct link *link = calloc(1, sizeof *link);

	if (link == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (set_peers(link, servers, error) != 0 || make_loop(link, loop, error) != 0) {
		free_peers(link);
		free(link);
		return NULL;
	}
	link->address = &servers->address;
	link->timeout_ms = timeout_ms;
	link->greeting = *greeting;
	uv_timer_init(link->loop, &link->pace);
	uv_timer_init(link->loop, &link->deadline);
	uv_prepare_init(link->loop, &link->flush);
	link->pace.data = link->deadline.data = link->flush.data = link;
	link->handles = 3;
	uv_timer_start(&link->pace, on_pace, 0, 0);
	return link;
}

void link_free(struct link **link)
{
	struct link *l = *link;
	uv_loop_t *own;

	*link = NULL;
	if (l == NULL)
		return;
	own = l->owns_loop ? l->loop : NULL;
	l->ending = true;
	set_breaker(l, false);
	wire_close(&l->wire);
	l->state = LINK_WAITING;
	end_all(&l->sent, LINK_LOST);
	end_all(&l->waiting, LINK_FAILED);
	free_peers(l);
	uv_close((uv_handle_t *)&l->pace, on_handle_closed);
	uv_close((uv_handle_t *)&l->deadline, on_handle_closed);
	uv_close((uv_handle_t *)&l->flush, on_handle_closed);
	if (own == NULL)
		return;
	uv_run(own, UV_RUN_DEFAULT);
	uv_loop_close(own);
	free(own);
}
