/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include "base/text.h"

enum {
	HEAD_FIRST = 2048, /* fits a redirect with a session cookie, so the head never grows */
};

static const char every_answer[] = "Cache-Control: no-store\r\n"
				   "Referrer-Policy: no-referrer\r\n"
				   "X-Content-Type-Options: nosniff\r\n";

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{302, "Found"},
	{200, "OK"},
	{303, "See Other"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{409, "Conflict"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

/* The reason phrase of a status, "Status" for an unknown one. */
static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

void response_init(struct response *response)
{
	*response = (struct response){
		.head = BUFFER_INIT(RESPONSE_HEAD_MAX),
		.body = BUFFER_INIT(RESPONSE_BODY_MAX),
	};
}

/* Allocates the head at once instead of six times. Without memory the first append fails. */
static void make_room(struct buffer *head)
{
	if (head->data != NULL)
		return;
	head->data = malloc(HEAD_FIRST);
	head->capacity = head->data != NULL ? HEAD_FIRST : 0;
}

void response_begin(struct response *response, int status, const char *request_id)
{
	char digits[] = {
		(char)('0' + status / 100 % 10),
		(char)('0' + status / 10 % 10),
		(char)('0' + status % 10),
		' ',
	};

	make_room(&response->head);
	buffer_clear(&response->head);
	buffer_clear(&response->body);
	response->status = status;
	buffer_text(&response->head, "Status: ");
	buffer_append(&response->head, digits, sizeof digits);
	buffer_text(&response->head, reason_of(status));
	buffer_text(&response->head, "\r\n");
	buffer_append(&response->head, every_answer, sizeof every_answer - 1);
	response_header(response, "X-Request-Id", request_id);
}

static bool is_header_name(const char *name)
{
	return text_is_token(name, 1, 256, "!#$%&'*+-.^_`|~");
}

static bool is_header_value(const char *value)
{
	while (text_has_class(*value, TEXT_PRINTABLE))
		value++;
	return *value == '\0';
}

static bool is_cookie_value(const char *value)
{
	return is_header_value(value) && strpbrk(value, " \",;\\") == NULL;
}

static int refuse(struct response *response)
{
	response->head.failed = true;
	return -1;
}

int response_header(struct response *response, const char *name, const char *value)
{
	struct buffer *head = &response->head;

	if (response->status == 0 || !is_header_name(name) || !is_header_value(value))
		return refuse(response);
	buffer_text(head, name);
	buffer_append(head, ": ", 2);
	buffer_text(head, value);
	buffer_append(head, "\r\n", 2);
	return head->failed ? -1 : 0;
}

int response_cookie(
	struct response *response, const char *name, const char *value, long long max_age)
{
	struct buffer *head = &response->head;

	if (response->status == 0 || !is_header_name(name) || !is_cookie_value(value))
		return refuse(response);
	buffer_text(head, "Set-Cookie: ");
	buffer_text(head, name);
	buffer_append(head, "=", 1);
	buffer_text(head, value);
	if (max_age >= 0)
		buffer_printf(head, "; Max-Age=%lld", max_age);
	buffer_text(head, "; Path=/; Secure; HttpOnly; SameSite=Lax\r\n");
	return head->failed ? -1 : 0;
}

bool response_is_broken(const struct response *response)
{
	return response->status == 0 || response->head.failed || response->body.failed;
}

void response_release(struct response *response)
{
	buffer_wipe(&response->head);
	buffer_wipe(&response->body);
	response->status = 0;
}
