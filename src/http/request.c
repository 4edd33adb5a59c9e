/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "base/text.h"
#include "http/accept.h"
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
	[ORIGIN] = FIELD("HTTP_ORIGIN"),
	[FETCH_SITE] = FIELD("HTTP_SEC_FETCH_SITE"),
	[SEC_PURPOSE] = FIELD("HTTP_SEC_PURPOSE"),
	[PURPOSE] = FIELD("HTTP_PURPOSE"),
	[X_MOZ] = FIELD("HTTP_X_MOZ"),
#undef FIELD
};

/* The result of a walk over the parameters. The block keeps their order, so offsets are known
 * before the block exists. */
struct survey {
	const char *values[FIELDS]; /* NULL: missing */
	size_t offsets[FIELDS];	    /* of the value, in the block */
	size_t count, size;	    /* of the parameters, the NULs counted */
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
	size_t name_length = strcspn(param, "="), length = strlen(param);
	enum field field = find_field(param, name_length);

	if (field != FIELDS && name_length < length) {
		const char *value = param + name_length + 1;

		/* Parameters that nginx sets may be replaced, and lists do no harm. But of two
		 * Cookie or Origin headers nobody can tell which one is meant. */
		if (field >= COOKIE && survey->values[field] != NULL)
			survey->twice |= strcmp(survey->values[field], value) != 0;
		survey->values[field] = value;
		survey->offsets[field] = survey->size + name_length + 1;
	}
	survey->count++;
	survey->size += length + 1;
}

/* The size of a path joined from two parameters, NUL included; 0 if DOCUMENT_URI is the path. */
static size_t joined_path_size(const struct survey *survey)
{
	size_t size = 1;

	if (survey->values[DOCUMENT_URI] != NULL && survey->values[DOCUMENT_URI][0] != '\0')
		return 0;
	for (enum field field = SCRIPT_NAME; field <= PATH_INFO; field++)
		size += survey->values[field] != NULL ? strlen(survey->values[field]) : 0;
	return size;
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

/* Makes the two blocks and copies everything into them. 0 or -1. */
static int copy_all(
	struct request *request, const struct survey *survey, char *const *envp, const char *body)
{
	size_t path_size = joined_path_size(survey);
	char *at;

	request->block_size = survey->size + request->body_length + 1 + path_size;
	request->block = malloc(request->block_size);
	request->params = calloc(survey->count + 1, sizeof *request->params);
	if (request->block == NULL || request->params == NULL)
		return -1;
	at = request->block;
	for (size_t i = 0; i < survey->count; i++)
		request->params[i] = put(&at, envp[i]);
	request->body = at;
	if (request->body_length > 0)
		memcpy(at, body, request->body_length);
	at[request->body_length] = '\0';
	at += request->body_length + 1;
	if (path_size == 0) {
		request->path = request->block + survey->offsets[DOCUMENT_URI];
		return 0;
	}
	request->path = at;
	at[0] = '\0';
	for (enum field field = SCRIPT_NAME; field <= PATH_INFO; field++)
		if (survey->values[field] != NULL) {
			put(&at, survey->values[field]);
			at--;
		}
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

static const char *field_text(
	const struct request *request, const struct survey *survey, enum field field)
{
	return survey->values[field] != NULL ? request->block + survey->offsets[field] : "";
}

static void point(struct request *request, const struct survey *survey)
{
	static const enum field purposes[] = {SEC_PURPOSE, PURPOSE, X_MOZ};

	request->method = find_method(field_text(request, survey, METHOD));
	request->query = field_text(request, survey, QUERY);
	request->cookies = field_text(request, survey, COOKIE);
	request->accept = field_text(request, survey, ACCEPT);
	request->accept_language = field_text(request, survey, ACCEPT_LANGUAGE);
	request->content_type = field_text(request, survey, CONTENT_TYPE);
	request->origin = field_text(request, survey, ORIGIN);
	request->fetch_site = field_text(request, survey, FETCH_SITE);
	for (size_t i = 0; i < 3 && request->purpose[0] == '\0'; i++)
		request->purpose = field_text(request, survey, purposes[i]);
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

int request_init(struct request *request, char *const *envp, const char *body, size_t body_length)
{
	struct survey survey = {0};

	*request = (struct request){
		.path = "",
		.query = "",
		.cookies = "",
		.accept = "",
		.accept_language = "",
		.content_type = "",
		.origin = "",
		.fetch_site = "",
		.purpose = "",
		.client = "",
		.body = "",
		.body_length = body_length,
	};
	for (size_t i = 0; envp[i] != NULL; i++)
		survey_param(&survey, envp[i]);
	set_id(request->id, survey.values[ID]);
	if (copy_all(request, &survey, envp, body) != 0) {
		request->body_length = 0;
		return -1;
	}
	point(request, &survey);
	request->client = check_client(field_text(request, &survey, REMOTE_ADDR));
	if (check(request, &survey) != 0)
		return -1;
	request->arrival = REQUEST_WHOLE;
	return 0;
}

const char *request_param(const struct request *request, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; request->params != NULL && request->params[i] != NULL; i++) {
		const char *param = request->params[i];

		if (strncmp(param, name, length) != 0 || param[length] != '=')
			continue;
		if (value != NULL && strncmp(name, "HTTP_", 5) == 0)
			return NULL;
		value = param + length + 1;
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
	kept.params = NULL;
	request_release(request);
	*request = kept;
}

void request_release(struct request *request)
{
	if (request->block != NULL)
		explicit_bzero(request->block, request->block_size);
	free(request->block);
	free(request->params);
	*request = (struct request){0};
}
