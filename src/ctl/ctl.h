/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: main.c holds a const table of subcommands and nothing else that knows them; one file
 * for each group of calls. The help text and meetauthctl(1) are checked against the table.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

/* What the common options said. */
struct ctl {
	const char *config_file;
	bool json;
	struct settings *settings; /* NULL until ctl_settings() */
};

/* A call. argv[0] is the first word after the command's own words. Returns the exit status: 0, 1
 * for "no", or one of sysexits.h. */
struct ctl_command {
	const char *words;     /* "secret set" */
	const char *arguments; /* "NAME", as shown in the help */
	const char *summary;   /* one line */
	int (*run)(struct ctl *ctl, int argc, char **argv);
	bool changes; /* something: syslog is told who did what */
};

/* Loads the configuration on first use, and as root becomes the user of the service
 * (service/user.h): a command calls this before it opens anything. Prints the error and returns
 * NULL when it does not check (EX_CONFIG for the caller). */
const struct settings *ctl_settings(struct ctl *ctl);

/* Prints "meetauthctl: ERROR" to standard error; returns `status` so that callers can `return
 * ctl_fail(...)`. */
int ctl_fail(int status, const struct error *error);

/* The same for wrong arguments: EX_USAGE, with the call's usage line. */
int ctl_usage(const struct ctl_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* An option of a call: "--name VALUE" or "--name=VALUE" (values) or "--name" (flags). `values` may
 * be given `maximum` times. */
struct ctl_option {
	const char *name; /* without the dashes */
	bool flag;
	size_t maximum;
	const char **values; /* room for `maximum`; a flag stores its own name */
	size_t count;
};

/* Takes the options out of argv. Returns the number of words left over in argv (the operands), or
 * -1 after saying what is wrong. Ended by a NULL name. */
int ctl_options(
	const struct ctl_command *command, struct ctl_option *options, int argc, char **argv);

/* For a call without options: 0 when `wanted` words are left over, or -1 after saying what is
 * wrong. */
int ctl_operands(const struct ctl_command *command, int argc, char **argv, int wanted);

/* The commands, one array a file, each ended by NULL words. */
extern const struct ctl_command ctl_store_commands[];	/* init, store rekey */
extern const struct ctl_command ctl_secret_commands[];	/* secret … */
extern const struct ctl_command ctl_session_commands[]; /* session rotate-keys, session revoke */
extern const struct ctl_command ctl_user_commands[];	/* user … */
extern const struct ctl_command ctl_invite_commands[];	/* invite … */
extern const struct ctl_command ctl_meeting_key_commands[]; /* meeting-key … */
extern const struct ctl_command ctl_policy_commands[];	    /* policy explain, policy lint */
extern const struct ctl_command ctl_check_commands[];	    /* check */

#endif
