/* SPDX-License-Identifier: MIT */
#include "platform/shared/conference.h"

#include "base/text.h"

#include <ctype.h>
#include <strings.h>

/* Characters of the parameters after an id. */
#define CONFERENCE_PARAMETERS                                                                      \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789?&=;:%._~-+/!$'()*,@ "

static const char scheme[] = "sip:", middle[] = ";gruu;opaque=app:conf:focus:id:";

static bool is_alphanumeric(const char *text)
{
	return text_is_token(text, 1, CONFERENCE_ID_MAX, "");
}

int conference_set(
	struct conference *conference, const char *user, const char *domain, const char *id)
{
	if (!text_is_token(user, 1, CONFERENCE_USER_MAX, "_.+'-") || !text_is_host(domain) ||
		strchr(domain, ':') != NULL || strlen(domain) > CONFERENCE_DOMAIN_MAX ||
		!is_alphanumeric(id))
		return -1;
	memcpy(conference->user, user, strlen(user) + 1);
	memcpy(conference->domain, domain, strlen(domain) + 1);
	memcpy(conference->id, id, strlen(id) + 1);
	conference->program = CONFERENCE_ANY;
	return 0;
}

int conference_parse(const char *uri, struct conference *conference)
{
	char copy[CONFERENCE_TEXT_MAX], *at, *rest;

	if (strncasecmp(uri, scheme, sizeof scheme - 1) != 0 ||
		snprintf(copy, sizeof copy, "%s", uri + sizeof scheme - 1) >= (int)sizeof copy)
		return -1;
	at = strchr(copy, '@');
	rest = at != NULL ? strcasestr(at, middle) : NULL;
	if (rest == NULL)
		return -1;
	*at = *rest = '\0';
	return conference_set(conference, copy, at + 1, rest + sizeof middle - 1);
}

/* Skips the "conf:" or "meet:" that invitations have before the URI, and returns which program it
 * names. */
static char *skip_program(char *text, enum conference_program *program)
{
	static const struct {
		const char *prefix;
		enum conference_program program;
	} rows[] = {{"conf:", CONFERENCE_LYNC}, {"meet:", CONFERENCE_LIVE_MEETING}};

	*program = CONFERENCE_ANY;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strncasecmp(text, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
			*program = rows[i].program;
			text += strlen(rows[i].prefix);
			return text + strspn(text, " ");
		}
	return text;
}

/* Takes a character. Mail programs percent-encode the separators of the URI. */
static char take_character(const char **text)
{
	static const struct {
		const char *encoded;
		char separator;
	} rows[] = {{"%3a", ':'}, {"%3b", ';'}, {"%3d", '='}, {"%40", '@'}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strncasecmp(*text, rows[i].encoded, 3) == 0) {
			*text += 3;
			return rows[i].separator;
		}
	return *(*text)++;
}

/* Copies the URI without spaces after semicolons, as documents print them, and without parameters
 * after its id, such as "%3Fconf-key=KEY". Returns -1 if it is too long or has characters that
 * parameters cannot have. */
static int copy_address(const char *text, char address[CONFERENCE_TEXT_MAX])
{
	size_t length = 0;

	text += strspn(text, " ");
	while (*text != '\0' && *text != '?' && strncasecmp(text, "%3f", 3) != 0) {
		if (*text == ' ' && text[strspn(text, " ")] == '\0')
			break;
		if (length + 1 >= CONFERENCE_TEXT_MAX)
			return -1;
		address[length] = take_character(&text);
		if (address[length] != ' ' || length == 0 || address[length - 1] != ';')
			length++;
	}
	address[length] = '\0';
	return strlen(text) < CONFERENCE_TEXT_MAX &&
			       text[strspn(text, CONFERENCE_PARAMETERS)] == '\0'
		       ? 0
		       : -1;
}

/* Copies without the blanks, and the angle brackets or quotes, in which mails print an address. */
static int unwrap(const char *text, char *copy, size_t size)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	if (length > 1 && ((text[0] == '<' && text[length - 1] == '>') ||
				  (text[0] == '"' && text[length - 1] == '"'))) {
		text++;
		length -= 2;
	}
	return snprintf(copy, size, "%.*s", (int)length, text) < (int)size ? 0 : -1;
}

int conference_read(const char *text, struct conference *conference)
{
	char typed[2 * CONFERENCE_TEXT_MAX], copy[CONFERENCE_TEXT_MAX], *domain, *id, *user;
	enum conference_program program;
	int rc = -1;

	if (unwrap(text, typed, sizeof typed) != 0 || copy_address(typed, copy) != 0)
		return -1;
	domain = skip_program(copy, &program);
	if (strncasecmp(domain, scheme, sizeof scheme - 1) == 0) {
		rc = conference_parse(domain, conference);
	} else if (program == CONFERENCE_ANY) {
		user = strsep(&domain, "@");
		id = domain;
		domain = strsep(&id, "/");
		if (id != NULL && id[0] != '\0' && id[strlen(id) - 1] == '/')
			id[strlen(id) - 1] = '\0';
		rc = id != NULL ? conference_set(conference, user, domain, id) : -1;
	}
	conference->program = program;
	return rc;
}

void conference_write(const struct conference *conference, char uri[CONFERENCE_TEXT_MAX])
{
	snprintf(uri, CONFERENCE_TEXT_MAX, "%s%s@%s%s%s", scheme, conference->user,
		conference->domain, middle, conference->id);
}

void conference_name(const struct conference *conference, char name[CONFERENCE_TEXT_MAX])
{
	char *slash;

	snprintf(name, CONFERENCE_TEXT_MAX, "%s@%s/%s", conference->user, conference->domain,
		conference->id);
	slash = strrchr(name, '/');
	for (char *at = name; *at != '\0'; at++)
		*at = (char)(at < slash ? tolower((unsigned char)*at)
					: toupper((unsigned char)*at));
}
