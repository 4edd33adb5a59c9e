/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: main.c calls ctl_main(), ctl.c holds the table of commands, and one file each group
 * of them. A command declares its operands and options by its usage line, which is parsed: the help
 * cannot differ from what is accepted.
 *
 * A command that fails prints why and ends the program at once. What it holds then (locks, memory)
 * goes with the process; no file is half written, since all are replaced whole.
 */
#pragma once

#include "base/error.h"
#include "base/identity.h"
#include "base/memory.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

enum { CTL_OPERANDS_MAX = 2 };

/* What the command line said. An option that was not given is NULL or false. */
struct given {
	const char *acr, *address, *at, *backend, *email, *expires, *meeting, *meeting_token, *name,
		*platform, *redirect, *socket, *user;
	bool ask_secret, connect, force, forget, remove, second_factor;
	const char *groups[IDENTITY_GROUPS_MAX];
	size_t group_count;
	char *operands[CTL_OPERANDS_MAX]; /* as many as the command declares */
};

struct ctl {
	const struct ctl_command *command;
	struct given given;
	const char *config_file;
	bool json;
	struct settings *settings; /* NULL for a command with loads_itself */
};

struct ctl_command {
	const char *words; /* "secret set" */
	/* Operands in capitals, then options: "NAME [--group GROUP]... --expires WHEN". An option
	 * without brackets is required; one with dots may be given several times. */
	const char *arguments;
	const char *summary; /* one line */
	/* Returns the exit status: 0, 1 for "no", or one of sysexits.h. */
	int (*run)(struct ctl *ctl);
	bool changes;	   /* something: syslog is told who did what */
	bool loads_itself; /* the configuration; else it is loaded, as the user of the service */
};

/* The whole program; returns the exit status, or calls exit() where a command fails. */
int ctl_main(int argc, char **argv);

/* Each prints "meetauthctl: …" to standard error and ends the program with the status. */
_Noreturn void ctl_fail(int status, const struct error *error);
_Noreturn void ctl_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The error that a call fills whose result goes straight into one of these. They end the program
 * with it unless the result is 0, or not NULL. */
extern struct error ctl_error;
void ctl_must(int status, int rc);
void *ctl_need(int status, void *result) __attribute__((returns_nonnull));

/* The same for wrong arguments: EX_USAGE, with the command's usage line. */
_Noreturn void ctl_usage(const struct ctl_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* options.c: takes the operands and options out of argv, as the command declares them. */
void ctl_read_arguments(
	const struct ctl_command *command, int argc, char **argv, struct given *given);

/* The commands, one array a file, each ended by NULL words. */
extern const struct ctl_command ctl_store_commands[];	/* init, store rekey */
extern const struct ctl_command ctl_secret_commands[];	/* secret … */
extern const struct ctl_command ctl_session_commands[]; /* session rotate-keys, session revoke */
extern const struct ctl_command ctl_user_commands[];	/* user … */
extern const struct ctl_command ctl_invite_commands[];	/* invite … */
extern const struct ctl_command ctl_meeting_key_commands[]; /* meeting-key … */
extern const struct ctl_command ctl_room_commands[];	    /* room list, room end */
extern const struct ctl_command ctl_webex_commands[];	    /* webex authorize */
extern const struct ctl_command ctl_policy_commands[];	    /* policy explain, policy lint */
extern const struct ctl_command ctl_check_commands[];	    /* check */
