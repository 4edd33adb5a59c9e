/* SPDX-License-Identifier: MIT */
#include "outbound/fetch.h"

#include "base/text.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>

enum {
	IDLE_MAX = 16,		 /* easy handles kept; each has its own connections */
	HEAD_MAX = 32 * 1024,	 /* bytes of header lines an answer may have */
	CONNECTION_AGE_MAX = 15, /* seconds idle: well below what servers keep, see sent_once() */
};

struct fetch {
	char *ca_file;
	int64_t connect_timeout_ms, timeout_ms;
	pthread_mutex_t lock; /* guards what follows */
	CURL *idle[IDLE_MAX];
	size_t idle_count;
};

/* One request under way. */
struct transfer {
	struct buffer *body;
	size_t head_length;
	bool sent, too_large;
};

/* -- callbacks of libcurl -- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	buffer_append(transfer->body, bytes, size * count);
	transfer->too_large = transfer->body->failed;
	return transfer->too_large ? 0 : size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	(void)bytes;
	transfer->head_length += size * count;
	transfer->too_large = transfer->head_length > HEAD_MAX;
	return transfer->too_large ? 0 : size * count;
}

/* CURLOPT_PREREQFUNCTION, called right before the request is written. A second time means that
 * libcurl found a kept connection dead after writing, and would write again on a new one. */
static int sent_once(void *context, char *local, char *remote, int local_port, int remote_port)
{
	struct transfer *transfer = context;

	(void)local, (void)remote, (void)local_port, (void)remote_port;
	if (transfer->sent)
		return CURL_PREREQFUNC_ABORT;
	transfer->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* -- handles -- */

static CURL *take_handle(struct fetch *fetch)
{
	CURL *easy = NULL;

	pthread_mutex_lock(&fetch->lock);
	if (fetch->idle_count > 0)
		easy = fetch->idle[--fetch->idle_count];
	pthread_mutex_unlock(&fetch->lock);
	return easy != NULL ? easy : curl_easy_init();
}

/* Forgets the request; the connections stay. */
static void give_handle(struct fetch *fetch, CURL *easy)
{
	curl_easy_reset(easy);
	pthread_mutex_lock(&fetch->lock);
	if (fetch->idle_count < IDLE_MAX) {
		fetch->idle[fetch->idle_count++] = easy;
		easy = NULL;
	}
	pthread_mutex_unlock(&fetch->lock);
	curl_easy_cleanup(easy);
}

static void set_safety(const struct fetch *fetch, CURL *easy, bool tls)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not from the environment either */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_MAX);
	if (!tls)
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	if (fetch->ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, fetch->ca_file);
}

static void set_times(const struct fetch *fetch, CURL *easy, const struct fetch_request *request)
{
	int64_t timeout_ms = fetch->timeout_ms;

	if (request->timeout_ms > 0 && (timeout_ms <= 0 || request->timeout_ms < timeout_ms))
		timeout_ms = request->timeout_ms;
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
}

/* *headers_r is the caller's, and is to live until the transfer is over. */
static int set_headers(
	CURL *easy, const struct fetch_request *request, struct curl_slist **headers_r)
{
	struct curl_slist *longer;

	for (const char *const *header = request->headers; header != NULL && *header != NULL;
		header++) {
		longer = curl_slist_append(*headers_r, *header);
		if (longer == NULL)
			return -1;
		*headers_r = longer;
	}
	return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers_r) == CURLE_OK ? 0 : -1;
}

static int set_request(
	CURL *easy, const struct fetch_request *request, struct curl_slist **headers_r)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, request->url);

	if (rc == CURLE_OK && request->body != NULL) {
		rc = curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
		if (rc == CURLE_OK)
			rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	if (rc == CURLE_OK && request->user != NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		rc = curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
		if (rc == CURLE_OK)
			rc = curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
	}
	return rc == CURLE_OK ? set_headers(easy, request, headers_r) : -1;
}

static void set_callbacks(CURL *easy, struct transfer *transfer)
{
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, sent_once);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

/* -- what came back -- */

/* The header of that name and number; NULL when there is none. */
static const char *header_of(CURL *easy, const char *name, size_t index)
{
	struct curl_header *header;

	if (curl_easy_header(easy, name, index, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

static void read_content_type(CURL *easy, struct fetch_answer *answer)
{
	const char *value = header_of(easy, "Content-Type", 0);
	size_t length = value != NULL ? strcspn(value, "; \t") : 0;

	if (length >= sizeof answer->content_type)
		return;
	for (size_t i = 0; i < length; i++)
		answer->content_type[i] = (char)tolower((unsigned char)value[i]);
}

static void read_location(CURL *easy, struct fetch_answer *answer)
{
	const char *value = header_of(easy, "Location", 0);

	if (value != NULL && strlen(value) < sizeof answer->location)
		memcpy(answer->location, value, strlen(value) + 1);
}

static void read_challenge(CURL *easy, struct fetch_answer *answer)
{
	const char *value;
	size_t used = 0;

	for (size_t i = 0; (value = header_of(easy, "WWW-Authenticate", i)) != NULL; i++) {
		size_t length = strlen(value);

		if (length + 2 > sizeof answer->challenge - used)
			return;
		memcpy(answer->challenge + used, value, length);
		used += length;
		answer->challenge[used++] = '\n';
		answer->challenge[used] = '\0';
	}
}

/* RFC 9111 5.2: directives by commas, names without case. no-store and no-cache are an age of 0. */
static int64_t age_of(const char *directives)
{
	int64_t age = -1, number;
	char digits[12];

	while (*directives != '\0') {
		size_t length;

		directives += strspn(directives, " \t,");
		length = strcspn(directives, " \t,");
		if ((length == 8 && strncasecmp(directives, "no-store", length) == 0) ||
			(length == 8 && strncasecmp(directives, "no-cache", length) == 0))
			return 0;
		if (length > 8 && length - 8 < sizeof digits &&
			strncasecmp(directives, "max-age=", 8) == 0) {
			snprintf(digits, sizeof digits, "%.*s", (int)(length - 8), directives + 8);
			if (text_to_number(digits, 0, INT32_MAX, &number) == 0)
				age = number;
		}
		directives += length;
	}
	return age;
}

static void read_kept(CURL *easy, const char *const *keep, struct fetch_answer *answer)
{
	for (size_t i = 0; keep != NULL && i < FETCH_KEPT_MAX && keep[i] != NULL; i++) {
		const char *value = header_of(easy, keep[i], 0);

		if (value != NULL && text_is_visible_ascii(value) &&
			strlen(value) < sizeof answer->kept[i])
			memcpy(answer->kept[i], value, strlen(value) + 1);
	}
}

static void read_answer(
	CURL *easy, const struct fetch_request *request, struct fetch_answer *answer)
{
	const char *control = header_of(easy, "Cache-Control", 0);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
	read_content_type(easy, answer);
	read_location(easy, answer);
	read_challenge(easy, answer);
	read_kept(easy, request->keep, answer);
	if (control != NULL)
		answer->max_age = age_of(control);
	buffer_append(&answer->body, "", 0);
}

/* -- errors -- */

static void set_error(const char *url, const char *reason, struct error *error)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL;

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK) {
		curl_url_get(parts, CURLUPART_HOST, &host, 0);
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	}
	if (host != NULL && port != NULL)
		error_set(error, "%s:%s: %s", host, port, reason);
	else
		error_set(error, "%s", reason);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
}

static enum fetch_result explain(const struct fetch_request *request,
	const struct transfer *transfer, CURLcode code, struct error *error)
{
	const char *reason = curl_easy_strerror(code);

	if (transfer->too_large)
		reason = "the answer is too large";
	else if (code == CURLE_ABORTED_BY_CALLBACK)
		reason = "a kept connection died after the request was written";
	set_error(request->url, reason, error);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return FETCH_TIMEOUT;
	return transfer->sent ? FETCH_BROKEN : FETCH_UNREACHABLE;
}

/* -- the whole -- */

struct fetch *fetch_new(const struct fetch_settings *settings)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);

	if (fetch == NULL)
		return NULL;
	fetch->ca_file = strdup(settings->ca_file != NULL ? settings->ca_file : "");
	if (fetch->ca_file == NULL) {
		free(fetch);
		return NULL;
	}
	fetch->connect_timeout_ms = settings->connect_timeout_ms;
	fetch->timeout_ms = settings->timeout_ms;
	pthread_mutex_init(&fetch->lock, NULL);
	return fetch;
}

void fetch_free(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	*fetch = NULL;
	if (f == NULL)
		return;
	while (f->idle_count > 0)
		curl_easy_cleanup(f->idle[--f->idle_count]);
	pthread_mutex_destroy(&f->lock);
	free(f->ca_file);
	free(f);
}

enum fetch_result fetch_do(struct fetch *fetch, const struct fetch_request *request,
	struct fetch_answer *answer, struct error *error)
{
	struct transfer transfer = {.body = &answer->body};
	struct curl_slist *headers = NULL;
	enum fetch_result result;
	CURLcode code;
	CURL *easy = take_handle(fetch);

	*answer = (struct fetch_answer){.max_age = -1,
		.body = BUFFER_INIT(request->body_max > 0 ? request->body_max : FETCH_BODY_MAX)};
	if (easy == NULL || set_request(easy, request, &headers) != 0) {
		set_error(request->url, "no memory for a request", error);
		result = FETCH_UNREACHABLE;
		goto done;
	}
	set_safety(fetch, easy, strncasecmp(request->url, "https:", 6) == 0);
	set_times(fetch, easy, request);
	set_callbacks(easy, &transfer);
	code = curl_easy_perform(easy);
	if (code == CURLE_OK) {
		read_answer(easy, request, answer);
		result = FETCH_ANSWER;
	} else {
		result = explain(request, &transfer, code, error);
		answer->unconnected = !transfer.sent;
	}
done:
	if (easy != NULL)
		give_handle(fetch, easy);
	curl_slist_free_all(headers);
	return result;
}

void fetch_answer_release(struct fetch_answer *answer)
{
	buffer_wipe(&answer->body);
	explicit_bzero(answer->location, sizeof answer->location);
	explicit_bzero(answer->challenge, sizeof answer->challenge);
}
