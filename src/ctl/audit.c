/* SPDX-License-Identifier: MIT */
#include "ctl/audit.h"

#include "telemetry/log.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For root, sudo(8) tells who became root. Other users could set that variable themselves. */
static void find_caller(char by[AUDIT_NAME_MAX])
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *user = getpwuid(getuid());

	if (sudo != NULL && sudo[0] != '\0')
		snprintf(by, AUDIT_NAME_MAX, "%s", sudo);
	else if (user != NULL)
		snprintf(by, AUDIT_NAME_MAX, "%s", user->pw_name);
	else
		snprintf(by, AUDIT_NAME_MAX, "%ld", (long)getuid());
}

void audit_begin(struct audit *audit, int argc, char **argv)
{
	size_t length = 0;

	find_caller(audit->by);
	audit->what[0] = '\0';
	for (int i = 0; i < argc && length < AUDIT_TEXT_MAX; i++)
		length += (size_t)snprintf(audit->what + length, AUDIT_TEXT_MAX - length, "%s%s",
			i > 0 ? " " : "", argv[i]);
}

void audit_write(const struct audit *audit, const char *words, const char *detail)
{
	enum log_target target;
	enum log_format format;
	struct log_line line;

	log_how(&target, &format);
	log_setup(LOG_TO_SYSLOG, format);
	log_begin(&line, LOG_LEVEL_INFO, "change");
	log_text(&line, "action", words);
	log_text(&line, "detail", detail);
	log_text(&line, "by", audit->by);
	log_end(&line);
	log_flush();
}
