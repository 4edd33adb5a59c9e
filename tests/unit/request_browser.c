/* SPDX-License-Identifier: MIT
 *
 * The browsers of request_fixture.h: requests as nginx hands them over, answers as they go over the
 * connection, cookies, links and forms.
 */
#include "request_site.h"

#include "base/buffer.h"

#include <fastcgi.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PARAMS_MAX = 64 * 1024, TEXTS_MAX = 16384, ANSWER_MAX = 512 * 1024 };

static struct answer *answers;
static char *texts[TEXTS_MAX]; /* what was made for the test */
static size_t text_count;

/* Takes it over, until the end of the test. */
static const char *keep(char *text)
{
	assert_non_null(text);
	assert_true(text_count < TEXTS_MAX);
	texts[text_count++] = text;
	return text;
}

void browsers_down(void)
{
	while (answers != NULL) {
		struct answer *answer = answers;

		answers = answer->next;
		if (answer->fd >= 0)
			close(answer->fd);
		free(answer->head);
		free(answer->body);
		free(answer);
	}
	while (text_count > 0)
		free(texts[--text_count]);
}

/* ---- requests ---- */

static void add(struct buffer *params, const char *name, const char *value)
{
	buffer_printf(params, "%s=%s", name, value);
	buffer_append(params, "", 1);
}

/* As nginx hands a path over. */
static void decode(char *path)
{
	char *to = path, code[3] = "";

	for (const char *from = path; *from != '\0'; from++) {
		if (*from == '%') {
			memcpy(code, from + 1, 2);
			*to++ = (char)strtol(code, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static void add_target(struct buffer *params, const char *target)
{
	const char *whole = target != NULL ? target : "";
	size_t length;
	char *path;

	if (strncmp(whole, ORIGIN, strlen(ORIGIN)) == 0)
		whole += strlen(ORIGIN);
	length = strcspn(whole, "?");
	if (strncmp(whole, MOUNT, strlen(MOUNT)) == 0)
		path = strndup(whole, length);
	else
		assert_true(asprintf(&path, MOUNT "%.*s", (int)length, whole) > 0);
	decode(path);
	add(params, "DOCUMENT_URI", path);
	add(params, "QUERY_STRING", whole[length] == '?' ? whole + length + 1 : "");
	free(path);
}

static void add_cookies(struct buffer *params, const struct browser *browser)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	for (size_t i = 0; i < sizeof browser->jar / sizeof *browser->jar; i++)
		if (browser->jar[i].name[0] != '\0')
			buffer_printf(&text, "%s%s=%s", text.length > 0 ? "; " : "",
				browser->jar[i].name, browser->jar[i].value);
	if (text.length > 0)
		add(params, "HTTP_COOKIE", text.data);
	buffer_release(&text);
}

static void fill_params(
	struct buffer *params, const struct browser *browser, const struct sent *what)
{
	const char *method = what->method != NULL ? what->method : "GET";
	const char *accept = "text/html,application/xhtml+xml,*/*;q=0.8";
	const char *site = what->site != NULL		 ? what->site
			   : strcmp(method, "POST") == 0 ? "same-origin"
							 : "";
	static unsigned id;
	char text[24];

	add(params, "REQUEST_METHOD", method);
	add_target(params, what->target);
	add(params, "REMOTE_ADDR", browser->address != NULL ? browser->address : "192.0.2.1");
	snprintf(text, sizeof text, "request-%u", ++id);
	add(params, "REQUEST_ID", text);
	add_cookies(params, browser);
	add(params, "HTTP_ACCEPT", what->accept != NULL ? what->accept : accept);
	if (site[0] != '\0')
		add(params, "HTTP_SEC_FETCH_SITE", site);
	if (what->type != NULL)
		add(params, "CONTENT_TYPE", what->type);
	snprintf(text, sizeof text, "%zu", what->body != NULL ? strlen(what->body) : 0);
	if (what->body != NULL)
		add(params, "CONTENT_LENGTH", text);
	for (size_t i = 0; i < sizeof what->more / sizeof *what->more && what->more[i] != NULL; i++)
		buffer_append(params, what->more[i], strlen(what->more[i]) + 1);
}

static void make_request(
	struct request *request, const struct browser *browser, const struct sent *what)
{
	const char *body = what->body != NULL ? what->body : "";
	struct buffer block = BUFFER_INIT(PARAMS_MAX);
	size_t params_size;

	fill_params(&block, browser, what);
	params_size = block.length;
	buffer_append(&block, body, strlen(body) + 1);
	assert_false(block.failed);
	request_init(request, block.data, params_size, strlen(body));
	switch (what->arrives) {
	case ARRIVES_WHOLE:
		break;
	case ARRIVES_LATE:
		request->arrival = REQUEST_LATE;
		break;
	case ARRIVES_BROKEN:
		request->arrival = REQUEST_BROKEN;
		break;
	case ARRIVES_TOO_LARGE:
		request->arrival = REQUEST_TOO_LARGE;
		break;
	case FINDS_NO_ROOM:
		request->arrival = REQUEST_NO_ROOM;
		break;
	}
}

/* ---- answers ---- */

struct answer *begin_it(struct browser *browser, const struct sent *what)
{
	struct answer *answer = calloc(1, sizeof *answer);
	struct request request;
	int ends[2], size = ANSWER_MAX;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	answer->browser = browser;
	answer->fd = ends[0];
	answer->next = answers;
	answers = answer;
	site_forget_log();
	make_request(&request, browser, what);
	site_receive(ends[1], &request);
	return answer;
}

void hang_up(struct answer *answer)
{
	close(answer->fd);
	answer->fd = -1;
}

/* Appends what came. False at the end. */
static bool receive(struct answer *answer, struct buffer *records)
{
	char bytes[16 * 1024];
	ssize_t got;

	while ((got = read(answer->fd, bytes, sizeof bytes)) > 0)
		buffer_append(records, bytes, (size_t)got);
	return got < 0;
}

/* The contents of all records of the stream. */
static void unpack(const struct buffer *records, struct buffer *text)
{
	for (size_t at = 0; at + sizeof(FCGI_Header) <= records->length;) {
		FCGI_Header header;
		size_t length;

		memcpy(&header, records->data + at, sizeof header);
		length = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;
		at += sizeof header;
		if (header.type == FCGI_STDOUT)
			buffer_append(text, records->data + at, length);
		at += length + header.paddingLength;
	}
}

static void take_cookie(struct browser *browser, const char *text)
{
	size_t name = strcspn(text, "="), value = strcspn(text + name + 1, ";");
	size_t at = 0, count = sizeof browser->jar / sizeof *browser->jar;

	while (at < count && (strlen(browser->jar[at].name) != name ||
				     strncmp(browser->jar[at].name, text, name) != 0))
		at++;
	for (size_t i = 0; at == count && i < count; i++)
		if (browser->jar[i].name[0] == '\0')
			at = i;
	assert_true(at < count);
	assert_true(value < sizeof browser->jar[at].value);
	snprintf(browser->jar[at].name, sizeof browser->jar[at].name, "%.*s", (int)name, text);
	snprintf(browser->jar[at].value, sizeof browser->jar[at].value, "%.*s", (int)value,
		text + name + 1);
	if (strstr(text, "; Max-Age=0") != NULL)
		browser->jar[at].name[0] = '\0';
}

/* Cuts it up: each line of the head ends in a NUL, and the head in an empty one. */
static void read_answer(struct answer *answer, const struct buffer *text)
{
	char *end = text->data != NULL ? strstr(text->data, "\r\n\r\n") : NULL;
	size_t length;

	if (end == NULL)
		return;
	length = (size_t)(end - text->data);
	answer->head = calloc(1, length + 3);
	answer->body = strdup(end + 4);
	memcpy(answer->head, text->data, length);
	for (char *at = answer->head; (at = strstr(at, "\r\n")) != NULL; at += 2)
		memset(at, 0, 2);
	assert_non_null(header(answer, "Status"));
	answer->status = (int)strtol(header(answer, "Status"), NULL, 10);
	for (const char *at = answer->head; *at != '\0'; at += strlen(at) + 2)
		if (strncmp(at, "Set-Cookie: ", 12) == 0)
			take_cookie(answer->browser, at + 12);
}

const struct answer *end_it(struct answer *answer)
{
	struct buffer records = BUFFER_INIT(2 * ANSWER_MAX), text = BUFFER_INIT(2 * ANSWER_MAX);

	if (answer->fd < 0)
		return answer;
	while (receive(answer, &records))
		site_turn();
	close(answer->fd);
	answer->fd = -1;
	unpack(&records, &text);
	read_answer(answer, &text);
	buffer_release(&records);
	buffer_release(&text);
	return answer;
}

const struct answer *send_it(struct browser *browser, const struct sent *what)
{
	return end_it(begin_it(browser, what));
}

const struct answer *visit(struct browser *browser, const char *target)
{
	return SEND(browser, .target = target);
}

const char *header(const struct answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = answer->head; at != NULL && *at != '\0'; at += strlen(at) + 2)
		if (strncasecmp(at, name, length) == 0 && strncmp(at + length, ": ", 2) == 0)
			return at + length + 2;
	return NULL;
}

const char *set_cookie(const struct answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = answer->head; at != NULL && *at != '\0'; at += strlen(at) + 2)
		if (strncmp(at, "Set-Cookie: ", 12) == 0 && strncmp(at + 12, name, length) == 0 &&
			at[12 + length] == '=')
			return at + 12;
	return NULL;
}

bool says(const struct answer *answer, const char *text)
{
	return answer->body != NULL && strstr(answer->body, text) != NULL;
}

const char *cut(const char *text, const char *start, const char *ends)
{
	const char *at = text != NULL ? strstr(text, start) : NULL;

	return at != NULL ? keep(strndup(at + strlen(start), strcspn(at + strlen(start), ends)))
			  : NULL;
}

const char *cookie(const struct browser *browser, const char *name)
{
	for (size_t i = 0; i < sizeof browser->jar / sizeof *browser->jar; i++)
		if (strcmp(browser->jar[i].name, name) == 0)
			return browser->jar[i].value;
	return NULL;
}

void forget_cookie(struct browser *browser, const char *name)
{
	for (size_t i = 0; i < sizeof browser->jar / sizeof *browser->jar; i++)
		if (strcmp(browser->jar[i].name, name) == 0)
			browser->jar[i].name[0] = '\0';
}

/* cmocka's print_error() has room for a thousand characters. */
__attribute__((noreturn)) static void give_up(
	const char *file, int line, const struct answer *answer, const char *why, const char *what)
{
	fprintf(stderr, "%s %s\n", why, what);
	if (answer != NULL && answer->body != NULL)
		fprintf(stderr, "%d\n%s\n", answer->status, answer->body);
	fprintf(stderr, "%s", site_log());
	_fail(file, line);
	abort();
}

/* ---- pages ---- */

/* A value of HTML. */
static const char *unescape(const char *from, size_t length)
{
	static const struct {
		const char *name, sign;
	} rows[] = {{"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}};
	char *text = calloc(1, length + 1), *to = text;

	for (const char *at = from; at < from + length;) {
		size_t i = 0, count = sizeof rows / sizeof *rows;

		while (i < count && strncmp(at, rows[i].name, strlen(rows[i].name)) != 0)
			i++;
		*to++ = i < count ? rows[i].sign : *at;
		at += i < count ? strlen(rows[i].name) : 1;
	}
	return keep(text);
}

/* An attribute of the tag that begins there; NULL. */
static const char *attribute(const char *tag, const char *name)
{
	const char *end = strchr(tag, '>'), *at;
	char start[64];

	snprintf(start, sizeof start, " %s=\"", name);
	at = strstr(tag, start);
	if (at == NULL || at > end)
		return NULL;
	at += strlen(start);
	return unescape(at, strcspn(at, "\""));
}

/* The first piece of the page from `start` to `end` in which the marker stands. */
static const char *find_piece(const struct answer *page, const char *start, const char *end,
	const char *marker, const char **end_r)
{
	const char *at = page->body;

	while (at != NULL && (at = strstr(at, start)) != NULL) {
		const char *found = marker != NULL ? strstr(at, marker) : at;

		*end_r = strstr(at, end);
		assert_non_null(*end_r);
		if (found != NULL && found < *end_r)
			return at;
		at = *end_r;
	}
	return NULL;
}

const char *link_of(const struct answer *page, const char *marker)
{
	const char *end, *at = find_piece(page, "<a ", "</a>", marker, &end);

	return at != NULL ? attribute(at, "href") : NULL;
}

const char *leads_to(const struct answer *answer)
{
	const char *end, *at, *address;

	if (header(answer, "Location") != NULL)
		return header(answer, "Location");
	if (answer->body == NULL)
		return NULL;
	at = find_piece(answer, "<meta http-equiv=\"refresh\"", ">", NULL, &end);
	address = at != NULL ? strstr(attribute(at, "content"), "url=") : NULL;
	return address != NULL ? address + 4 : NULL;
}

const struct answer *follow(struct browser *browser, const struct answer *answer)
{
	const char *address = leads_to(answer);
	char target[8192];

	if (address == NULL || (address[0] != '/' && strncmp(address, ORIGIN, strlen(ORIGIN)) != 0))
		give_up(__FILE__, __LINE__, answer,
			"leads to no page of ours:", address != NULL ? address : "");
	snprintf(target, sizeof target, "%.*s", (int)strcspn(address, "#"), address);
	return visit(browser, target);
}

static const char *find_form(const struct answer *page, const char *marker, const char **end_r)
{
	const char *at = find_piece(page, "<form ", "</form>", marker, end_r);

	if (at == NULL)
		fail_msg("%d: no form with %s: %s", page->status, marker != NULL ? marker : "",
			page->body);
	return at;
}

const char *form_body(const struct answer *page, const char *marker, const char *fields)
{
	const char *end, *at = find_form(page, marker, &end);
	struct buffer body = BUFFER_INIT(1 << 16);

	while ((at = strstr(at, "<input type=\"hidden\"")) != NULL && at < end) {
		buffer_text(&body, attribute(at, "name"));
		buffer_text(&body, "=");
		buffer_percent(&body, attribute(at, "value"));
		buffer_text(&body, "&");
		at++;
	}
	buffer_text(&body, fields);
	assert_false(body.failed);
	return keep(body.data);
}

const struct answer *submit(
	struct browser *browser, const struct answer *page, const char *marker, const char *fields)
{
	const char *end, *form = find_form(page, marker, &end);

	return SEND(browser, .method = "POST", .target = attribute(form, "action"),
		.type = "application/x-www-form-urlencoded",
		.body = form_body(page, marker, fields));
}

const struct answer *sign_in(struct browser *browser, const char *entry, const char *fields)
{
	const struct answer *answer = visit(browser, entry);

	assert_status(answer, 303);
	answer = follow(browser, answer);
	assert_status(answer, 200);
	return submit(browser, answer, NULL, fields);
}

/* ---- the log ---- */

/* The last line of an event; NULL. */
static const char *last_line(const char *event, unsigned *count_r)
{
	const char *last = NULL;
	char word[64];

	snprintf(word, sizeof word, " event=%s ", event);
	*count_r = 0;
	for (const char *at = site_log(); at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
		const char *found = strstr(at, word);

		if (found == NULL || found > strchr(at, '\n'))
			continue;
		last = at;
		++*count_r;
	}
	return last;
}

unsigned log_count(const char *event)
{
	unsigned count;

	last_line(event, &count);
	return count;
}

const char *log_field(const char *event, const char *name)
{
	unsigned count;
	const char *line = last_line(event, &count), *at;
	char start[64];

	snprintf(start, sizeof start, " %s=", name);
	at = line != NULL ? strstr(line, start) : NULL;
	if (at == NULL || at > strchr(line, '\n'))
		return NULL;
	at += strlen(start);
	return *at == '"' ? keep(strndup(at + 1, strcspn(at + 1, "\"")))
			  : keep(strndup(at, strcspn(at, " \n")));
}

bool log_says(const char *text)
{
	return strstr(site_log(), text) != NULL;
}

/* ---- assertions ---- */

void assert_status_at(const struct answer *answer, int wanted, const char *file, int line)
{
	if (answer->status != wanted)
		give_up(file, line, answer, "another status came", "");
}

void assert_says_at(
	const struct answer *answer, const char *text, bool wanted, const char *file, int line)
{
	if (says(answer, text) != wanted)
		give_up(file, line, answer, wanted ? "is not there:" : "is there:", text);
}

void assert_leads_at(const struct answer *answer, const char *text, const char *file, int line)
{
	const char *address = leads_to(answer);

	if (address == NULL || strstr(address, text) == NULL)
		give_up(file, line, answer, address != NULL ? address : "leads nowhere, but not to",
			text);
}

static bool has_field(const char *event, const char *field, size_t length)
{
	size_t name = strcspn(field, "=");
	char *copy = strndup(field, name);
	const char *value = log_field(event, copy);
	bool has;

	free(copy);
	if (length == name + 1)
		return value == NULL;
	has = value != NULL && strlen(value) == length - name - 1;
	return has && strncmp(value, field + name + 1, length - name - 1) == 0;
}

void assert_logged_at(const char *event, const char *fields, const char *file, int line)
{
	if (log_count(event) == 0)
		give_up(file, line, NULL, "no line of the event", event);
	for (const char *at = fields; *at != '\0';) {
		size_t length = strcspn(at, " ");

		if (length > 0 && !has_field(event, at, length))
			give_up(file, line, NULL, "is not in the last line of the event:", at);
		at += length + (at[length] == ' ');
	}
}

void assert_failure_at(const struct answer *answer, int status, const char *code,
	const char *sentence, const char *file, int line)
{
	char text[160];

	assert_status_at(answer, status, file, line);
	snprintf(text, sizeof text, "<code>%s</code>", code);
	assert_says_at(answer, text, true, file, line);
	snprintf(text, sizeof text, "(error.%s.%s)", code, sentence);
	assert_says_at(answer, text, true, file, line);
}
