/* SPDX-License-Identifier: MIT */
#include "outbound/fetch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "outbound/easy.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>

enum { IDLE_MAX = 64 }; /* idle handles that are kept; each has its own connection */

/* An easy handle, and the connection that it keeps between requests. */
struct handle {
	CURL *easy;
	CURLM *multi;
	curl_socket_t socket; /* CURL_SOCKET_BAD: no connection is kept */
	int64_t until_ms;     /* monotonic: how long the connection may be idle */
};

struct fetch {
	char *ca_file;
	int64_t connect_timeout_ms, timeout_ms;
	pthread_mutex_t lock; /* guards the members below */
	struct trust *trust;  /* NULL: not loaded yet */
	struct handle idle[IDLE_MAX];
	size_t idle_count;
};

/* One request under way. */
struct transfer {
	CURL *easy;
	struct buffer *body;
	size_t head_length;
	int64_t keep_ms;
	bool repeatable, sent, too_large;
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

	transfer->head_length += size * count;
	transfer->too_large = transfer->head_length > EASY_HEAD_MAX;
	transfer->keep_ms = easy_keep_ms(bytes, size * count, transfer->keep_ms);
	return transfer->too_large ? 0 : size * count;
}

/* CURLOPT_PREREQFUNCTION, called right before the request is written. A second call means that
 * libcurl wrote to a kept connection that had died, and would now write again on a new one. */
static int begin_writing(void *context, char *local, char *remote, int local_port, int remote_port)
{
	struct transfer *transfer = context;

	if (!transfer->repeatable && !easy_may_write(transfer->easy, transfer->sent))
		return CURL_PREREQFUNC_ABORT;
	transfer->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* -- handles -- */

static void free_handle(struct handle *handle)
{
	curl_easy_cleanup(handle->easy);
	curl_multi_cleanup(handle->multi);
}

/* An easy handle of its own for each request: curl_easy_reset() cannot say that it found no memory,
 * and would leave a handle that never works again. The connections are in the multi handle. */
static struct handle complete(struct handle handle)
{
	handle.easy = curl_easy_init();
	if (handle.easy != NULL && handle.multi != NULL)
		return handle;
	free_handle(&handle);
	return (struct handle){0};
}

/* False if the peer has closed an idle connection or sent something unasked. */
static bool is_quiet(curl_socket_t socket)
{
	char byte;

	return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* Takes an idle handle or makes one. `easy` is NULL if memory ran out. */
static struct handle take_handle(struct fetch *fetch)
{
	struct handle handle = {0};

	pthread_mutex_lock(&fetch->lock);
	if (fetch->idle_count > 0)
		handle = fetch->idle[--fetch->idle_count];
	pthread_mutex_unlock(&fetch->lock);
	if (handle.multi == NULL)
		return complete(
			(struct handle){.multi = curl_multi_init(), .socket = CURL_SOCKET_BAD});
	if (handle.socket != CURL_SOCKET_BAD &&
		(clock_monotonic_ms() >= handle.until_ms || !is_quiet(handle.socket)))
		easy_shut(handle.socket);
	return complete(handle);
}

/* Keeps the handle's connection for the next request. */
static void return_handle(struct fetch *fetch, struct handle *handle)
{
	bool kept;

	curl_easy_cleanup(handle->easy);
	handle->easy = NULL;
	pthread_mutex_lock(&fetch->lock);
	kept = fetch->idle_count < IDLE_MAX;
	if (kept)
		fetch->idle[fetch->idle_count++] = *handle;
	pthread_mutex_unlock(&fetch->lock);
	if (!kept)
		free_handle(handle);
}

/* Loads the certificates at the first call. NULL with an error. */
static struct trust *trust_of(struct fetch *fetch, struct error *error)
{
	struct trust *trust;

	pthread_mutex_lock(&fetch->lock);
	if (fetch->trust == NULL)
		fetch->trust = trust_use(fetch->ca_file, error);
	trust = fetch->trust;
	pthread_mutex_unlock(&fetch->lock);
	return trust;
}

static int set_safety(CURL *easy, struct trust *trust)
{
	CURLcode code = easy_set_safety(easy, trust) == 0 ? CURLE_OK : CURLE_OUT_OF_MEMORY;

	EASY_SET(code, easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	EASY_SET(code, easy, CURLOPT_PATH_AS_IS, 1L);
	return code == CURLE_OK ? 0 : -1;
}

/* The caller frees *headers_r after the transfer, also if this fails. */
static int set_headers(CURL *easy, const struct fetch_request *request, struct trace_field *trace,
	struct curl_slist **headers_r)
{
	struct curl_slist *longer;

	for (const char *const *header = request->headers; header != NULL && *header != NULL;
		header++) {
		longer = curl_slist_append(*headers_r, *header);
		if (longer == NULL)
			return -1;
		*headers_r = longer;
	}
	return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, easy_trace(trace, *headers_r)) == CURLE_OK
		       ? 0
		       : -1;
}

static int set_request(CURL *easy, const struct fetch_request *request, struct trace_field *trace,
	struct curl_slist **headers_r)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, request->url);

	if (rc == CURLE_OK && request->body != NULL) {
		rc = curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
		if (rc == CURLE_OK)
			rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		if (rc == CURLE_OK && request->method != NULL)
			rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	if (rc == CURLE_OK && request->user != NULL) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		rc = curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
		if (rc == CURLE_OK)
			rc = curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
	}
	return rc == CURLE_OK ? set_headers(easy, request, trace, headers_r) : -1;
}

static void set_callbacks(CURL *easy, struct transfer *transfer)
{
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begin_writing);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

/* -- reading the answer -- */

/* The value of the field with this name and index; NULL if there is none. */
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

/* The max-age of Cache-Control (RFC 9111 5.2); 0 for no-store and no-cache, -1 if not set. */
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
	answer->retry_after = easy_retry_s(easy, answer->status);
	read_content_type(easy, answer);
	read_location(easy, answer);
	read_challenge(easy, answer);
	read_kept(easy, request->keep, answer);
	if (control != NULL)
		answer->max_age = age_of(control);
	buffer_append(&answer->body, "", 0);
}

/* -- errors -- */

/* Reads the host of a URL, which the caller frees with curl_free(), and writes "host:port: " into
 * `place`, for errors. -1 if it is not a URL of http or https. */
static int read_host(const char *url, char **host_r, struct buffer *place)
{
	bool http = strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0;
	CURLU *parts = http ? curl_url() : NULL;
	char *port = NULL;

	*host_r = NULL;
	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK) {
		curl_url_get(parts, CURLUPART_HOST, host_r, 0);
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	}
	if (*host_r != NULL && port != NULL)
		buffer_printf(place, "%s:%s: ", *host_r, port);
	curl_free(port);
	curl_url_cleanup(parts);
	return *host_r != NULL ? 0 : -1;
}

static const char *reason_of(const struct run *run, const struct transfer *transfer, CURLcode code)
{
	if (transfer->too_large)
		return "the answer is too large";
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return "a kept connection died after the request was written";
	return run->why;
}

static enum fetch_result result_of(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_OK)
		return FETCH_ANSWER;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return FETCH_TIMEOUT;
	return transfer->sent ? FETCH_BROKEN : FETCH_UNREACHABLE;
}

/* -- the whole -- */

struct fetch *fetch_new(const struct fetch_settings *settings, struct error *error)
{
	struct fetch *fetch = xcalloc(1, sizeof *fetch);

	pthread_mutex_init(&fetch->lock, NULL);
	fetch->ca_file = xstrdup(settings->ca_file != NULL ? settings->ca_file : "");
	fetch->connect_timeout_ms = settings->connect_timeout_ms;
	fetch->timeout_ms = settings->timeout_ms;
	if (fetch->ca_file[0] == '\0' || trust_of(fetch, error) != NULL)
		return fetch;
	fetch_free(&fetch);
	return NULL;
}

void fetch_free(struct fetch **fetch)
{
	struct fetch *f = *fetch;

	*fetch = NULL;
	if (f == NULL)
		return;
	while (f->idle_count > 0)
		free_handle(&f->idle[--f->idle_count]);
	trust_drop(&f->trust);
	pthread_mutex_destroy(&f->lock);
	free(f->ca_file);
	free(f);
}

static int64_t timeout_of(const struct fetch *fetch, const struct fetch_request *request)
{
	if (request->timeout_ms > 0 &&
		(fetch->timeout_ms <= 0 || request->timeout_ms < fetch->timeout_ms))
		return request->timeout_ms;
	return fetch->timeout_ms;
}

/* Sends the request. `run` has the name, and `trust` is set for https. */
static enum fetch_result send_request(struct fetch *fetch, struct handle *handle, struct run *run,
	struct trust *trust, const struct fetch_request *request, struct fetch_answer *answer,
	struct error *error)
{
	struct transfer transfer = {.easy = handle->easy,
		.body = &answer->body,
		.keep_ms = EASY_KEEP_MS,
		.repeatable = request->repeatable};
	struct curl_slist *headers = NULL;
	struct trace_field trace;
	enum fetch_result result = FETCH_UNREACHABLE;
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode code;

	if (set_safety(handle->easy, trust) != 0 ||
		set_request(handle->easy, request, &trace, &headers) != 0) {
		error_set(error, "libcurl cannot send this request");
		goto done;
	}
	set_callbacks(handle->easy, &transfer);
	run->multi = handle->multi;
	run->easy = handle->easy;
	run->connect_ms = fetch->connect_timeout_ms;
	run->timeout_ms = timeout_of(fetch, request);
	run->begun = &transfer.sent;
	run->detail = detail;
	curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, detail);
	code = easy_run(run);
	curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, NULL);
	handle->socket = run->socket;
	handle->until_ms = clock_monotonic_ms() + transfer.keep_ms;
	answer->unconnected = !transfer.sent;
	transfer.sent = transfer.sent && easy_has_written(handle->easy);
	result = result_of(&transfer, code);
	if (code == CURLE_OK)
		read_answer(handle->easy, request, answer);
	else
		error_set(error, "%s", reason_of(run, &transfer, code));
done:
	curl_slist_free_all(headers);
	return result;
}

enum fetch_result fetch_do(struct fetch *fetch, const struct fetch_request *request,
	struct fetch_answer *answer, struct error *error)
{
	struct buffer place = BUFFER_INIT(512);
	enum fetch_result result = FETCH_UNREACHABLE;
	bool tls = strncasecmp(request->url, "https:", 6) == 0;
	struct trust *trust = NULL;
	struct run run = {0};
	struct handle handle = {0};
	char *host;

	*answer = (struct fetch_answer){.max_age = -1,
		.body = BUFFER_INIT(request->body_max > 0 ? request->body_max : FETCH_BODY_MAX)};
	if (read_host(request->url, &host, &place) != 0) {
		error_set(error, "expected a URL that begins with http:// or https://");
		goto done;
	}
	if (tls && (trust = trust_of(fetch, error)) == NULL)
		goto done;
	run.name = name_use(host);
	handle = take_handle(fetch);
	if (run.name != NULL && handle.easy != NULL)
		result = send_request(fetch, &handle, &run, trust, request, answer, error);
	else
		error_set(error, "out of memory for a request");
done:
	if (result != FETCH_ANSWER && place.length > 0)
		error_prefix(error, "%s", place.data);
	if (handle.easy != NULL)
		return_handle(fetch, &handle);
	name_drop(&run.name);
	curl_free(host);
	buffer_release(&place);
	return result;
}

void fetch_answer_release(struct fetch_answer *answer)
{
	buffer_wipe(&answer->body);
	explicit_bzero(answer->location, sizeof answer->location);
	explicit_bzero(answer->challenge, sizeof answer->challenge);
}
