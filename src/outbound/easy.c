/* SPDX-License-Identifier: MIT */
#include "outbound/easy.h"

#include "base/clock.h"

#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	DRAIN_MAX = 64, /* reads before a connection is closed */
	RETRY_S = 10,	/* for a 429 without Retry-After */
	RETRY_MAX_S = 600,
};

int easy_set_safety(CURL *easy, struct trust *trust)
{
	CURLcode code = CURLE_OK;

	EASY_SET(code, easy, CURLOPT_PROTOCOLS_STR, trust != NULL ? "https" : "http");
	/* "" also ignores the proxy variables of the environment */
	EASY_SET(code, easy, CURLOPT_PROXY, "");
	EASY_SET(code, easy, CURLOPT_NOPROXY, "*");
	EASY_SET(code, easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(code, easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* With HTTP/2, libcurl does not tell a request that the server never processed from one
	 * that failed. */
	EASY_SET(code, easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Asks for an unencoded body. If the server encodes it all the same, libcurl decodes it. */
	EASY_SET(code, easy, CURLOPT_ACCEPT_ENCODING, "identity");
	if (trust == NULL)
		return code == CURLE_OK ? 0 : -1;
	EASY_SET(code, easy, CURLOPT_SSL_VERIFYPEER, 1L);
	EASY_SET(code, easy, CURLOPT_SSL_VERIFYHOST, 2L);
	EASY_SET(code, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return code == CURLE_OK ? trust_apply(trust, easy) : -1;
}

void easy_aim(CURL *easy, struct aim *aim, const char *address)
{
	bool six = strchr(address, ':') != NULL;

	snprintf(aim->text, sizeof aim->text, six ? "::[%s]:" : "::%s:", address);
	aim->list = (struct curl_slist){.data = aim->text};
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &aim->list);
}

struct curl_slist *easy_trace(struct trace_field *field, struct curl_slist *headers)
{
	const struct trace *trace = trace_used();
	char traceparent[TRACE_PARENT_SIZE];

	if (trace == NULL)
		return headers;
	trace_format(trace, traceparent);
	snprintf(field->text, sizeof field->text, "traceparent: %s", traceparent);
	field->list = (struct curl_slist){.data = field->text, .next = headers};
	return &field->list;
}

int64_t easy_share_ms(int64_t left_ms, size_t others)
{
	int64_t share = left_ms / (int64_t)(others + 1);

	if (share < EASY_SHARE_MIN_MS)
		share = EASY_SHARE_MIN_MS;
	return share < left_ms ? share : left_ms;
}

bool easy_is_connected(CURL *easy)
{
	curl_off_t when = 0;

	return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &when) == CURLE_OK && when > 0;
}

bool easy_has_written(CURL *easy)
{
	long bytes = 0;

	return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

bool easy_may_write(CURL *easy, bool sent)
{
	return !sent || !easy_has_written(easy);
}

const char *easy_why(CURLcode code, const char *detail)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return detail[0] != '\0' ? detail : curl_easy_strerror(code);
	default:
		return curl_easy_strerror(code);
	}
}

/* The syntax is that of RFC 2068, 19.7.1.1, to which RFC 9112, C.2.2 refers. */
int64_t easy_keep_ms(const char *line, size_t length, int64_t keep_ms)
{
	static const char name[] = "keep-alive:", parameter[] = "timeout=";
	char text[128];
	const char *at;
	int64_t seconds = 0;

	if (length < sizeof name || length >= sizeof text ||
		strncasecmp(line, name, sizeof name - 1) != 0)
		return keep_ms;
	memcpy(text, line, length);
	text[length] = '\0';
	at = strcasestr(text, parameter);
	if (at == NULL || !isdigit((unsigned char)at[sizeof parameter - 1]))
		return keep_ms;
	for (at += sizeof parameter - 1; isdigit((unsigned char)*at) && seconds < 3600; at++)
		seconds = seconds * 10 + (*at - '0');
	seconds = seconds > 1 ? seconds * 1000 - 1000 : seconds * 500;
	return seconds < keep_ms ? seconds : keep_ms;
}

int64_t easy_retry_s(CURL *easy, long status)
{
	curl_off_t seconds = 0;

	if (status != 429 && status != 503)
		return 0;
	if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0)
		return status == 429 ? RETRY_S : 0;
	return seconds < RETRY_MAX_S ? seconds : RETRY_MAX_S;
}

/* Reads what the socket still holds: libcurl 7.88 considers a TLS connection alive if a
 * close_notify is waiting in it. */
void easy_shut(curl_socket_t socket)
{
	char bytes[4096];

	shutdown(socket, SHUT_RDWR);
	for (int i = 0; i < DRAIN_MAX && recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
		;
}

/* -- running a transfer -- */

static CURLcode read_result(struct run *run)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(run->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			return message->data.result;
	return CURLE_FAILED_INIT;
}

/* Runs the transfer to one address: TCP may take until `tcp_ms`, TLS until `connect_ms`, everything
 * until `end_ms` (monotonic). */
static CURLcode run_once(struct run *run, int64_t tcp_ms, int64_t connect_ms, int64_t end_ms)
{
	int running = 1;

	for (;;) {
		int64_t left;

		if (curl_multi_perform(run->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (running == 0)
			return read_result(run);
		left = *run->begun ? end_ms : easy_is_connected(run->easy) ? connect_ms : tcp_ms;
		left -= clock_monotonic_ms();
		if (left <= 0)
			return CURLE_OPERATION_TIMEDOUT;
		curl_multi_poll(run->multi, NULL, 0, (int)(left < 1000 ? left : 1000), NULL);
	}
}

static CURLcode run_at(
	struct run *run, const char *address, int64_t tcp_ms, int64_t connect_ms, int64_t end_ms)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;
	struct aim aim;

	run->detail[0] = '\0';
	easy_aim(run->easy, &aim, address);
	if (curl_multi_add_handle(run->multi, run->easy) == CURLM_OK) {
		code = run_once(run, tcp_ms, connect_ms, end_ms);
		if (code == CURLE_OK)
			curl_easy_getinfo(run->easy, CURLINFO_ACTIVESOCKET, &run->socket);
		curl_multi_remove_handle(run->multi, run->easy);
	}
	curl_easy_setopt(run->easy, CURLOPT_CONNECT_TO, NULL);
	run->why = easy_why(code, run->detail);
	return code;
}

CURLcode easy_run(struct run *run)
{
	int64_t now = clock_monotonic_ms(), end_ms = now + run->timeout_ms;
	int64_t connect_ms = now + run->connect_ms < end_ms ? now + run->connect_ms : end_ms;
	CURLcode code = CURLE_COULDNT_RESOLVE_HOST;
	struct addresses addresses = {0};
	enum name_state state = name_wait(run->name, connect_ms, &addresses, &run->why);

	run->socket = CURL_SOCKET_BAD;
	if (state == NAME_TIMED_OUT)
		code = CURLE_OPERATION_TIMEDOUT;
	for (size_t i = 0; state == NAME_KNOWN && i < addresses.count; i++) {
		now = clock_monotonic_ms();
		if (i > 0 && now >= connect_ms)
			break;
		code = run_at(run, addresses.text[i],
			now + easy_share_ms(connect_ms - now, addresses.count - i - 1), connect_ms,
			end_ms);
		if (code == CURLE_OK || *run->begun || code == CURLE_LOGIN_DENIED)
			return code;
		name_bad(run->name, addresses.text[i]);
	}
	name_doubt(run->name);
	return code;
}
