/* SPDX-License-Identifier: MIT */
#include "platform/shared/conference.h"

#include "base/text.h"

#include <ctype.h>
#include <strings.h>

static const char scheme[] = "sip:", middle[] = ";gruu;opaque=app:conf:focus:id:";

static bool is_alphanumeric(const char *text)
{
	return text_is_token(text, 1, CONFERENCE_ID_MAX, "");
}

int conference_set(
	struct conference *conference, const char *user, const char *domain, const char *id)
{
	if (!text_is_token(user, 1, CONFERENCE_USER_MAX, "_.+-") || !text_is_host(domain) ||
		strchr(domain, ':') != NULL || strlen(domain) > CONFERENCE_DOMAIN_MAX ||
		!is_alphanumeric(id))
		return -1;
	memcpy(conference->user, user, strlen(user) + 1);
	memcpy(conference->domain, domain, strlen(domain) + 1);
	memcpy(conference->id, id, strlen(id) + 1);
	return 0;
}

int conference_parse(const char *uri, struct conference *conference)
{
	char copy[CONFERENCE_TEXT_MAX], *at, *rest;

	if (strncasecmp(uri, scheme, sizeof scheme - 1) != 0 ||
		snprintf(copy, sizeof copy, "%s", uri + sizeof scheme - 1) >= (int)sizeof copy)
		return -1;
	at = strchr(copy, '@');
	rest = at != NULL ? strstr(at, middle) : NULL;
	if (rest == NULL)
		return -1;
	*at = *rest = '\0';
	return conference_set(conference, copy, at + 1, rest + sizeof middle - 1);
}

int conference_read(const char *text, struct conference *conference)
{
	char copy[CONFERENCE_TEXT_MAX], *domain = copy, *id, *user;

	if (strncasecmp(text, scheme, sizeof scheme - 1) == 0)
		return conference_parse(text, conference);
	if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		return -1;
	user = strsep(&domain, "@");
	id = domain;
	if (id == NULL)
		return -1;
	domain = strsep(&id, "/");
	return id != NULL ? conference_set(conference, user, domain, id) : -1;
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
