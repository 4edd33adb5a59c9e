/* SPDX-License-Identifier: MIT */
#include "outbound/client.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "outbound/breaker.h"
#include "outbound/easy.h"
#include "outbound/multi.h"
#include "telemetry/metrics.h"
#include "telemetry/sections.h"

#include <errno.h>
#include <sys/queue.h>

enum {
	IDLE_MAX = 128, /* idle easy handles kept per peer */
	/* In bytes, the least that libcurl takes: thousands of requests may be under way, and an
	 * answer is small. */
	RECEIVE_BUFFER = 1024,
};

struct outbound {
	struct multi *multi;
	uv_loop_t *loop;
	struct curl_slist *headers;
	uv_async_t names_changed;
	LIST_HEAD(, outbound_peer) peers;
};

TAILQ_HEAD(requests, outbound_request);

struct outbound_peer {
	struct outbound *outbound;
	LIST_ENTRY(outbound_peer) all;
	bool listed; /* in the list of `outbound`, which may be freed before the peer */
	CURLU *base; /* the URL, parsed once: parsing it for each request would be a fifth of
			libcurl's work */
	struct trust *trust; /* NULL: http */
	int64_t connect_timeout_ms, timeout_ms, keep_ms;
	unsigned requests; /* not freed yet */
	unsigned in_flight, in_flight_max;
	unsigned connections, connections_max; /* transfers under way */
	bool released;
	struct breaker breaker;
	struct name *name;
	struct addresses addresses;
	int64_t look_again_ms;	 /* monotonic: when to ask names.h again */
	struct requests waiting; /* requests that wait for an address or a connection */
	CURL *idle[IDLE_MAX];
	size_t idle_count;
};

/* A request is WAITING, then UNDER_WAY once for each address that is tried, then ENDED. */
enum state { ENDED = 0, WAITING, UNDER_WAY };

struct outbound_request {
	struct transfer transfer; /* the target is set in its easy handle from the start */
	uv_timer_t timer;
	struct outbound_peer *peer;
	TAILQ_ENTRY(outbound_request) waiting;
	enum state state;
	outbound_done *done;
	void *context;
	int64_t connect_deadline_ms, deadline_ms;
	struct addresses addresses;
	size_t at; /* the index of the address that is tried */
	struct aim aim;
	struct trace_field trace_field;
	bool sent, too_large;
	size_t head_length;
	char detail[CURL_ERROR_SIZE];
	struct buffer body;
	struct outbound_answer refused; /* the answer if nothing is sent */
};

static struct outbound_request *request_of(struct transfer *transfer)
{
	return (struct outbound_request *)transfer; /* it is the first member */
}

/* -- callbacks of libcurl -- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct outbound_request *request = context;

	buffer_append(&request->body, bytes, size * count);
	request->too_large = request->body.failed;
	return request->body.failed ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct outbound_request *request = context;

	request->head_length += size * count;
	request->too_large = request->head_length > EASY_HEAD_MAX;
	request->transfer.keep_ms = easy_keep_ms(bytes, size * count, request->transfer.keep_ms);
	return request->too_large ? 0 : size * count;
}

/* Of a new connection: when the certificate ends. */
static void note_certificate(const struct outbound_request *request)
{
	const struct outbound_peer *peer = request->peer;
	long connects = 0;
	int64_t end;

	if (peer->trust == NULL || peer->breaker.metrics == 0 ||
		curl_easy_getinfo(request->transfer.easy, CURLINFO_NUM_CONNECTS, &connects) !=
			CURLE_OK ||
		connects == 0)
		return;
	end = trust_certificate_end(request->transfer.easy);
	if (end > 0)
		sections_set(peer->breaker.metrics, SECTION_PLATFORM_CERTIFICATE, end);
}

/* CURLOPT_PREREQFUNCTION, called right before the request is written. */
static int begin_writing(void *context, char *local, char *remote, int local_port, int remote_port)
{
	struct outbound_request *request = context;

	if (!easy_may_write(request->transfer.easy, request->sent))
		return CURL_PREREQFUNC_ABORT;
	request->sent = request->transfer.connected = true;
	note_certificate(request);
	return CURL_PREREQFUNC_OK;
}

/* -- peers -- */

static void free_peer(struct outbound_peer *peer)
{
	while (peer->idle_count > 0)
		curl_easy_cleanup(peer->idle[--peer->idle_count]);
	if (peer->listed)
		LIST_REMOVE(peer, all);
	name_drop(&peer->name);
	curl_url_cleanup(peer->base);
	trust_drop(&peer->trust);
	free(peer);
}

static int read_base(struct outbound_peer *peer, const char *base)
{
	char *host = NULL;

	if (peer->base == NULL || curl_url_set(peer->base, CURLUPART_URL, base, 0) != CURLUE_OK ||
		curl_url_get(peer->base, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return -1;
	peer->name = name_use(host);
	curl_free(host);
	return peer->name != NULL ? 0 : -1;
}

struct outbound_peer *outbound_peer_new(
	struct outbound *outbound, const struct outbound_settings *settings, struct error *error)
{
	struct outbound_peer *peer = calloc(1, sizeof *peer);

	if (peer == NULL) {
		error_set(error, "out of memory for a peer");
		return NULL;
	}
	LIST_INSERT_HEAD(&outbound->peers, peer, all);
	peer->listed = true;
	TAILQ_INIT(&peer->waiting);
	peer->outbound = outbound;
	peer->base = curl_url();
	peer->connect_timeout_ms = settings->connect_timeout_ms;
	peer->timeout_ms = settings->timeout_ms;
	peer->keep_ms = settings->keep_ms;
	peer->breaker.metrics = settings->metrics;
	peer->breaker.level = SECTION_PLATFORM_BREAKER;
	peer->in_flight_max = settings->in_flight_max;
	peer->connections_max =
		settings->connections_max > 0 ? settings->connections_max : settings->in_flight_max;
	if (read_base(peer, settings->base) != 0) {
		error_set(error, "%s: libcurl cannot use this URL", settings->base);
		free_peer(peer);
		return NULL;
	}
	if (strncmp(settings->base, "https:", 6) == 0)
		peer->trust = trust_share(settings->trust);
	return peer;
}

void outbound_peer_release(struct outbound_peer **peer)
{
	struct outbound_peer *p = *peer;

	*peer = NULL;
	if (p == NULL)
		return;
	p->released = true;
	if (p->requests == 0)
		free_peer(p);
}

/* Sets what is the same for every request to the peer; once in a handle's life. 0, or -1 without
 * memory. */
static int prepare(struct outbound_peer *peer, CURL *easy)
{
	CURLcode code = easy_set_safety(easy, peer->trust) == 0 ? CURLE_OK : CURLE_OUT_OF_MEMORY;

	multi_prepare(peer->outbound->multi, easy);
	EASY_SET(code, easy, CURLOPT_CURLU, peer->base);
	EASY_SET(code, easy, CURLOPT_HTTPHEADER, peer->outbound->headers);
	EASY_SET(code, easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	/* The request's own timer ends it earlier. */
	EASY_SET(code, easy, CURLOPT_CONNECTTIMEOUT_MS, (long)peer->timeout_ms);
	EASY_SET(code, easy, CURLOPT_WRITEFUNCTION, take_body);
	EASY_SET(code, easy, CURLOPT_HEADERFUNCTION, take_header);
	EASY_SET(code, easy, CURLOPT_PREREQFUNCTION, begin_writing);
	return code == CURLE_OK ? 0 : -1;
}

static CURL *take_handle(struct outbound_peer *peer)
{
	CURL *easy;

	if (peer->idle_count > 0)
		return peer->idle[--peer->idle_count];
	easy = curl_easy_init();
	if (easy == NULL || prepare(peer, easy) == 0)
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

static void give_handle(struct outbound_peer *peer, CURL *easy)
{
	if (peer->idle_count == IDLE_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, NULL);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	peer->idle[peer->idle_count++] = easy;
}

/* -- the end_request of a request -- */

static void free_request(uv_handle_t *timer)
{
	struct outbound_request *request = timer->data;
	struct outbound_peer *peer = request->peer;

	if (--peer->requests == 0 && peer->released)
		free_peer(peer);
	buffer_wipe(&request->body); /* it may hold an access token */
	free(request);
}

/* Releases the request's handle and its place in the counts. Its memory is freed in a later turn of
 * the loop. */
static void end_request(struct outbound_request *request)
{
	request->state = ENDED;
	request->peer->in_flight--;
	if (request->transfer.easy != NULL) {
		if (request->trace_field.text[0] != '\0')
			curl_easy_setopt(request->transfer.easy, CURLOPT_HTTPHEADER,
				request->peer->outbound->headers);
		give_handle(request->peer, request->transfer.easy);
		gauge_add(METRIC_EXCHANGES_IN_FLIGHT, -1);
	}
	uv_close((uv_handle_t *)&request->timer, free_request);
}

static void answer_request(struct outbound_request *request, struct outbound_answer *answer)
{
	answer->sent = request->sent;
	answer->body = request->body.data != NULL ? request->body.data : "";
	answer->length = request->body.length;
	request->done(request->context, answer);
	end_request(request);
}

/* Ends a request that got no answer. `blame`: the peer caused it, so the breaker counts it. */
static void fail_request(struct outbound_request *request, enum outbound_result result,
	const char *reason, bool blame)
{
	struct outbound_answer answer = {.result = result, .reason = reason};
	struct breaker *breaker = &request->peer->breaker;

	if (request->state == WAITING)
		TAILQ_REMOVE(&request->peer->waiting, request, waiting);
	if (blame)
		breaker_failed(breaker, clock_monotonic_ms());
	else
		breaker_abandoned(breaker);
	answer_request(request, &answer);
}

/* -- one address after the other -- */

static void advance(struct outbound_peer *peer);
static void on_timer(uv_timer_t *timer);

static void set_timer(struct outbound_request *request, int64_t at_ms)
{
	int64_t left = at_ms - clock_monotonic_ms();

	uv_timer_start(&request->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

/* Starts a transfer to the current address. The timer then ends this attempt or the whole request.
 * 0 or -1. */
static int try_address(struct outbound_request *request)
{
	struct outbound_peer *peer = request->peer;
	int64_t now = clock_monotonic_ms();
	size_t others = request->addresses.count - request->at - 1;

	/* libcurl parses this option for each transfer, so a numeric host does without it. */
	if (!name_is_numeric(peer->name))
		easy_aim(request->transfer.easy, &request->aim,
			request->addresses.text[request->at]);
	request->transfer.keep_ms = peer->keep_ms;
	request->head_length = 0;
	request->detail[0] = '\0';
	if (multi_add(peer->outbound->multi, &request->transfer) != 0)
		return -1;
	request->state = UNDER_WAY;
	peer->connections++;
	set_timer(request, now + easy_share_ms(request->connect_deadline_ms - now, others));
	return 0;
}

/* Called when an attempt failed before anything was written. Starts the next address; true if that
 * worked. */
static bool try_next(struct outbound_request *request)
{
	struct outbound_peer *peer = request->peer;

	if (request->transfer.error != 0)
		return false; /* this machine cannot open connections; another address would
				 fail_request as well */
	name_bad(peer->name, request->addresses.text[request->at]);
	peer->look_again_ms = 0;
	request->at++;
	if (request->at < request->addresses.count &&
		clock_monotonic_ms() < request->connect_deadline_ms)
		return try_address(request) == 0;
	name_doubt(peer->name);
	return false;
}

/* The transfer is over: another request may use its connection. */
static void leave_connection(struct outbound_request *request)
{
	request->peer->connections--;
	request->state = ENDED;
}

/* Fails the request with the result and the reason for libcurl's error code. */
static void fail_transfer(struct outbound_request *request, CURLcode result)
{
	const char *reason = easy_why(result, request->detail);
	enum outbound_result what = request->sent ? OUTBOUND_BROKEN : OUTBOUND_UNREACHABLE;

	if (request->transfer.error != 0) {
		reason = "this machine has no descriptor or memory for the connection";
	} else if (result == CURLE_OPERATION_TIMEDOUT) {
		what = OUTBOUND_TIMEOUT;
		reason = request->sent ? "no answer in time" : "no connection in time";
	} else if (request->too_large) {
		reason = "answer too large";
	} else if (result == CURLE_ABORTED_BY_CALLBACK) {
		reason = "kept connection died after the request was written";
	}
	fail_request(request, what, reason, request->transfer.error == 0);
}

static void on_done(struct transfer *transfer, CURLcode result)
{
	struct outbound_request *request = request_of(transfer);
	struct outbound_peer *peer = request->peer;
	struct outbound_answer answer = {.result = OUTBOUND_ANSWER};

	leave_connection(request);
	if (result == CURLE_OUT_OF_MEMORY)
		transfer->error = ENOMEM;
	if (result == CURLE_OK) {
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer.status);
		answer.retry_after_ms = easy_retry_s(transfer->easy, answer.status) * 1000;
		breaker_succeeded(&peer->breaker);
		answer_request(request, &answer);
	} else {
		request->sent = request->sent && easy_has_written(transfer->easy);
		if (request->sent || !try_next(request))
			fail_transfer(request, result);
	}
	advance(peer);
}

static void on_stuck(struct transfer *transfer)
{
	uv_timer_start(&request_of(transfer)->timer, on_timer, 0, 0);
}

/* -- waiting -- */

/* The timer fired during a transfer: the time of this address is over, or that of the request, or
 * the transfer is stuck. */
static void on_transfer_timer(struct outbound_request *request)
{
	struct outbound_peer *peer = request->peer;
	int64_t now = clock_monotonic_ms();
	bool connecting = !request->transfer.connected;

	if (now < request->deadline_ms && !connecting && request->transfer.error == 0) {
		set_timer(request, request->deadline_ms);
		return;
	}
	/* The address has answered, so TLS may use all that is left of the time to connect. */
	if (connecting && now < request->connect_deadline_ms && request->transfer.error == 0 &&
		easy_is_connected(request->transfer.easy)) {
		set_timer(request, request->connect_deadline_ms);
		return;
	}
	request->sent = request->sent && easy_has_written(request->transfer.easy);
	multi_cancel(peer->outbound->multi, &request->transfer);
	leave_connection(request);
	if (!connecting || !try_next(request))
		fail_transfer(request, CURLE_OPERATION_TIMEDOUT);
	advance(peer);
}

static void on_timer(uv_timer_t *timer)
{
	struct outbound_request *request = timer->data;

	if (request->state == UNDER_WAY)
		on_transfer_timer(request);
	else if (request->state == WAITING)
		/* Without an address the lookup was too slow: blame the peer. Without a free
		 * connection the requests that hold one report on the peer. */
		fail_request(request, OUTBOUND_TIMEOUT,
			request->peer->addresses.count == 0 ? "the name lookup took too long"
							    : "no connection became free in time",
			request->peer->addresses.count == 0);
	else
		answer_request(request, &request->refused);
}

static void fail_waiting(struct outbound_peer *peer, enum outbound_result result, const char *why)
{
	while (!TAILQ_EMPTY(&peer->waiting))
		fail_request(TAILQ_FIRST(&peer->waiting), result, why, true);
}

/* Looks up the peer's addresses again (names.h) when it is time to. */
static enum name_state renew_addresses(struct outbound_peer *peer, const char **why_r)
{
	enum name_state state;

	if (clock_monotonic_ms() < peer->look_again_ms)
		return NAME_KNOWN;
	state = name_lookup(peer->name, &peer->addresses, &peer->look_again_ms, why_r);
	if (state != NAME_KNOWN) {
		peer->addresses.count = 0;
		peer->look_again_ms = 0;
	}
	return state;
}

/* Starts the waiting requests while there are addresses and free connections. */
static void advance(struct outbound_peer *peer)
{
	const char *why = NULL;

	while (!TAILQ_EMPTY(&peer->waiting) && peer->connections < peer->connections_max) {
		struct outbound_request *request = TAILQ_FIRST(&peer->waiting);
		enum name_state state = renew_addresses(peer, &why);

		if (state == NAME_ASKED)
			return;
		if (state != NAME_KNOWN) {
			fail_waiting(peer,
				state == NAME_TIMED_OUT ? OUTBOUND_TIMEOUT : OUTBOUND_UNREACHABLE,
				why);
			return;
		}
		TAILQ_REMOVE(&peer->waiting, request, waiting);
		request->state = ENDED;
		request->addresses = peer->addresses;
		if (try_address(request) != 0)
			fail_request(request, OUTBOUND_UNREACHABLE, "out of memory", false);
	}
}

static void on_names_changed(uv_async_t *async)
{
	struct outbound *outbound = async->data;
	struct outbound_peer *peer;

	LIST_FOREACH(peer, &outbound->peers, all)
	advance(peer);
}

/* Called on the resolver's thread. */
static void wake_loop(void *context)
{
	struct outbound *outbound = context;

	uv_async_send(&outbound->names_changed);
}

/* -- requests -- */

static void on_start(uv_timer_t *timer)
{
	struct outbound_request *request = timer->data;

	set_timer(request, request->connect_deadline_ms);
	advance(request->peer);
}

/* Refuses to send the request; `done` is called in the next turn of the loop. */
static void refuse(struct outbound_request *request, int64_t retry_after_ms)
{
	request->state = ENDED;
	request->refused = (struct outbound_answer){.result = OUTBOUND_BUSY,
		.retry_after_ms = retry_after_ms,
		.reason =
			"the platform failed repeatedly and is not asked for a while, or too many "
			"requests wait for it"};
	uv_timer_start(&request->timer, on_timer, 0, 0);
}

static int start(struct outbound_request *request, const char *target, int64_t timeout_ms)
{
	struct outbound_peer *peer = request->peer;
	int64_t now = clock_monotonic_ms();
	CURL *easy = take_handle(peer);
	const char *why;

	if (easy == NULL)
		return -1;
	request->transfer.easy = easy;
	gauge_add(METRIC_EXCHANGES_IN_FLIGHT, 1);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->detail);
	if (trace_used() != NULL)
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
			easy_trace(&request->trace_field, peer->outbound->headers));
	request->deadline_ms = now + (timeout_ms > 0 ? timeout_ms : peer->timeout_ms);
	request->connect_deadline_ms = now + peer->connect_timeout_ms;
	if (request->connect_deadline_ms > request->deadline_ms)
		request->connect_deadline_ms = request->deadline_ms;
	if (curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target) != CURLE_OK)
		return -1;
	if (TAILQ_EMPTY(&peer->waiting) && peer->connections < peer->connections_max &&
		renew_addresses(peer, &why) == NAME_KNOWN) {
		request->addresses = peer->addresses;
		return try_address(request);
	}
	request->state = WAITING;
	TAILQ_INSERT_TAIL(&peer->waiting, request, waiting);
	uv_timer_start(&request->timer, on_start, 0, 0);
	return 0;
}

int outbound_get(struct outbound_peer *peer, const char *target, int64_t timeout_ms,
	outbound_done *done, void *context)
{
	struct outbound_request *request = calloc(1, sizeof *request);
	int64_t retry_after_ms = 1000;

	if (request == NULL)
		return -1;
	request->peer = peer;
	request->done = done;
	request->context = context;
	request->body = BUFFER_INIT(OUTBOUND_BODY_MAX);
	uv_timer_init(peer->outbound->loop, &request->timer);
	request->timer.data = request;
	peer->requests++;
	peer->in_flight++;
	if (peer->in_flight > peer->in_flight_max ||
		!breaker_allows(&peer->breaker, clock_monotonic_ms(), &retry_after_ms)) {
		refuse(request, retry_after_ms);
		return 0;
	}
	if (start(request, target, timeout_ms) == 0)
		return 0;
	breaker_abandoned(&peer->breaker);
	end_request(request);
	return -1;
}

/* -- the whole -- */

struct outbound *outbound_new(uv_loop_t *loop)
{
	struct outbound *outbound = xcalloc(1, sizeof *outbound);

	outbound->loop = loop;
	LIST_INIT(&outbound->peers);
	outbound->headers = curl_slist_append(NULL, "Accept: application/json");
	/* libcurl would format the line of CURLOPT_ACCEPT_ENCODING twice for each request. */
	if (outbound->headers != NULL &&
		curl_slist_append(outbound->headers, "Accept-Encoding: identity") == NULL)
		xno_memory();
	outbound->multi = multi_new(loop, on_done, on_stuck);
	if (outbound->headers == NULL ||
		uv_async_init(loop, &outbound->names_changed, on_names_changed) != 0)
		xno_memory();
	outbound->names_changed.data = outbound;
	uv_unref((uv_handle_t *)&outbound->names_changed);
	names_notify(wake_loop, outbound);
	return outbound;
}

void outbound_limit(struct outbound *outbound, unsigned connections)
{
	multi_limit(outbound->multi, connections);
}

static void free_outbound(uv_handle_t *async)
{
	free(async->data);
}

void outbound_free(struct outbound **outbound)
{
	struct outbound *o = *outbound;

	*outbound = NULL;
	if (o == NULL)
		return;
	names_notify(NULL, NULL);
	names_stop();
	/* A reload that is under way may free its peers after this. */
	while (!LIST_EMPTY(&o->peers)) {
		LIST_FIRST(&o->peers)->listed = false;
		LIST_REMOVE(LIST_FIRST(&o->peers), all);
	}
	multi_free(&o->multi);
	curl_slist_free_all(o->headers);
	uv_close((uv_handle_t *)&o->names_changed, free_outbound);
}
