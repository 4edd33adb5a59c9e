/* SPDX-License-Identifier: MIT */
#include "secret/store.h"

#include "base/text.h"

#include <ctype.h>

enum { BACKEND_MAX = 64, HOST_MAX = 259 }; /* bytes of a title: a backend, a platform */

/* "NAME/SUBJECT" */
static bool is_subject(const char *text)
{
	const char *slash = strchr(text, '/');
	char title[BACKEND_MAX + 1] = "";

	if (slash == NULL || slash - text > BACKEND_MAX)
		return false;
	memcpy(title, text, (size_t)(slash - text));
	return text_is_token(title, 1, BACKEND_MAX, "_.-") &&
	       text_is_token(slash + 1, 1, STORE_NAME_MAX, "._~%-");
}

static bool is_host(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (isupper((unsigned char)*c))
			return false;
	return text_is_host(name);
}

/* "HOST/MEETING" */
static bool is_meeting(const char *text)
{
	const char *slash = strchr(text, '/');
	char host[HOST_MAX + 1] = "";

	if (slash == NULL || slash - text > HOST_MAX)
		return false;
	memcpy(host, text, (size_t)(slash - text));
	return is_host(host) && text_is_token(slash + 1, 1, STORE_NAME_MAX, "._~%@+/'-");
}

int store_check_name(const char *name, struct error *error)
{
	static const char backend[] = "backend/", totp[] = "totp/", meeting[] = "meeting/";
	bool good;

	if (strncmp(name, backend, sizeof backend - 1) == 0)
		good = text_is_token(name + sizeof backend - 1, 1, BACKEND_MAX, "_.-");
	else if (strncmp(name, totp, sizeof totp - 1) == 0)
		good = strlen(name) <= STORE_NAME_MAX && is_subject(name + sizeof totp - 1);
	else if (strncmp(name, meeting, sizeof meeting - 1) == 0)
		good = strlen(name) <= STORE_NAME_MAX && is_meeting(name + sizeof meeting - 1);
	else
		good = is_host(name);
	if (good)
		return 0;
	return error_set(error,
		"a secret's name is a platform's host name in lower case, backend/NAME, "
		"meeting/PLATFORM/MEETING or totp/NAME/SUBJECT");
}

int store_check_value(const struct secret *value, struct error *error)
{
	const char *text = secret_text(value);
	size_t length = secret_length(value);

	if (length < 1 || length > SECRET_MAX)
		return error_set(error, "a secret has 1 to %d bytes", SECRET_MAX);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return error_set(error,
				"the secret has a control character (a line break, a tab, …) at "
				"byte %zu",
				i + 1);
	if (strspn(text, ".") == length)
		return error_set(error,
			"a secret must not consist of dots only: it could not be part of a URL");
	return 0;
}
