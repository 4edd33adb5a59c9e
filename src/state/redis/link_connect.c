/* SPDX-License-Identifier: MIT
 *
 * Of a link: the way to the server, by Sentinels where there are some, and again after a failure.
 */
#include "state/redis/link_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "outbound/names.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <string.h>

enum {
	LOOK_MS = 10, /* between two looks whether a name is known */
	RETRY_FIRST_MS = 100,
	RETRY_MOST_MS = 1000,
	BEAT_MS = 1000,
};

/* ---- deadlines ---- */

static const char too_late[] = "it does not answer in time (state-timeout)";

static void on_deadline(uv_timer_t *timer);

static void set_deadline(struct link *link, int64_t at)
{
	int64_t now = clock_monotonic_ms();

	uv_update_time(link->loop);
	uv_timer_start(&link->deadline, on_deadline, at > now ? (uint64_t)(at - now) : 0, 0);
}

void link_note_deadline(struct link *link, const struct link_question *question)
{
	if (!uv_is_active((const uv_handle_t *)&link->deadline) ||
		(int64_t)uv_timer_get_due_in(&link->deadline) >
			question->deadline_ms - clock_monotonic_ms())
		set_deadline(link, question->deadline_ms);
}

/* ---- the end of a connection ---- */

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

void link_set_breaker(struct link *link, bool is_open)
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
	link->failures++;
	link_set_breaker(link, !was_ready);
	if (was_ready)
		link->retry_ms = 0;
	else
		link->retry_ms = link->retry_ms == 0		      ? RETRY_FIRST_MS
				 : link->retry_ms * 2 < RETRY_MOST_MS ? link->retry_ms * 2
								      : RETRY_MOST_MS;
	link->state = LINK_WAITING;
	uv_timer_start(&link->pace, link_on_pace, (uint64_t)link->retry_ms, 0);
	link_end_all(&link->sent, LINK_LOST);
	if (!link->failed)
		return;
	link->waiting_count = 0;
	link_end_all(&link->waiting, LINK_FAILED);
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
	if (length == 0)
		return;
	bytes = malloc(length);
	if (bytes == NULL)
		return; /* the questions run into their deadline */
	while (queue->first != NULL) {
		struct link_question *question = link_pop(queue);

		memcpy(bytes + at, question->bytes, question->length);
		at += question->length;
		explicit_bzero(question->bytes, question->length); /* a password */
		free(question->bytes);
		question->bytes = NULL;
		link_push(&link->sent, question);
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

void link_send_soon(struct link *link)
{
	uv_prepare_start(&link->flush, on_flush);
}

/* ---- answers ---- */

static void on_replied(void *context, redisReply *reply)
{
	struct link *link = context;

	if (link->sent.first != NULL) {
		link_end_question(link_pop(&link->sent), LINK_ANSWERED, reply);
		return;
	}
	freeReplyObject(reply);
	fail_link(link, "it answered what nobody asked");
}

void link_ask_first(struct link *link, struct link_question *question,
	void (*done)(struct link_question *question), void *context)
{
	struct queue only = {0};

	question->done = done;
	question->context = context;
	if (link->wire == NULL || link_format(question) != 0) {
		link_end_question(question, LINK_FAILED, NULL);
		return;
	}
	link_push(&only, question);
	link_note_deadline(link, question);
	send_queue(link, &only);
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

	switch (name_lookup(link->to->name, &addresses, &again, &why)) {
	case NAME_KNOWN:
		begin_connection(link, addresses.text[0]);
		return;
	case NAME_ASKED:
		link->state = LINK_RESOLVING;
		uv_timer_start(&link->pace, link_on_pace, LOOK_MS, 0);
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

/* Only a refusal is of interest. The answer about the primary comes next. */
static void on_authenticated(struct link_question *question)
{
	struct link *link = question->context;
	redisReply *reply = question->reply;

	if (reply == NULL)
		return; /* the link has failed */
	if (reply->type == REDIS_REPLY_ERROR)
		fail_link(link, reply->str);
	freeReplyObject(reply);
}

static void authenticate(struct link *link)
{
	const char *password = link->sentinel_password != NULL
				       ? link->sentinel_password(link->password_context)
				       : NULL;
	const char *words[] = {"AUTH", password};
	size_t sizes[] = {4, password != NULL ? strlen(password) : 0};

	if (password == NULL)
		return;
	link->authenticating = (struct link_question){
		.words = words, .sizes = sizes, .count = 2, .deadline_ms = link->attempt_until_ms};
	link_ask_first(link, &link->authenticating, on_authenticated, link);
}

static void seek_primary(struct link *link)
{
	const char *words[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", link->sentinel_name};
	const size_t sizes[] = {strlen(words[0]), strlen(words[1]), strlen(words[2])};

	link->state = LINK_SEEKING;
	authenticate(link);
	if (link->wire == NULL)
		return; /* nothing could be sent */
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
	set_deadline(link, link_earliest(link));
	if (link->to->name == NULL)
		begin_connection(link, NULL);
	else
		look_up(link);
	if (link->state != LINK_WAITING)
		set_deadline(link, link_earliest(link));
}

void link_on_pace(uv_timer_t *timer)
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
		uv_timer_start(&link->pace, link_on_pace, BEAT_MS, 0);
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
	link->failures = 0;
	link_set_breaker(link, false);
	link->retry_ms = 0;
	link->fault.text[0] = '\0';
	uv_timer_start(&link->pace, link_on_pace, BEAT_MS, 0);
	link_send_soon(link);
}

/* ---- deadlines that passed ---- */

static void end_attempt(struct link *link)
{
	if (link->wire != NULL && link->to->name != NULL)
		name_doubt(link->to->name);
	if (link->state == LINK_CONNECTING && link->trust != NULL)
		fail_link(link, "no TLS connection in time (state-timeout): does its port speak "
				"TLS?");
	else
		fail_link(link, too_late);
}

static void end_late(struct link *link, int64_t now)
{
	struct queue all = link->waiting, late = {0};

	link->waiting = (struct queue){0};
	link->waiting_count = 0;
	while (all.first != NULL) {
		struct link_question *question = link_pop(&all);

		if (question->deadline_ms <= now) {
			link_push(&late, question);
			continue;
		}
		link_push(&link->waiting, question);
		link->waiting_count++;
	}
	link_end_all(&late, LINK_FAILED);
}

static void on_deadline(uv_timer_t *timer)
{
	struct link *link = timer->data;
	int64_t now = clock_monotonic_ms(), next;
	bool is_attempt_late = link->state > LINK_WAITING && link->state < LINK_READY &&
			       link->attempt_until_ms <= now;

	if (is_attempt_late)
		end_attempt(link);
	else if (link_is_late(&link->sent, now))
		fail_link(link, too_late);
	end_late(link, now);
	next = link_earliest(link);
	if (next != INT64_MAX)
		set_deadline(link, next);
}

/* ---- servers ---- */

void link_free_peers(struct link *link)
{
	for (size_t i = 0; i < link->sentinel_count; i++)
		name_drop(&link->sentinels[i].name);
	free(link->sentinels);
	free(link->sentinel_name);
	name_drop(&link->primary.name);
	tls_trust_free(&link->trust);
}

/* What the configuration says of servers. */
int link_set_peers(struct link *link, const struct link_servers *servers, struct error *error)
{
	const struct redis_address *address = &servers->address;
	int rc = 0;

	if (address->is_tls) {
		link->trust = tls_trust_new(&servers->tls, error);
		if (link->trust == NULL)
			return -1;
	}
	if (servers->sentinel_count > 0)
		link->sentinel_name = xstrdup(servers->sentinel_name);
	link->sentinel_password = servers->sentinel_password;
	link->password_context = servers->password_context;
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
