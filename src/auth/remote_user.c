/* SPDX-License-Identifier: MIT
 *
 * Backend "remote-user": who the web server says it is, in FastCGI parameters that the
 * configuration names. For what nginx can check and we cannot: client certificates, Kerberos, a
 * service behind auth_request. A parameter that a visitor could write is refused: everything rests
 * on nginx being the only one to set them.
 */
#include "auth/auth.h"

enum { PARAMETER_MAX = 64 }; /* bytes of a name */

struct condition {
	char name[PARAMETER_MAX + 1];
	const char *value; /* the settings' */
};

/* Strings are the settings'; "" for a parameter that is not wanted. */
struct instance {
	const char *user, *name, *email, *groups;
	const char *realm; /* "": any, and none is taken off */
	char separator;
	struct condition *conditions;
	size_t condition_count;
};

static const struct option options[] = {
	{"user", OPTION_STRING, "MEETAUTH_USER", "parameter with the user's name"},
	{"name", OPTION_STRING, NULL, "parameter with the display name"},
	{"email", OPTION_STRING, NULL, "parameter with a verified e-mail address"},
	{"groups", OPTION_STRING, NULL, "parameter with the groups"},
	{"groups-separator", OPTION_STRING, ",", "what stands between two groups"},
	{"realm", OPTION_STRING, NULL, "users are USER@REALM; others are nobody"},
	{"require", OPTION_LIST, NULL, "PARAMETER=VALUE that must hold, or there is nobody"},
	{0},
};

/* What the visitor's request decides, or part of it. nginx fills $remote_user, which the stock
 * fastcgi_params hand on as REMOTE_USER, from any Authorization header, whether it checked it or
 * not. */
static const char *const visitors[] = {"AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE",
	"DOCUMENT_URI", "HTTPS", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING", "REMOTE_ADDR",
	"REMOTE_HOST", "REMOTE_IDENT", "REMOTE_PORT", "REMOTE_USER", "REQUEST_ID", "REQUEST_METHOD",
	"REQUEST_SCHEME", "REQUEST_URI", "SCRIPT_FILENAME", "SCRIPT_NAME", "SERVER_NAME",
	"SERVER_PORT", "SERVER_PROTOCOL"};

static bool is_visitors(const char *name)
{
	for (size_t i = 0; i < sizeof visitors / sizeof *visitors; i++)
		if (strcmp(visitors[i], name) == 0)
			return true;
	return false;
}

static bool is_parameter(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length > 0 && length <= PARAMETER_MAX && name[length] == '\0';
}

static int check_parameter(
	const struct section *section, const char *option, const char *name, struct error *error)
{
	if (!is_parameter(name))
		return section_error(section, option, error,
			"\"%.64s\" is no name of a FastCGI parameter: 1 to %d capital letters, "
			"digits and _",
			name, PARAMETER_MAX);
	if (strncmp(name, "HTTP_", 5) == 0)
		return section_error(section, option, error,
			"%s is a header of the request, which the visitor writes: set a parameter "
			"of "
			"another name in nginx",
			name);
	if (strcmp(name, "REMOTE_USER") == 0)
		return section_error(section, option, error,
			"nginx's own REMOTE_USER is what the visitor's Authorization header says, "
			"checked or not: where nginx checks it, write \"fastcgi_param "
			"MEETAUTH_USER "
			"$remote_user;\" and name that here");
	if (is_visitors(name))
		return section_error(section, option, error,
			"%s is made of the visitor's request: set a parameter of another name in "
			"nginx",
			name);
	return 0;
}

static int read_parameter(
	const struct section *section, const char *option, const char **name_r, struct error *error)
{
	*name_r = section_string(section, option);
	if ((*name_r)[0] == '\0' && !section_has(section, option))
		return 0;
	return check_parameter(section, option, *name_r, error);
}

static int read_condition(const struct section *section, const char *text,
	struct condition *condition, struct error *error)
{
	size_t length = strcspn(text, "=");

	if (length > PARAMETER_MAX || text[length] == '\0' || text[length + 1] == '\0')
		return section_error(section, "require", error,
			"\"%.64s\" is not like \"SSL_CLIENT_VERIFY=SUCCESS\"", text);
	memcpy(condition->name, text, length);
	condition->value = text + length + 1;
	return check_parameter(section, "require", condition->name, error);
}

static int read_conditions(
	const struct section *section, struct instance *instance, struct error *error)
{
	size_t count;
	const char *const *texts = section_list(section, "require", &count);

	if (count == 0 && section_has(section, "require"))
		return section_error(section, "require", error,
			"name at least one condition, or leave the option out");
	instance->conditions = calloc(count + 1, sizeof *instance->conditions);
	if (instance->conditions == NULL)
		return section_error(section, NULL, error, "no memory");
	for (; instance->condition_count < count; instance->condition_count++)
		if (read_condition(section, texts[instance->condition_count],
			    &instance->conditions[instance->condition_count], error) != 0)
			return -1;
	return 0;
}

static int read_all(const struct section *section, struct instance *instance, struct error *error)
{
	const char *separator = section_string(section, "groups-separator");

	if (read_parameter(section, "user", &instance->user, error) != 0 ||
		read_parameter(section, "name", &instance->name, error) != 0 ||
		read_parameter(section, "email", &instance->email, error) != 0 ||
		read_parameter(section, "groups", &instance->groups, error) != 0 ||
		read_conditions(section, instance, error) != 0)
		return -1;
	if (strlen(separator) != 1 || (unsigned char)separator[0] >= 0x80)
		return section_error(section, "groups-separator", error,
			"one character of ASCII is needed, not \"%.64s\"", separator);
	instance->separator = separator[0];
	instance->realm = section_string(section, "realm");
	if (section_has(section, "realm") &&
		(instance->realm[0] == '\0' || strchr(instance->realm, '@') != NULL))
		return section_error(section, "realm", error,
			"what stands behind the @ is needed, like \"EXAMPLE.ORG\"");
	return 0;
}

static void close_remote_user(void *context)
{
	struct instance *instance = context;

	free(instance->conditions);
	free(instance);
}

static int open_remote_user(const struct section *section, void **instance_r, struct error *error)
{
	struct instance *instance = calloc(1, sizeof *instance);

	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	if (read_all(section, instance, error) != 0) {
		close_remote_user(instance);
		return -1;
	}
	*instance_r = instance;
	return 0;
}

/* A request as look() gets it. */
struct source {
	const char *(*param)(const void *request, const char *name);
	const void *request;
};

/* "" where it is missing or not wanted. */
static const char *value_of(const struct source *source, const char *name)
{
	const char *value = name[0] != '\0' ? source->param(source->request, name) : NULL;

	return value != NULL ? value : "";
}

static bool conditions_hold(const struct instance *instance, const struct source *source)
{
	for (size_t i = 0; i < instance->condition_count; i++)
		if (strcmp(value_of(source, instance->conditions[i].name),
			    instance->conditions[i].value) != 0)
			return false;
	return true;
}

/* The length of the user's name without its realm; 0 for somebody of another one. */
static size_t name_length(const struct instance *instance, const char *user)
{
	const char *at = strrchr(user, '@');

	if (instance->realm[0] == '\0')
		return strlen(user);
	return at != NULL && strcmp(at + 1, instance->realm) == 0 ? (size_t)(at - user) : 0;
}

/* A group has no blanks around it and is not empty. */
static int add_group(struct identity *who, const char *start, size_t length)
{
	char group[IDENTITY_GROUP_MAX + 1] = "";

	for (; length > 0 && start[0] == ' '; start++)
		length--;
	while (length > 0 && start[length - 1] == ' ')
		length--;
	if (length == 0)
		return 0;
	if (length > IDENTITY_GROUP_MAX)
		return -1;
	memcpy(group, start, length);
	return identity_add_group(who, group);
}

static int add_groups(struct identity *who, const char *text, char separator)
{
	const char *end;

	for (; (end = strchr(text, separator)) != NULL; text = end + 1)
		if (add_group(who, text, (size_t)(end - text)) != 0)
			return -1;
	return add_group(who, text, strlen(text));
}

static int fill(const struct instance *instance, const struct source *source, const char *subject,
	struct identity *who)
{
	int rc = identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX);

	/* What cannot be shown is left out: it says nothing about who they are. */
	identity_set(&who->name, value_of(source, instance->name), IDENTITY_NAME_MAX);
	identity_set(&who->email, value_of(source, instance->email), IDENTITY_EMAIL_MAX);
	return rc | add_groups(who, value_of(source, instance->groups), instance->separator);
}

/* What checked a password for the web server may have passed over blanks: with them it would be
 * somebody else, whom a rule that denies misses. */
static bool has_blanks_around(const char *subject)
{
	return subject[0] == ' ' || subject[strlen(subject) - 1] == ' ';
}

/* No group is left out that cannot be taken: a rule that denies it must not miss somebody since
 * they are in too many. */
static enum auth_verdict look(void *context,
	const char *(*param)(const void *request, const char *name), const void *request,
	struct identity *who, struct error *error)
{
	const struct instance *instance = context;
	const struct source source = {param, request};
	const char *user = value_of(&source, instance->user);
	size_t length = name_length(instance, user);
	char subject[IDENTITY_SUBJECT_MAX + 1] = "";

	if (length == 0 || !conditions_hold(instance, &source))
		return AUTH_UNKNOWN;
	if (length <= IDENTITY_SUBJECT_MAX)
		memcpy(subject, user, length);
	if (subject[0] != '\0' && !has_blanks_around(subject) &&
		fill(instance, &source, subject, who) == 0)
		return AUTH_GRANT;
	error_set(error, "the user or a group that the web server tells cannot be taken: not "
			 "UTF-8, a control "
			 "character, blanks around the user, too long, or too many groups");
	return AUTH_DENY;
}

const struct auth_backend auth_remote_user = {
	.type = "remote-user",
	.summary = "whom the web server has found out already",
	.options = options,
	.kind = AUTH_AMBIENT,
	.open = open_remote_user,
	.close = close_remote_user,
	.look = look,
};
