/* SPDX-License-Identifier: MIT
 *
 * Backend "remote-user": the user whom the web server has authenticated, in FastCGI parameters that
 * the options name. It is for methods that only nginx supports: client certificates, Kerberos, a
 * service behind auth_request. Parameters that visitors could set are refused, since we trust that
 * only nginx sets them.
 */
#include "auth/auth.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/config.h"

enum {
	PARAMETER_MAX = 64, /* bytes of a name */
	LOGIN_MAX = 1024,
};

struct condition {
	char name[PARAMETER_MAX + 1];
	const char *value; /* belongs to the settings */
};

/* An instance. Unused parameters are "". */
struct remote_user {
	const char *user, *name, *email, *groups;
	const char *realm; /* "": any realm, and none is removed */
	const char *separator;
	const char *login; /* "": people without a user get no button */
	struct config_list require;
	struct condition *conditions; /* parallel to the option's list */
};

/* Parameters that the visitor's request determines. That includes REMOTE_USER in nginx's stock
 * fastcgi_params: nginx sets $remote_user from any Authorization header, verified or not. */
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

static int check_parameter(const char *name, struct error *why)
{
	if (!is_parameter(name))
		return error_set(why,
			"is not the name of a FastCGI parameter: 1 to %d capital letters, digits "
			"and _",
			PARAMETER_MAX);
	if (strncmp(name, "HTTP_", 5) == 0)
		return error_set(why, "is a request header, which the visitor sets: set a "
				      "parameter with another name in nginx");
	if (strcmp(name, "REMOTE_USER") == 0)
		return error_set(why, "comes from the visitor's Authorization header, verified or "
				      "not: if nginx verifies it, write \"fastcgi_param "
				      "MEETAUTH_USER $remote_user;\" and use MEETAUTH_USER here");
	if (is_visitors(name))
		return error_set(why, "comes from the visitor's request: set a parameter with "
				      "another name in nginx");
	return 0;
}

static int read_condition(const char *text, struct condition *condition, struct error *why)
{
	size_t length = strcspn(text, "=");

	if (length > PARAMETER_MAX || text[length] == '\0' || text[length + 1] == '\0')
		return error_set(why, "must be like \"SSL_CLIENT_VERIFY=SUCCESS\"");
	memcpy(condition->name, text, length);
	condition->name[length] = '\0';
	condition->value = text + length + 1;
	return check_parameter(condition->name, why);
}

static int check_condition(const char *text, struct error *why)
{
	struct condition condition;

	return read_condition(text, &condition, why);
}

static int check_realm(const char *realm, struct error *why)
{
	return strchr(realm, '@') == NULL
		       ? 0
		       : error_set(
				 why, "has an @: write only what follows it, like \"EXAMPLE.ORG\"");
}

/* Checks the https://host[:port] that the address begins with. */
static int check_login_host(const char *address, struct error *why)
{
	size_t length = 8 + strcspn(address + 8, "/?#");
	char *host = strndup(address, length);
	int rc = host != NULL ? config_check_url(host, why) : error_set(why, "out of memory");

	free(host);
	return rc;
}

/* Accepts a path of this host or an https URL. Either must contain AUTH_RETURN exactly once. */
static int check_login(const char *address, struct error *why)
{
	bool is_path = address[0] == '/' && address[1] != '/' && address[1] != '\\';
	const char *at = strstr(address, AUTH_RETURN);

	if (!is_path && strncmp(address, "https://", 8) != 0)
		return error_set(why, "must begin with / or https://");
	if (!text_is_visible_ascii(address) || strpbrk(address, "\"<>\\") != NULL)
		return error_set(why, "has a character that must be percent-encoded");
	if (at == NULL || strstr(at + 1, AUTH_RETURN) != NULL)
		return error_set(why,
			"must contain " AUTH_RETURN
			" once, as in \"/Shibboleth.sso/Login?target=" AUTH_RETURN "\"");
	return is_path ? 0 : check_login_host(address, why);
}

#define PARAMETER(member)                                                                          \
	.not_empty = true, .check = check_parameter, OPTION_INTO(struct remote_user, member)

static const struct option options[] = {
	{"user", OPTION_TEXT, "MEETAUTH_USER", "parameter with the user's name", PARAMETER(user)},
	{"name", OPTION_TEXT, NULL, "parameter with the display name", PARAMETER(name)},
	{"email", OPTION_TEXT, NULL, "parameter with a verified e-mail address", PARAMETER(email)},
	{"groups", OPTION_TEXT, NULL, "parameter with the groups", PARAMETER(groups)},
	{"groups-separator", OPTION_TEXT, ",", "separator between groups", .min = 1, .max = 1,
		OPTION_INTO(struct remote_user, separator)},
	{"realm", OPTION_TEXT, NULL, "accept only users USER@REALM, and remove the realm",
		.not_empty = true, .check = check_realm, OPTION_INTO(struct remote_user, realm)},
	{"require", OPTION_LIST, NULL, "PARAMETER=VALUE conditions, without which there is no user",
		.not_empty = true, .check = check_condition,
		OPTION_INTO(struct remote_user, require)},
	{"login", OPTION_TEXT, NULL,
		"address that signs people in, with {return} for the address to come back to",
		.not_empty = true, .max = LOGIN_MAX, .check = check_login,
		OPTION_INTO(struct remote_user, login)},
	{0},
};

static int remote_user_open(void *instance, const struct section *section, struct error *error)
{
	struct remote_user *remote = instance;

	remote->conditions = xcalloc(remote->require.count, sizeof *remote->conditions);
	for (size_t i = 0; i < remote->require.count; i++)
		if (read_condition(remote->require.items[i], &remote->conditions[i], error) != 0)
			return -1;
	return 0;
}

static void remote_user_close(void *instance)
{
	struct remote_user *remote = instance;

	free(remote->conditions);
}

/* A request, with the accessor of its parameters. */
struct source {
	const char *(*param)(const void *request, const char *name);
	const void *request;
};

/* Returns a parameter, or "" if it is missing or unused. */
static const char *value_of(const struct source *source, const char *name)
{
	const char *value = name[0] != '\0' ? source->param(source->request, name) : NULL;

	return value != NULL ? value : "";
}

static bool conditions_hold(const struct remote_user *remote, const struct source *source)
{
	for (size_t i = 0; i < remote->require.count; i++)
		if (strcmp(value_of(source, remote->conditions[i].name),
			    remote->conditions[i].value) != 0)
			return false;
	return true;
}

/* Returns the length of the user's name without the realm, or 0 for another realm. */
static size_t name_length(const struct remote_user *remote, const char *user)
{
	const char *at = strrchr(user, '@');

	if (remote->realm[0] == '\0')
		return strlen(user);
	return at != NULL && strcmp(at + 1, remote->realm) == 0 ? (size_t)(at - user) : 0;
}

/* Adds a group without the spaces around it, unless it is empty. */
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

static int fill(const struct remote_user *remote, const struct source *source, const char *subject,
	struct identity *who)
{
	int rc = identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX);

	/* Ignore an invalid display name. */
	identity_set(&who->name, value_of(source, remote->name), IDENTITY_NAME_MAX);
	identity_set(&who->email, value_of(source, remote->email), IDENTITY_EMAIL_MAX);
	return rc | add_groups(who, value_of(source, remote->groups), remote->separator[0]);
}

/* Whether a name has spaces at its ends. The web server's authentication may ignore them, but for
 * us it would be another user, to whom a rule that denies would not apply. */
static bool has_blanks_around(const char *subject)
{
	return subject[0] == ' ' || subject[strlen(subject) - 1] == ' ';
}

/* Returns AUTH_DENY if a group is invalid or there are too many, since a rule may deny one of
 * them. */
static enum auth_verdict remote_user_identify(void *instance,
	const char *(*param)(const void *request, const char *name), const void *request,
	struct identity *who, struct error *error)
{
	const struct remote_user *remote = instance;
	const struct source source = {param, request};
	const char *user = value_of(&source, remote->user);
	size_t length = name_length(remote, user);
	char subject[IDENTITY_SUBJECT_MAX + 1] = "";

	if (length == 0 || !conditions_hold(remote, &source))
		return AUTH_UNKNOWN;
	if (length <= IDENTITY_SUBJECT_MAX)
		memcpy(subject, user, length);
	if (subject[0] != '\0' && !has_blanks_around(subject) &&
		fill(remote, &source, subject, who) == 0)
		return AUTH_GRANT;
	error_set(error, "the user or a group from the web server is invalid: not UTF-8, a control "
			 "character, spaces around the user, too long, or too many groups");
	return AUTH_DENY;
}

static const char *remote_user_login(void *instance)
{
	const struct remote_user *remote = instance;

	return remote->login;
}

const struct auth_backend auth_remote_user = {
	.type = "remote-user",
	.summary = "the user whom the web server has authenticated",
	.options = options,
	.size = sizeof(struct remote_user),
	.identify = remote_user_identify,
	.login = remote_user_login,
	.open = remote_user_open,
	.close = remote_user_close,
};
