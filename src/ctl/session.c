/* SPDX-License-Identifier: MIT
 *
 * meetauthctl session: the keys of cookies, and revocations.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "secret/store.h"
#include "session/session.h"
#include "state/state.h"

enum { ROTATE, REVOKE };

static int run_rotate(struct ctl *ctl, int argc, char **argv)
{
	const char *values[1];
	struct ctl_option options[] = {
		{.name = "forget", .flag = true, .maximum = 1, .values = values}, {.name = NULL}};
	const struct ctl_command *command = &ctl_session_commands[ROTATE];
	const struct settings *settings;
	struct error error;
	bool forget;

	switch (ctl_options(command, options, argc, argv)) {
	case -1:
		return EX_USAGE;
	case 0:
		break;
	default:
		return ctl_usage(command, "unexpected argument");
	}
	forget = options[0].count > 0;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (store_rotate_keys(settings->store, settings->store_key, forget, &error) != 0)
		return ctl_fail(1, &error);
	printf("%s\n", forget ? "all cookie keys are new: every session has ended"
			      : "the next cookie key seals from now on; sessions go on");
	return EX_OK;
}

/* Who is meant: "staff/alice" is alice of the backend "staff" where there is such a backend, else
 * somebody of that name. */
struct person {
	char *backend; /* NULL: of whichever */
	const char *subject;
};

static struct person read_person(const struct settings *settings, char *text)
{
	char *slash = strchr(text, '/');

	if (slash == NULL)
		return (struct person){NULL, text};
	*slash = '\0';
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strcmp(section_title(settings->backends[i]), text) == 0)
			return (struct person){text, slash + 1};
	*slash = '/';
	return (struct person){NULL, text};
}

static int mark(
	const struct settings *settings, struct person who, int64_t now, struct error *error)
{
	uint8_t key[SEAL_HASH_SIZE];
	struct store *store = store_open(settings->store, settings->store_key, error);
	struct state *state = store == NULL ? NULL : state_open(settings->state, error);
	int rc = -1;

	if (state != NULL) {
		session_revoke_key(store_hash_key(store), who.backend, who.subject, key);
		rc = state_revoke(state, key, now, now + SESSION_LIFETIME_MAX);
		if (rc != 0)
			error_set(error, "%s: the state does not take it; nothing was revoked",
				settings->state);
	}
	state_close(&state);
	store_free(&store);
	return rc;
}

static int run_revoke(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct person who;
	struct error error;
	char when[TEXT_TIME_SIZE];
	int64_t now = clock_wall();

	if (ctl_operands(&ctl_session_commands[REVOKE], argc, argv, 1) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	who = read_person(settings, argv[0]);
	if (who.subject[0] == '\0')
		return ctl_usage(&ctl_session_commands[REVOKE], "the name is empty");
	if (mark(settings, who, now, &error) != 0)
		return ctl_fail(1, &error);
	printf("every session of %s (%s%s) that began until %s has ended\n", who.subject,
		who.backend != NULL ? "backend " : "every backend",
		who.backend != NULL ? who.backend : "", text_from_time(now, when));
	return EX_OK;
}

const struct ctl_command ctl_session_commands[] = {
	[ROTATE] = {"session rotate-keys", "[--forget]",
		"go on to the next cookie key; --forget: end every session", run_rotate, true},
	[REVOKE] = {"session revoke", "USER",
		"end the sessions of a user (SUBJECT or BACKEND/SUBJECT)", run_revoke, true},
	{0},
};
