/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: main.c calls ctl_main(), ctl.c has the table of commands, and each group of commands
 * has a file. The parser of arguments reads a command's usage line, so the help always matches what
 * is accepted.
 *
 * A command that fails prints the reason and exits at once. The kernel releases its locks and
 * memory. No file is ever half written, since all are replaced atomically.
 */
#pragma once

#include "base/error.h"
#include "base/identity.h"
#include "base/memory.h"
#include "config/config.h"
#include "ctl/audit.h"
#include "secret/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

enum {
	CTL_OPERANDS_MAX = 2,
	CTL_CHANGED = 2, /* exit status that `apply --exit-code` has for a change */
};

/* The parsed command line. Options that were not given are NULL or false. */
struct given {
	const char *acr, *address, *at, *backend, *email, *expires, *from_file, *interval, *log,
		*meeting, *meeting_token, *name, *platform, *redirect, *secret_file, *since,
		*socket, *state, *store, *store_key, *title, *type, *user, *with;
	bool ask_secret, connect, dry_run, exit_code, force, forget, once, ready, remove,
		second_factor, svg;
	const char *groups[IDENTITY_GROUPS_MAX];
	size_t group_count;
	char *operands[CTL_OPERANDS_MAX]; /* the rest is NULL */
};

struct ctl {
	const struct ctl_command *command;
	struct given given;
	struct audit audit;
	const char *config_file;
	bool json;
	bool unchanged;		   /* a command with `changes` has nothing (more) to log */
	struct settings *settings; /* NULL for a command with loads_itself, until it loads them */
};

struct ctl_command {
	const char *words; /* "secret set" */
	/* Operands in capitals, then options: "NAME [--group GROUP]... --expires WHEN". An option
	 * without brackets is required; one with dots may be given several times. */
	const char *arguments;
	const char *summary; /* one line of help */
	/* Returns the exit status: 0, 1 for a negative result, CTL_CHANGED, or one of sysexits.h.
	 */
	int (*run)(struct ctl *ctl);
	bool changes;	   /* log the call to syslog (audit.h) */
	bool loads_itself; /* run() loads the configuration; otherwise ctl_main() does, as the
			      service's user */
};

/* complete.c: prints the candidates for the last word. `command_at` gives each command by number,
 * and NULL after the last. Returns the exit status: 1 if a file name belongs there. */
int ctl_complete(const struct ctl_command *(*command_at)(size_t index), int argc, char **argv);

/* Runs the program. Returns the exit status; a command that fails calls exit(). */
int ctl_main(int argc, char **argv);

/* Becomes the user of the service and loads the configuration, for a command with loads_itself. */
void ctl_load_settings(struct ctl *ctl);

/* Print "meetauthctl: …" to standard error and exit with the status. */
_Noreturn void ctl_fail(int status, const struct error *error);
_Noreturn void ctl_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether the log may name people: the option `log-users`. */
bool ctl_may_name(const struct ctl *ctl);

/* ctl_must() and ctl_need() check the result of a call that was given &ctl_error: they exit with
 * that error if `rc` is not 0 or `result` is NULL. ctl_need() returns `result`. */
extern struct error ctl_error;
void ctl_must(int status, int rc);
void *ctl_need(int status, void *result) __attribute__((returns_nonnull));

/* For wrong arguments: prints the message and the command's usage line, and exits with EX_USAGE. */
_Noreturn void ctl_usage(const struct ctl_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* options.c: parses operands and options as the command declares them. Exits on an error. The texts
 * belong to argv. */
void ctl_read_arguments(
	const struct ctl_command *command, int argc, char **argv, struct given *given);

int ctl_forget(struct ctl *ctl); /* `user forget` */
/* Ends the sessions of a person that began until `now`; `backend` NULL: of any. Exits on an error.
 */
void ctl_session_revoke(
	const struct settings *settings, const char *backend, const char *subject, int64_t now);

/* What `setup` runs of other commands, with the options in ctl->given. They exit on an error. */
int ctl_init(struct ctl *ctl);
int ctl_user_add(struct ctl *ctl); /* the name is the first operand */
/* Reads a secret from a descriptor, and stores it as a new version of the named one. */
void ctl_secret_set(struct ctl *ctl, char *name, int fd);
void ctl_secret_generate(struct ctl *ctl, char *name);
/* The newest version of a secret, even if it has ended, if it has this value and end; 0 if not.
 * *known_r is whether the secret has any version. */
unsigned ctl_secret_newest(const struct settings *settings, const char *name,
	const struct secret *value, int64_t expires, bool *known_r);
/* `check --connect` of what does not need the pool to run. */
int ctl_check_peers(struct ctl *ctl);

/* The commands of each file. The arrays end with NULL words. */
extern const struct ctl_command ctl_setup_commands[];	/* setup */
extern const struct ctl_command ctl_store_commands[];	/* init, store rekey */
extern const struct ctl_command ctl_secret_commands[];	/* secret … */
extern const struct ctl_command ctl_apply_commands[];	/* apply */
extern const struct ctl_command ctl_session_commands[]; /* session rotate-keys, session revoke */
extern const struct ctl_command ctl_state_commands[];	/* state copy */
extern const struct ctl_command ctl_user_commands[];	/* user … */
extern const struct ctl_command ctl_invite_commands[];	/* invite … */
extern const struct ctl_command ctl_meeting_key_commands[]; /* meeting-key … */
extern const struct ctl_command ctl_room_commands[];	    /* room list, room end */
extern const struct ctl_command ctl_webex_commands[];	    /* webex authorize */
extern const struct ctl_command ctl_policy_commands[];	    /* policy explain, policy lint */
extern const struct ctl_command ctl_pages_commands[];	    /* pages static */
extern const struct ctl_command ctl_check_commands[];	    /* check */
extern const struct ctl_command ctl_log_commands[];	    /* log explain, log user */
extern const struct ctl_command ctl_top_commands[];	    /* top */
extern const struct ctl_command ctl_report_commands[];	    /* report */
