/* SPDX-License-Identifier: MIT
 *
 * Backend "command": runs a program of the operator for each request; see meetauth-command(7).
 */
#include "auth/dialog.h"

static const struct option options[] = {
	{"program", OPTION_PATH, NULL, "absolute path of the program; see meetauth-command(7)",
		.required = true, OPTION_INTO(struct helper, program)},
	{"arguments", OPTION_LIST, NULL, "its arguments, which everybody on the machine can read",
		.max = HELPER_ARGUMENTS_MAX, OPTION_INTO(struct helper, arguments)},
	{"timeout", OPTION_DURATION, "5s", "how long it may take to answer", .min = 1,
		OPTION_INTO(struct helper, timeout_ms)},
	{"group-refresh", OPTION_DURATION, NULL, "how old groups may become"},
	{0},
};

static int command_open(void *instance, const struct section *section, struct error *error)
{
	const struct helper *helper = instance;

	return helper_check(helper->program, error) == 0 ? 0
							 : section_blame(section, "program", error);
}

const struct auth_backend auth_command = {
	.type = "command",
	.summary = "a program of your own, asked over a pipe",
	.options = options,
	.size = sizeof(struct helper),
	.threads = 8,
	.open = command_open,
	.check = dialog_check,
	.renew = dialog_renew,
	.connect = dialog_connect,
	.alive = dialog_alive,
};
