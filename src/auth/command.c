/* SPDX-License-Identifier: MIT
 *
 * Backend "command": asks a program of the operator, one run for each question;
 * meetauth-command(7).
 */
#include "auth/dialog.h"

static const struct option options[] = {
	{"program", OPTION_STRING, NULL, "the program, an absolute path; see meetauth-command(7)"},
	{"arguments", OPTION_LIST, NULL, "its arguments; everybody on the machine can read them"},
	{"timeout", OPTION_DURATION, "5s", "how long it may take to answer"},
	{"group-refresh", OPTION_DURATION, NULL, "ask it again about somebody after that time"},
	{0},
};

static int open_command(const struct section *section, void **instance_r, struct error *error)
{
	struct helper helper = {.program = section_string(section, "program"),
		.timeout_ms = section_milliseconds(section, "timeout")};
	struct helper *instance; /* its strings are the settings' */
	struct error why;

	helper.arguments = section_list(section, "arguments", &helper.count);
	if (helper_check(helper.program, &why) != 0)
		return section_error(section, "program", error, "%s", why.text);
	if (helper.count > HELPER_ARGUMENTS_MAX)
		return section_error(section, "arguments", error, "has more than %d texts",
			HELPER_ARGUMENTS_MAX);
	if (helper.timeout_ms == 0)
		return section_error(section, "timeout", error, "must not be 0");
	instance = calloc(1, sizeof *instance);
	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	*instance = helper;
	*instance_r = instance;
	return 0;
}

static void close_command(void *instance)
{
	free(instance);
}

const struct auth_backend auth_command = {
	.type = "command",
	.summary = "a program of your own, asked over a pipe",
	.options = options,
	.threads = 8,
	.open = open_command,
	.close = close_command,
	.check = dialog_check,
	.renew = dialog_renew,
	.connect = dialog_connect,
	.alive = dialog_alive,
};
