/* SPDX-License-Identifier: MIT */
#include "platform/shared/talk.h"

#include "base/clock.h"
#include "platform/shared/answer.h"

#include <stdarg.h>

enum { HEADERS_MAX = 5, HEADER_MAX = 8192 };

struct talk talk_for(const struct platform_peer *peer, const struct platform_grant *grant)
{
	return (struct talk){peer->fetch, grant->deadline, grant->retry_after, grant->error};
}

struct talk talk_begin(const struct platform_peer *peer, struct error *error)
{
	return (struct talk){peer->fetch, clock_monotonic_ms() + peer->timeout_ms, NULL, error};
}

int64_t talk_hurry(struct talk *talk, int part)
{
	int64_t whole = talk->deadline, now = clock_monotonic_ms();

	if (whole > now)
		talk->deadline = now + (whole - now) / part;
	return whole;
}

static enum platform_verdict verdict_of_fetch(enum fetch_result result)
{
	switch (result) {
	case FETCH_ANSWER:
		return PLATFORM_GRANTED;
	case FETCH_UNREACHABLE:
		return PLATFORM_UNREACHABLE;
	case FETCH_TIMEOUT:
		return PLATFORM_TIMEOUT;
	case FETCH_BROKEN:
		break;
	}
	return PLATFORM_BAD_ANSWER;
}

static void put_headers(
	const struct talk_request *request, struct buffer texts[HEADERS_MAX], size_t *count_r)
{
	size_t count = 0;

	buffer_printf(&texts[count++], "Accept: %s",
		request->accept != NULL ? request->accept : "application/json");
	if (request->header != NULL)
		buffer_text(&texts[count++], request->header);
	if (request->bearer != NULL)
		buffer_printf(&texts[count++], "Authorization: Bearer %s", request->bearer);
	if (request->body != NULL) {
		buffer_printf(&texts[count++], "Content-Type:%s%s",
			request->media_type[0] ? " " : "", request->media_type);
		/* For longer bodies libcurl would wait a second for "100 Continue". */
		buffer_text(&texts[count++], "Expect:");
	}
	*count_r = count;
}

/* For 429 and 503 with Retry-After: the platform has not processed the request. */
static enum platform_verdict be_busy(const struct talk *talk, const struct fetch_answer *answer)
{
	error_set(talk->error, "the platform asks to retry in %lld s (HTTP %ld)",
		(long long)answer->retry_after, answer->status);
	if (talk->retry_after != NULL)
		*talk->retry_after = answer->retry_after;
	return PLATFORM_BUSY;
}

enum platform_verdict talk_send(
	const struct talk *talk, const struct talk_request *request, struct fetch_answer *answer)
{
	struct buffer texts[HEADERS_MAX];
	const char *headers[HEADERS_MAX + 1] = {NULL};
	struct fetch_request what = {
		.url = request->url,
		.headers = headers,
		.body = request->body,
		.method = request->method,
		.body_length = request->body != NULL ? strlen(request->body) : 0,
		.timeout_ms = talk->deadline - clock_monotonic_ms(),
		.keep = request->keep,
		.body_max = request->body_max,
		.repeatable = request->body == NULL || request->idempotent,
	};
	enum platform_verdict verdict = PLATFORM_GRANTED;
	size_t count = 0;

	*answer = (struct fetch_answer){0};
	if (what.timeout_ms <= 0) {
		error_set(talk->error, "the time for all requests to the platform ran out");
		return PLATFORM_TIMEOUT;
	}
	for (size_t i = 0; i < HEADERS_MAX; i++)
		texts[i] = BUFFER_INIT(HEADER_MAX);
	put_headers(request, texts, &count);
	for (size_t i = 0; i < count; i++) {
		headers[i] = texts[i].data;
		if (texts[i].failed)
			verdict = PLATFORM_UNABLE;
	}
	if (verdict == PLATFORM_GRANTED)
		verdict = verdict_of_fetch(fetch_do(talk->fetch, &what, answer, talk->error));
	else
		error_set(talk->error, "the access token is too long for a header");
	for (size_t i = 0; i < HEADERS_MAX; i++)
		buffer_wipe(&texts[i]);
	if (verdict == PLATFORM_GRANTED && answer->retry_after > 0)
		verdict = be_busy(talk, answer);
	return verdict;
}

json_t *talk_json(const struct talk *talk, const struct fetch_answer *answer)
{
	if (strstr(answer->content_type, "json") != NULL && answer->body.data != NULL)
		return answer_object(answer->body.data, answer->body.length, talk->error);
	error_set(talk->error, "the answer is not JSON");
	return NULL;
}

enum platform_verdict talk_bad(const struct talk *talk, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (talk->error != NULL)
		vsnprintf(talk->error->text, sizeof talk->error->text, format, args);
	va_end(args);
	return PLATFORM_BAD_ANSWER;
}

int talk_put_json(struct buffer *buffer, json_t *document)
{
	char *text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;

	json_decref(document);
	if (text == NULL)
		return -1;
	buffer_text(buffer, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return buffer->failed ? -1 : 0;
}

void talk_put_field(struct buffer *form, const char *name, const char *value)
{
	buffer_printf(form, "%s%s=", form->length > 0 ? "&" : "", name);
	buffer_percent(form, value);
}
