/* SPDX-License-Identifier: MIT
 *
 * Backend "pam": asks PAM in a process of its own (src/pam), since modules block, fork, and keep
 * things where threads meet. The dialog is the one of meetauth-command(7).
 */
#ifdef HAVE_PAM

#include "auth/dialog.h"

#include "base/text.h"

struct instance {
	struct helper helper; /* first: dialog.h */
	const char *service;  /* the settings' */
};

static const struct option options[] = {
	{"service", OPTION_STRING, "meetauth", "PAM's service, a file in /etc/pam.d"},
	{"timeout", OPTION_DURATION, "10s", "how long its modules may take"},
	{"helper", OPTION_STRING, LIBEXECDIR "/meetauth/meetauth-pam", "the program that asks PAM"},
	{"second-factor", OPTION_STRING, "optional",
		"whether a code is needed: optional or required"},
	{"group-refresh", OPTION_DURATION, NULL,
		"look at account and groups again after that time"},
	{0},
};

static int open_pam(const struct section *section, void **instance_r, struct error *error)
{
	const char *program = section_string(section, "helper");
	int64_t timeout_ms = section_milliseconds(section, "timeout");
	const char *service = section_string(section, "service");
	struct instance *instance;
	struct error why;

	/* It names a file: no slash. */
	if (!text_is_token(service, 1, 64, "-_."))
		return section_error(section, "service", error,
			"is 1 to 64 letters, digits, \"-\", \"_\" and \".\"");
	if (helper_check(program, &why) != 0)
		return section_error(section, "helper", error, "%s", why.text);
	if (timeout_ms == 0)
		return section_error(section, "timeout", error, "must not be 0");
	instance = calloc(1, sizeof *instance);
	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	instance->service = service;
	instance->helper = (struct helper){program, &instance->service, 1, timeout_ms};
	*instance_r = instance;
	return 0;
}

static void close_pam(void *instance)
{
	free(instance);
}

const struct auth_backend auth_pam = {
	.type = "pam",
	.summary = "accounts that PAM knows",
	.options = options,
	.threads = 8,
	.second_factor = true,
	.open = open_pam,
	.close = close_pam,
	.check = dialog_check,
	.renew = dialog_renew,
	.connect = dialog_connect,
};

#endif
