/* SPDX-License-Identifier: MIT */
#include "outbound/client.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "outbound/breaker.h"
#include "outbound/multi.h"
#include "telemetry/metrics.h"

enum {
	IDLE_MAX = 128,	      /* easy handles kept per peer */
	HEAD_MAX = 32 * 1024, /* bytes of header lines an answer may have */
	RECEIVE_BUFFER =
		2 * 1024,	 /* thousands may be under way: libcurl's default is 16 KiB each */
	CONNECTION_AGE_MAX = 15, /* seconds idle: well below what servers keep, see sent_once() */
};

struct outbound {
	struct multi *multi;
	struct curl_slist *headers;
};

struct outbound_peer {
	struct outbound *outbound;
	CURLU *base; /* parsed once: parsing it for each request would be a fifth of libcurl's work
		      */
	bool tls;
	char *ca_file;
	int64_t connect_timeout_ms, timeout_ms;
	unsigned in_flight, in_flight_max;
	bool released;
	struct breaker breaker;
	CURL *idle[IDLE_MAX];
	size_t idle_count;
};

struct outbound_request {
	struct outbound_peer *peer;
	CURL *easy; /* NULL when nothing is sent: the breaker or the limit said no */
	outbound_done *done;
	void *context;
	bool sent, too_large;
	size_t head_length;
	struct buffer body;
	int64_t retry_after_ms;
};

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

	(void)bytes;
	request->head_length += size * count;
	request->too_large = request->head_length > HEAD_MAX;
	return request->too_large ? 0 : size * count;
}

/* CURLOPT_PREREQFUNCTION, called right before the request is written. A second time means that
 * libcurl found a kept connection dead after writing, and would write again on a new one. */
static int sent_once(void *context, char *local, char *remote, int local_port, int remote_port)
{
	struct outbound_request *request = context;

	(void)local, (void)remote, (void)local_port, (void)remote_port;
	if (request->sent)
		return CURL_PREREQFUNC_ABORT;
	request->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* -- peers -- */

static void free_peer(struct outbound_peer *peer)
{
	while (peer->idle_count > 0)
		curl_easy_cleanup(peer->idle[--peer->idle_count]);
	curl_url_cleanup(peer->base);
	free(peer->ca_file);
	free(peer);
}

struct outbound_peer *outbound_peer_new(
	struct outbound *outbound, const struct outbound_settings *settings, struct error *error)
{
	struct outbound_peer *peer = calloc(1, sizeof *peer);

	if (peer != NULL) {
		peer->outbound = outbound;
		peer->base = curl_url();
		peer->tls = strncmp(settings->base, "https:", 6) == 0;
		peer->ca_file = strdup(settings->ca_file != NULL ? settings->ca_file : "");
		peer->connect_timeout_ms = settings->connect_timeout_ms;
		peer->timeout_ms = settings->timeout_ms;
		peer->in_flight_max = settings->in_flight_max;
	}
	if (peer == NULL || peer->ca_file == NULL ||
		curl_url_set(peer->base, CURLUPART_URL, settings->base, 0) != CURLUE_OK) {
		error_set(error, "%s: libcurl does not take this address", settings->base);
		if (peer != NULL)
			free_peer(peer);
		return NULL;
	}
	return peer;
}

void outbound_peer_release(struct outbound_peer **peer)
{
	struct outbound_peer *p = *peer;

	*peer = NULL;
	if (p == NULL)
		return;
	p->released = true;
	if (p->in_flight == 0)
		free_peer(p);
}

/* All that is the same for every request to the peer; set once in a handle's life. */
static void prepare(struct outbound_peer *peer, CURL *easy)
{
	multi_prepare(peer->outbound->multi, easy);
	curl_easy_setopt(easy, CURLOPT_CURLU, peer->base);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, peer->tls ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, peer->outbound->headers);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not from the environment either */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_MAX);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)peer->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, sent_once);
	if (!peer->tls)
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	if (peer->ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, peer->ca_file);
}

static CURL *take_handle(struct outbound_peer *peer)
{
	CURL *easy;

	if (peer->idle_count > 0)
		return peer->idle[--peer->idle_count];
	easy = curl_easy_init();
	if (easy != NULL)
		prepare(peer, easy);
	return easy;
}

static void give_handle(struct outbound_peer *peer, CURL *easy)
{
	if (peer->idle_count == IDLE_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, NULL);
	peer->idle[peer->idle_count++] = easy;
}

/* -- requests -- */

static void free_request(struct outbound_request *request)
{
	struct outbound_peer *peer = request->peer;

	if (request->easy != NULL) {
		give_handle(peer, request->easy);
		gauge_add(METRIC_EXCHANGES_IN_FLIGHT, -1);
	}
	if (--peer->in_flight == 0 && peer->released)
		free_peer(peer);
	buffer_wipe(&request->body); /* it may hold an access token */
	free(request);
}

static void tell(struct outbound_request *request, struct outbound_answer *answer)
{
	answer->sent = request->sent;
	answer->body = request->body.data != NULL ? request->body.data : "";
	answer->length = request->body.length;
	request->done(request->context, answer);
	free_request(request);
}

/* What a failed transfer means, given whether the request went out. */
static void explain(
	const struct outbound_request *request, CURLcode result, struct outbound_answer *answer)
{
	answer->reason = curl_easy_strerror(result);
	if (result == CURLE_OPERATION_TIMEDOUT) {
		answer->result = OUTBOUND_TIMEOUT;
	} else if (!request->sent) {
		answer->result = OUTBOUND_UNREACHABLE;
	} else {
		answer->result = OUTBOUND_BROKEN;
		if (request->too_large)
			answer->reason = "answer too large";
		else if (result == CURLE_ABORTED_BY_CALLBACK)
			answer->reason = "kept connection died after the request was written";
	}
}

static void on_done(CURL *easy, CURLcode result)
{
	struct outbound_request *request;
	struct outbound_answer answer = {0};
	struct breaker *breaker;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
	breaker = &request->peer->breaker;
	if (result == CURLE_OK) {
		answer.result = OUTBOUND_ANSWER;
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
		breaker_succeeded(breaker);
	} else {
		explain(request, result, &answer);
		breaker_failed(breaker, clock_monotonic_ms());
	}
	tell(request, &answer);
}

static void free_timer(uv_handle_t *timer)
{
	free(timer);
}

static void on_later(uv_timer_t *timer)
{
	struct outbound_request *request = timer->data;
	struct outbound_answer answer = {.result = OUTBOUND_BUSY};

	answer.retry_after_ms = request->retry_after_ms;
	answer.reason = "breaker open or too many requests under way";
	uv_close((uv_handle_t *)timer, free_timer);
	tell(request, &answer);
}

/* Nothing is sent; `done` hears of it in the next turn of the loop. */
static int tell_later(struct outbound_request *request, uv_loop_t *loop)
{
	uv_timer_t *timer = malloc(sizeof *timer);

	if (timer == NULL)
		return -1;
	uv_timer_init(loop, timer);
	timer->data = request;
	uv_timer_start(timer, on_later, 0, 0);
	return 0;
}

static int start(struct outbound_request *request, const char *target, int64_t timeout_ms)
{
	struct outbound_peer *peer = request->peer;
	CURL *easy = take_handle(peer);

	if (easy == NULL)
		return -1;
	request->easy = easy;
	gauge_add(METRIC_EXCHANGES_IN_FLIGHT, 1);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	curl_easy_setopt(
		easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ms > 0 ? timeout_ms : peer->timeout_ms));
	if (curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target) != CURLE_OK)
		return -1;
	return multi_add(peer->outbound->multi, easy);
}

int outbound_get(struct outbound_peer *peer, const char *target, int64_t timeout_ms,
	outbound_done *done, void *context)
{
	struct outbound_request *request = calloc(1, sizeof *request);
	bool allowed;
	int rc;

	if (request == NULL)
		return -1;
	request->peer = peer;
	request->done = done;
	request->context = context;
	request->body = BUFFER_INIT(OUTBOUND_BODY_MAX);
	request->retry_after_ms = 1000;
	allowed = peer->in_flight < peer->in_flight_max &&
		  breaker_allows(&peer->breaker, clock_monotonic_ms(), &request->retry_after_ms);
	peer->in_flight++;
	rc = allowed ? start(request, target, timeout_ms)
		     : tell_later(request, multi_loop(peer->outbound->multi));
	if (rc != 0) {
		if (allowed)
			breaker_abandoned(&peer->breaker);
		free_request(request);
	}
	return rc;
}

/* -- the whole -- */

struct outbound *outbound_new(uv_loop_t *loop, struct error *error)
{
	struct outbound *outbound = calloc(1, sizeof *outbound);

	if (outbound == NULL) {
		error_set(error, "no memory for outbound requests");
		return NULL;
	}
	outbound->headers = curl_slist_append(NULL, "Accept: application/json");
	outbound->multi = multi_new(loop, on_done, error);
	if (outbound->multi == NULL || outbound->headers == NULL)
		outbound_free(&outbound);
	return outbound;
}

void outbound_free(struct outbound **outbound)
{
	struct outbound *o = *outbound;

	*outbound = NULL;
	if (o == NULL)
		return;
	multi_free(&o->multi);
	curl_slist_free_all(o->headers);
	free(o);
}
