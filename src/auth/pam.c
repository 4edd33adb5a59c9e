/* SPDX-License-Identifier: MIT
 *
 * Backend "pam": calls PAM in a separate process (src/pam), since PAM modules block, fork and are
 * not thread-safe. The protocol is that of meetauth-command(7).
 */
#include "auth/dialog.h"

struct pam {
	struct helper helper; /* must be first (dialog.h) */
	const char *service;
};

static const struct option options[] = {
	{"service", OPTION_NAME, "meetauth", "the PAM service, a file in /etc/pam.d",
		.extra = "-_.", OPTION_INTO(struct pam, service)},
	{"timeout", OPTION_DURATION, "10s", "how long its modules may take", .min = 1,
		OPTION_INTO(struct pam, helper.timeout_ms)},
	{"helper", OPTION_PATH, LIBEXECDIR "/meetauth/meetauth-pam", "the program that calls PAM",
		OPTION_INTO(struct pam, helper.program)},
	{"second-factor", OPTION_ENUM, "optional", "whether a code is needed: optional or required",
		.words = AUTH_SECOND_FACTOR},
	{"group-refresh", OPTION_DURATION, NULL, "how old groups may become"},
	{0},
};

static int pam_open(void *instance, const struct section *section, struct error *error)
{
	struct pam *pam = instance;

	pam->helper.arguments = (struct config_list){&pam->service, 1};
	return helper_check(pam->helper.program, error) == 0
		       ? 0
		       : section_blame(section, "helper", error);
}

const struct auth_backend auth_pam = {
	.type = "pam",
	.summary = "accounts that PAM knows",
	.options = options,
	.size = sizeof(struct pam),
	.threads = 8,
	.second_factor = true,
	.open = pam_open,
	.check = dialog_check,
	.renew = dialog_renew,
	.connect = dialog_connect,
};
