/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "base/text.h"
#include "http/accept.h"
#include "http/params.h"
#include "secret/seal.h"

#include <arpa/inet.h>

/* The parameters that are read at once; request_param() reads others. */
enum field {
	METHOD,
	DOCUMENT_URI,
	SCRIPT_NAME,
	PATH_INFO,
	QUERY,
	CONTENT_LENGTH,
	CONTENT_TYPE,
	REMOTE_ADDR,
	ID,
	ACCEPT,
	ACCEPT_LANGUAGE,
	TRACEPARENT,
	COOKIE, /* from here on duplicates are refused */
	ORIGIN,
	FETCH_SITE,
	SEC_PURPOSE,
	PURPOSE,
	X_MOZ,
	FIELDS,
};

static const struct {
	const char *name;
	size_t length;
} fields[FIELDS] = {
#define FIELD(text)                                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}
	[METHOD] = FIELD("REQUEST_METHOD"),
	[DOCUMENT_URI] = FIELD("DOCUMENT_URI"),
	[SCRIPT_NAME] = FIELD("SCRIPT_NAME"),
	[PATH_INFO] = FIELD("PATH_INFO"),
	[QUERY] = FIELD("QUERY_STRING"),
	[CONTENT_LENGTH] = FIELD("CONTENT_LENGTH"),
	[CONTENT_TYPE] = FIELD("CONTENT_TYPE"),
	[REMOTE_ADDR] = FIELD("REMOTE_ADDR"),
	[ID] = FIELD("REQUEST_ID"),
	[COOKIE] = FIELD("HTTP_COOKIE"),
	[ACCEPT] = FIELD("HTTP_ACCEPT"),
	[ACCEPT_LANGUAGE] = FIELD("HTTP_ACCEPT_LANGUAGE"),
	[TRACEPARENT] = FIELD("HTTP_TRACEPARENT"),
	[ORIGIN] = FIELD("HTTP_ORIGIN"),
	[FETCH_SITE] = FIELD("HTTP_SEC_FETCH_SITE"),
	[SEC_PURPOSE] = FIELD("HTTP_SEC_PURPOSE"),
	[PURPOSE] = FIELD("HTTP_PURPOSE"),
	[X_MOZ] = FIELD("HTTP_X_MOZ"),
#undef FIELD
};

/* The result of a walk over the parameters. */
struct survey {
	const char *values[FIELDS]; /* NULL: missing */
	bool twice;		    /* a header came twice */
};

static enum field find_field(const char *param, size_t name_length)
{
	enum field field = 0;

	while (field < FIELDS && (fields[field].length != name_length ||
					 memcmp(param, fields[field].name, name_length) != 0))
		field++;
	return field;
}

static void survey_param(struct survey *survey, const char *param)
{
	const char *value = strchrnul(param, '=');
	enum field field = find_field(param, (size_t)(value - param));

	if (field == FIELDS || *value++ == '\0')
		return;
	/* Parameters that nginx sets may be replaced, and lists do no harm. But of two Cookie or
	 * Origin headers nobody can tell which one is meant. */
	if (field >= COOKIE && survey->values[field] != NULL)
		survey->twice |= strcmp(survey->values[field], value) != 0;
	if (field == TRACEPARENT && survey->values[field] != NULL)
		value = ""; /* invalid: it came twice */
	survey->values[field] = value;
}

/* The next parameter of the block, from NULL on; NULL after the last. */
static const char *next_param(const struct request *request, const char *param)
{
	size_t next = param == NULL ? 0 : (size_t)(param - request->block) + strlen(param) + 1;

	return next < request->params_size ? request->block + next : NULL;
}

/* Copies the text with its NUL to *at and advances *at. */
static char *put(char **at, const char *text)
{
	char *start = *at;
	size_t size = strlen(text) + 1;

	memcpy(start, text, size);
	*at += size;
	return start;
}

static const char *text_or_none(const char *text)
{
	return text != NULL ? text : "";
}

/* 0 or -1. */
static int set_path(struct request *request, const struct survey *survey)
{
	const char *script = text_or_none(survey->values[SCRIPT_NAME]);
	const char *rest = text_or_none(survey->values[PATH_INFO]);

	request->path = text_or_none(survey->values[DOCUMENT_URI]);
	if (request->path[0] != '\0' || (script[0] == '\0' && rest[0] == '\0'))
		return 0;
	if (asprintf(&request->joined_path, "%s%s", script, rest) < 0) {
		request->joined_path = NULL;
		return -1;
	}
	request->path = request->joined_path;
	return 0;
}

static enum http_method find_method(const char *name)
{
	if (strcmp(name, "GET") == 0)
		return HTTP_GET;
	if (strcmp(name, "HEAD") == 0)
		return HTTP_HEAD;
	if (strcmp(name, "OPTIONS") == 0)
		return HTTP_OPTIONS;
	return strcmp(name, "POST") == 0 ? HTTP_POST : HTTP_OTHER;
}

static void point(struct request *request, const struct survey *survey)
{
	static const enum field purposes[] = {SEC_PURPOSE, PURPOSE, X_MOZ};

	request->method = find_method(text_or_none(survey->values[METHOD]));
	request->query = text_or_none(survey->values[QUERY]);
	request->cookies = text_or_none(survey->values[COOKIE]);
	if (cookie_get(request->cookies, REQUEST_LANGUAGE_COOKIE, request->language,
		    sizeof request->language) != PARAM_ONCE)
		request->language[0] = '\0';
	request->accept = text_or_none(survey->values[ACCEPT]);
	request->accept_language = text_or_none(survey->values[ACCEPT_LANGUAGE]);
	request->content_type = text_or_none(survey->values[CONTENT_TYPE]);
	request->origin = text_or_none(survey->values[ORIGIN]);
	request->fetch_site = text_or_none(survey->values[FETCH_SITE]);
	for (size_t i = 0; i < 3 && request->purpose[0] == '\0'; i++)
		request->purpose = text_or_none(survey->values[purposes[i]]);
}

/* The client's address from nginx, or "" if it is not an address, which could only mislead. */
static const char *check_client(const char *address)
{
	struct in6_addr binary;

	if (inet_pton(AF_INET, address, &binary) == 1 || inet_pton(AF_INET6, address, &binary) == 1)
		return address;
	return strcmp(address, "unix:") == 0 ? address : "";
}

static void set_id(char id[REQUEST_ID_MAX + 1], const char *given)
{
	uint8_t random[16];

	if (given != NULL && strlen(given) <= REQUEST_ID_MAX &&
		text_is_token(given, 1, REQUEST_ID_MAX, "._-")) {
		memcpy(id, given, strlen(given) + 1);
		return;
	}
	seal_random(random, sizeof random);
	text_hex(random, sizeof random, id);
}

/* Checks that the request is complete and unambiguous. */
static int check(const struct request *request, const struct survey *survey)
{
	const char *length_text = survey->values[CONTENT_LENGTH];
	int64_t length = 0;

	if (survey->values[METHOD] == NULL || survey->values[METHOD][0] == '\0' || survey->twice)
		return -1;
	if (request->path[0] != '/')
		return -1;
	if (length_text != NULL && length_text[0] != '\0' &&
		text_to_number(length_text, 0, INT64_MAX, &length) != 0)
		return -1;
	if ((uint64_t)length != request->body_length)
		return -1;
	return memchr(request->body, '\0', request->body_length) != NULL ? -1 : 0;
}

int request_init(struct request *request, char *block, size_t params_size, size_t body_length)
{
	struct survey survey = {0};

	*request = (struct request){
		.block = block,
		.block_size = block != NULL ? params_size + body_length + 1 : 0,
		.params_size = params_size,
		.path = "",
		.purpose = "",
		.body = block != NULL ? block + params_size : "",
		.body_length = body_length,
	};
	for (const char *at = next_param(request, NULL); at != NULL; at = next_param(request, at))
		survey_param(&survey, at);
	set_id(request->id, survey.values[ID]);
	if (survey.values[TRACEPARENT] != NULL)
		trace_parse(&request->trace, survey.values[TRACEPARENT]);
	point(request, &survey);
	request->client = check_client(text_or_none(survey.values[REMOTE_ADDR]));
	if (set_path(request, &survey) != 0 || check(request, &survey) != 0)
		return -1;
	request->arrival = REQUEST_WHOLE;
	return 0;
}

const char *request_param(const struct request *request, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (const char *at = next_param(request, NULL); at != NULL; at = next_param(request, at)) {
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		if (value != NULL && strncmp(name, "HTTP_", 5) == 0)
			return NULL;
		value = at + length + 1;
	}
	return value;
}

/* The weights of JSON and HTML in Accept; of equal weights the second becomes 0. -1 if Accept
 * cannot be parsed. */
static int weigh_forms(const struct request *request, int *json_r, int *html_r)
{
	const char *at = request->accept;
	struct accept_item item;
	enum accept found;

	*json_r = *html_r = 0;
	while ((found = accept_next(&at, &item)) == ACCEPT_ITEM) {
		if (accept_is(&item, "application/json") && item.quality > *html_r)
			*json_r = item.quality;
		if (accept_is(&item, "text/html") && item.quality > *json_r)
			*html_r = item.quality;
	}
	return found == ACCEPT_END ? 0 : -1;
}

bool request_wants_json(const struct request *request)
{
	int json, html;

	return weigh_forms(request, &json, &html) == 0 && json > html;
}

bool request_wants_page(const struct request *request)
{
	int json, html;

	return weigh_forms(request, &json, &html) == 0 && html > json;
}

void request_shrink(struct request *request)
{
	struct request kept = *request;
	char *at;

	kept.block_size = strlen(request->accept) + strlen(request->accept_language) +
			  strlen(request->client) + strlen(request->fetch_site) + 4;
	kept.block = malloc(kept.block_size);
	if (kept.block == NULL)
		return; /* harmless: shrinking only saves memory */
	at = kept.block;
	kept.accept = put(&at, request->accept);
	kept.accept_language = put(&at, request->accept_language);
	kept.client = put(&at, request->client);
	kept.fetch_site = put(&at, request->fetch_site);
	kept.path = kept.query = kept.cookies = kept.content_type = kept.body = "";
	kept.origin = kept.purpose = "";
	kept.body_length = 0;
	kept.params_size = 0;
	kept.joined_path = NULL;
	request_release(request);
	*request = kept;
}

void request_release(struct request *request)
{
	if (request->block != NULL)
		explicit_bzero(request->block, request->block_size);
	free(request->block);
	free(request->joined_path);
	*request = (struct request){0};
}
