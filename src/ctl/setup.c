/* SPDX-License-Identifier: MIT
 *
 * meetauthctl setup: from nothing to a pool that can be started. Each step looks first at what is
 * there, so that a second run goes on where the first one stopped, and none replaces anything.
 */
#include "ctl/ctl.h"

#include "auth/users.h"
#include "base/clock.h"
#include "base/owner.h"
#include "base/text.h"
#include "ctl/people.h"
#include "ctl/given.h"
#include "ctl/secret_name.h"
#include "service/user.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <strings.h>
#include <unistd.h>

#define STORE_DEFAULT LOCALSTATEDIR "/lib/meetauth/store"
#define KEY_DEFAULT   SYSCONFDIR "/meetauth/key/store.key"
#define STATE_DEFAULT "lmdb:/run/meetauth"
#define GROUP_DEFAULT "staff"
#define SAMPLE_HOST   "external.example.org" /* in nginx/meetauth.conf */
#define SAMPLE_MOUNT  "/auth"

enum { CONFIG_MAX = 64 * 1024 };

static bool finished;

/* Runs at exit: a step that fails prints why and exits. */
static void say_that_it_goes_on(void)
{
	if (!finished)
		fprintf(stderr, "setup is not finished; when this is corrected, run it again: it "
				"goes on from here\n");
}

/* ---- questions ---- */

typedef int check_fn(const char *text, struct error *error);

static int check_address(const char *text, struct error *error)
{
	return config_check_url(text, error);
}

static int check_platform(const char *text, struct error *error)
{
	size_t length = strcspn(text, ":");
	char *host = xstrndup(text, length);
	int64_t port;
	bool good = text_is_host(host) &&
		    (text[length] == '\0' ||
			    text_to_number(text + length + 1, 1, UINT16_MAX, &port) == 0);

	free(host);
	return good ? 0
		    : error_set(error, "is not a host name like meeting.example.org, with a port "
				       "if the platform sends one");
}

/* Prints the question and reads a line, which the caller frees. Exits at the end of the input. */
static char *ask_once(const char *question)
{
	char *line = NULL;
	size_t size = 0;

	printf("%s: ", question);
	fflush(stdout);
	if (getline(&line, &size, stdin) < 0) {
		free(line);
		ctl_die(EX_NOINPUT, "standard input has ended");
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* Checks the value of the option `name`, or asks for it at a terminal if it is not given. Exits on
 * a wrong value; asks again on a wrong answer. Sets *value, which lives until the end of the
 * program, or leaves it NULL if nobody can answer. */
static void complete(const struct ctl *ctl, const char *name, const char **value,
	const char *question, check_fn *check)
{
	struct error error;

	if (*value != NULL && check(*value, &error) != 0)
		ctl_usage(ctl->command, "--%s: \"%.100s\" %s", name, *value, error.text);
	while (*value == NULL && isatty(STDIN_FILENO)) {
		char *answer = ask_once(question);

		if (check(answer, &error) == 0) {
			*value = answer;
			return;
		}
		printf("\"%.100s\" %s\n", answer, error.text);
		free(answer);
	}
}

static void need(const struct ctl *ctl, const char *name, const char **value, const char *question,
	check_fn *check)
{
	complete(ctl, name, value, question, check);
	if (*value == NULL)
		ctl_usage(ctl->command, "missing option --%s, and standard input is not a terminal",
			name);
}

/* ---- the configuration ---- */

/* Appends a text in quotes. */
static void put_quoted(struct buffer *config, const char *text)
{
	buffer_text(config, "\"");
	for (; *text != '\0'; text++) {
		if (strchr("\\\"$", *text) != NULL)
			buffer_text(config, "\\");
		buffer_append(config, text, 1);
	}
	buffer_text(config, "\"");
}

static void put_option(struct buffer *config, const char *name, const char *value)
{
	buffer_printf(config, "%-9s = ", name);
	put_quoted(config, value);
	buffer_text(config, "\n");
}

static void compose(const struct given *given, struct buffer *config)
{
	const char *store = given->store != NULL ? given->store : STORE_DEFAULT;
	char *copy = xstrdup(store);
	char *users = xprintf("%s/users.passwd", dirname(copy));

	buffer_text(config,
		"# Made by meetauthctl setup. Each option is described in meetauth.conf(5).\n\n");
	put_option(config, "base-url", given->address);
	put_option(config, "store", store);
	put_option(config, "store-key", given->store_key != NULL ? given->store_key : KEY_DEFAULT);
	put_option(config, "state", given->state != NULL ? given->state : STATE_DEFAULT);
	buffer_printf(config, "\nplatform \"%s\" {\n\ttype = \"%s\"\n}\n\n", given->platform,
		given->type != NULL ? given->type : "veeting");
	buffer_text(config, "backend \"" GROUP_DEFAULT "\" {\n\ttype  = \"file\"\n\tusers = ");
	put_quoted(config, users);
	buffer_text(config, "\n}\n\npolicy {\n\trule \"" GROUP_DEFAULT "\" {\n\t\tallow  = true\n"
			    "\t\tgroups = {\"" GROUP_DEFAULT "\"}\n\t}\n\tdefault = \"deny\"\n}\n");
	free(users);
	free(copy);
}

/* The configuration must be one that loads, or the second run could not go on. `path` is where it
 * is for now. */
static void check_config(const struct ctl *ctl, const char *path)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct settings *settings = config_load(path, types, &ctl_error);
	const char *what = ctl_error.text;

	if (settings != NULL) {
		config_free(&settings);
		return;
	}
	unlink(path);
	if (strncmp(what, path, strlen(path)) == 0)
		what += strcspn(what, " ") + 1;
	ctl_die(EX_USAGE,
		"%s was not written: %s\nsetup writes one for a platform that needs nothing but "
		"its "
		"host name. Start from the sample %s/deploy/meetauth.conf; setup goes on from "
		"there",
		ctl->config_file, what, DOCDIR);
}

static _Noreturn void fail_to_write(const char *path, const char *remove)
{
	int reason = errno;

	if (remove != NULL)
		unlink(remove);
	ctl_die(EX_CANTCREAT, "cannot write %s: %s", path, strerror(reason));
}

/* Writes a new file, complete or not at all, and never over an existing one. */
static void write_config(const struct ctl *ctl, const struct buffer *config)
{
	const char *path = ctl->config_file;
	char *copy = xstrdup(path), *made = xprintf("%s.XXXXXX", path);
	int fd;

	if (geteuid() == 0)
		ctl_must(EX_CONFIG, owner_check(dirname(copy), 0, &ctl_error));
	fd = mkostemp(made, O_CLOEXEC);
	if (fd < 0)
		fail_to_write(path, NULL);
	if (write(fd, config->data, config->length) != (ssize_t)config->length ||
		fchmod(fd, 0644) != 0 || fsync(fd) != 0 || close(fd) != 0)
		fail_to_write(path, made);
	check_config(ctl, made);
	if (link(made, path) != 0)
		fail_to_write(path, made);
	unlink(made);
	printf("wrote %s\n", path);
	free(made);
	free(copy);
}

static void make_config(struct ctl *ctl)
{
	struct given *given = &ctl->given;
	struct buffer config = BUFFER_INIT(CONFIG_MAX);

	if (given->type != NULL && platform_find(given->type) == NULL)
		ctl_usage(ctl->command,
			"--type: this build has no platform type \"%.64s\"; \"meetauthd -V\" lists "
			"them",
			given->type);
	need(ctl, "address", &given->address,
		"Address of this service, as browsers see it (https://HOST/auth)", check_address);
	need(ctl, "platform", &given->platform,
		"Host name of the meeting platform (meeting.example.org)", check_platform);
	compose(given, &config);
	if (config.failed)
		xno_memory();
	write_config(ctl, &config);
	buffer_release(&config);
}

/* Whether an address is base-url, which has no slash at its end. */
static bool is_base_url(const struct settings *settings, const char *address)
{
	size_t length = strlen(settings->base_url);

	return strncasecmp(address, settings->base_url, length) == 0 &&
	       (address[length] == '\0' || strcmp(address + length, "/") == 0);
}

/* An option that says something else than the file would be ignored in silence. */
static void check_kept(const struct ctl *ctl)
{
	const struct given *given = &ctl->given;
	const struct settings *settings = ctl->settings;
	const char *other = NULL;

	if (given->address != NULL && !is_base_url(settings, given->address))
		other = "address";
	else if (given->platform != NULL && config_platform(settings, given->platform) == NULL)
		other = "platform";
	else if (given->store != NULL && strcmp(given->store, settings->store) != 0)
		other = "store";
	else if (given->store_key != NULL && strcmp(given->store_key, settings->store_key) != 0)
		other = "store-key";
	else if (given->state != NULL && strcmp(given->state, settings->state) != 0)
		other = "state";
	if (other != NULL)
		ctl_die(EX_CONFIG,
			"%s exists and says something else than --%s; setup never changes "
			"it: edit the file, or leave the option out",
			settings->file, other);
}

/* ---- secrets ---- */

static bool has_secret(const struct settings *settings, const char *title)
{
	struct store *store =
		ctl_need(1, store_open(settings->store, settings->store_key, &ctl_error));
	size_t count;

	store_secrets(store, title, clock_wall(), &count);
	store_free(&store);
	return count > 0;
}

/* Gives a platform its first secret: from the file, a generated one, or one that is typed. */
static void make_secret(struct ctl *ctl, const struct section *platform, int file)
{
	char *title = xstrdup(section_title(platform));
	struct secret_name name = secret_name_find(ctl, title);

	if (file >= 0) {
		ctl_secret_set(ctl, title, file);
	} else if (secret_name_generated(&name) != NULL) {
		printf("A new key for %s, which is shown only now:\n", title);
		ctl_secret_generate(ctl, title);
	} else if (isatty(STDIN_FILENO)) {
		ctl_secret_set(ctl, title, STDIN_FILENO);
	} else {
		ctl_usage(ctl->command,
			"the secret of %s comes from the platform: give its file with "
			"--secret-file, "
			"or run setup at a terminal",
			title);
	}
	free(title);
}

static bool needs_secret(const struct section *platform)
{
	const struct platform_driver *driver = platform_find(section_type(platform));

	return driver != NULL && driver->secret_scope == PLATFORM_SECRET_PER_PLATFORM;
}

static void make_secrets(struct ctl *ctl, int file)
{
	const struct settings *settings = ctl->settings;
	const struct section *asked =
		ctl->given.platform != NULL ? config_platform(settings, ctl->given.platform) : NULL;
	bool used = false;

	for (size_t i = 0; i < settings->platform_count; i++) {
		const struct section *platform = settings->platforms[i];

		if (!needs_secret(platform) || (asked != NULL && platform != asked))
			continue;
		if (has_secret(settings, section_title(platform))) {
			printf("kept the secret of %s; \"meetauthctl secret list\" shows its "
			       "versions\n",
				section_title(platform));
			continue;
		}
		if (file >= 0 && used)
			ctl_usage(ctl->command, "several platforms need a secret: name the one of "
						"--secret-file with --platform");
		make_secret(ctl, platform, file);
		used = true;
	}
}

/* ---- the first user ---- */

/* Returns the backend whose users file setup may write to, or NULL. */
static const struct section *find_file_backend(const struct settings *settings)
{
	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];
		enum users_kind kind = USERS_OWN;

		if (strcmp(section_type(backend), "file") != 0)
			continue;
		users_kind_named(section_string(backend, "format"), &kind);
		if (kind == USERS_OWN)
			return backend;
	}
	return NULL;
}

/* Returns the number of users, and whether `name` (may be NULL) is one of them. */
static size_t count_users(const char *path, const char *name, bool *known_r)
{
	char key[USERS_NAME_SIZE];
	struct users *users;
	size_t count = 0;

	*known_r = false;
	if (access(path, F_OK) != 0)
		return 0;
	users = ctl_need(EX_DATAERR, users_load(path, USERS_OWN, &ctl_error));
	while (users_at(users, count) != NULL)
		count++;
	*known_r =
		name != NULL && users_key(users, name, key) == 0 && users_find(users, key) != NULL;
	users_drop(&users);
	return count;
}

static int check_user(const char *text, struct error *error)
{
	char name[USERS_NAME_SIZE];

	return text[0] == '\0' || identity_canonical_name(text, name) == 0
		       ? 0
		       : error_set(error,
				 "must be 1 to %d bytes of UTF-8 without leading or trailing "
				 "spaces",
				 IDENTITY_SUBJECT_MAX);
}

/* Without --group: the group that the first rule lets in, since a user of no group may join
 * nothing. */
static void choose_group(struct ctl *ctl)
{
	const struct config_policy *policy = &ctl->settings->policy;

	for (size_t i = 0; ctl->given.group_count == 0 && i < policy->count; i++)
		if (policy->rules[i].allow && policy->rules[i].groups.count > 0)
			ctl->given.groups[ctl->given.group_count++] =
				policy->rules[i].groups.items[0];
}

static void make_user(struct ctl *ctl)
{
	const struct section *backend = find_file_backend(ctl->settings);
	const char *path = backend != NULL ? section_string(backend, "users") : NULL;
	const char *name;
	bool known = false;
	size_t count = path != NULL ? count_users(path, ctl->given.user, &known) : 0;

	if (backend == NULL || known || (ctl->given.user == NULL && count > 0)) {
		if (backend != NULL)
			printf("kept the %zu user%s in %s\n", count, count == 1 ? "" : "s", path);
		return;
	}
	complete(ctl, "user", &ctl->given.user, "Name of the first user (empty: none for now)",
		check_user);
	name = ctl->given.user;
	if (name == NULL || name[0] == '\0') {
		printf("added no user; \"meetauthctl user add NAME\" does\n");
		return;
	}
	choose_group(ctl);
	ctl->given.operands[0] = xstrdup(name);
	ctl->given.backend = section_title(backend);
	ctl_user_add(ctl);
	printf("added the user %s", name);
	for (size_t i = 0; i < ctl->given.group_count; i++)
		printf("%s%s", i == 0 ? ", of the group " : ", ", ctl->given.groups[i]);
	printf("\n");
}

/* ---- what remains ---- */

static void print_next(const struct settings *settings)
{
	const char *host = strstr(settings->origin, "://") + 3;
	char *name = xstrndup(host, strcspn(host, ":"));

	printf("\nAt the platform: %s is the address of the authorization service; "
	       "%s/docs/platforms has a guide for each type.\n"
	       "nginx: the snippet is %s/nginx/meetauth.conf. Take it with your name, set the "
	       "certificate in it, and start:\n\n"
	       "  sed 's/" SAMPLE_HOST "/%s/g",
		settings->base_url, DOCDIR, DOCDIR, name);
	if (strcmp(settings->mount, SAMPLE_MOUNT) != 0)
		printf("; s|" SAMPLE_MOUNT "\\b|%s|g", settings->mount);
	printf("' %s/nginx/meetauth.conf >/etc/nginx/conf.d/meetauth.conf\n"
	       "  systemctl enable --now meetauth.socket meetauth.service\n"
	       "  nginx -t && systemctl reload nginx\n"
	       "  meetauthctl check --connect\n",
		DOCDIR);
	free(name);
}

static int run_setup(struct ctl *ctl)
{
	struct stat st;
	int file, status;

	atexit(say_that_it_goes_on);
	setvbuf(stdin, NULL, _IONBF, 0); /* secret_read() reads from the descriptor */
	file = given_open("--secret-file", ctl->given.secret_file);
	if (lstat(ctl->config_file, &st) != 0)
		make_config(ctl);
	else
		printf("kept %s\n", ctl->config_file);
	ctl_load_settings(ctl);
	check_kept(ctl);
	if (lstat(ctl->settings->store, &st) != 0)
		ctl_init(ctl);
	else
		printf("kept the store %s\n", ctl->settings->store);
	make_secrets(ctl, file);
	make_user(ctl);
	if (file >= 0)
		close(file);
	printf("\n");
	status = ctl_check_peers(ctl);
	finished = true;
	print_next(ctl->settings);
	return status;
}

const struct ctl_command ctl_setup_commands[] = {
	{"setup",
		"[--address URL] [--platform HOST] [--type TYPE] [--secret-file FILE] [--user "
		"NAME] "
		"[--name TEXT] [--email ADDRESS] [--group GROUP]... [--store FILE] "
		"[--store-key FILE] [--state ADDRESS]",
		"write a configuration, make store, key and first user, and check them", run_setup,
		.changes = true, .loads_itself = true},
	{0},
};
