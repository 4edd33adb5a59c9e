/* SPDX-License-Identifier: MIT
 *
 * The configuration file (meetauth.conf(5), libconfuse syntax), and the variables of the
 * environment that count before it, as typed and checked settings. Does no other I/O.
 */
#pragma once

#include "base/network.h"
#include "base/file.h"
#include "config/option.h"

struct sources;

enum config_log { CONFIG_LOG_STDERR = 0, CONFIG_LOG_SYSLOG, CONFIG_LOG_JOURNAL };
enum config_log_format { CONFIG_LOGFMT = 0, CONFIG_JSON };
/* How the log names people. */
enum config_log_users { CONFIG_USERS_PLAIN = 0, CONFIG_USERS_KEYED, CONFIG_USERS_NONE };

/* One rule of the policy. It hits if all its conditions hold. An empty list, a zero time or false
 * is not a condition. */
struct config_rule {
	const char *name;
	const char *file;
	int line; /* in the file */
	bool allow;
	struct config_list groups;	   /* any of these, exact */
	struct config_list users;	   /* subject, exact; with '/': "backend/subject" */
	struct config_list emails;	   /* glob, ignores case; '*' does not match '@' */
	struct config_list backends;	   /* title, exact */
	struct config_list platforms;	   /* title, ignores case */
	struct config_list meetings;	   /* glob on the meeting id */
	struct config_list meeting_tokens; /* glob on the meeting token, which the visitor supplies
					      unchecked */
	struct config_list acr;		   /* authentication context class, exact */
	bool second_factor;		   /* the visitor gave a second factor */
	struct config_list networks;	   /* of the visitor's address */
	const struct network *parsed_networks; /* `networks`, parsed */
	int64_t not_before;		       /* seconds since 1970, inclusive; 0: none */
	int64_t not_after;		       /* seconds since 1970, inclusive; 0: none */
	const char *role;		       /* of the people it allows; "" */
	const char *title;		       /* of the meetings, on pages; "" */
};

/* Who may start a meeting with whom. Conditions as in a rule. */
struct config_meet {
	const char *name;
	const char *file;
	int line; /* in the file */
	bool allow;
	struct config_list accounts;  /* glob on the name of a guest account, no case */
	struct config_list with;      /* the same for those who are invited */
	struct config_list platforms; /* title, no case */
	int64_t not_before, not_after;
};

struct config_policy {
	bool present; /* the file has a policy section */
	bool allow_by_default;
	const struct config_rule *rules;
	size_t count;
	const struct config_meet *meets;
	size_t meet_count;
};

/* The page on which hosts create guest accounts and invitations. */
struct config_desk {
	bool present; /* the file has a guest-desk section */
	const struct section *section;
	struct config_list groups;
	struct config_list backends;		      /* whose groups are trusted; empty: all */
	const struct section *accounts, *invitations; /* backends' sections; NULL: none */
};

/* Immutable; owns everything in it. */
struct settings {
	const char *file;     /* the name given to config_load() */
	const char *base_url; /* origin and mount: "https://external.example.org/auth" */
	const char *origin;   /* lower case, no default port: "https://external.example.org" */
	const char *mount;    /* "/auth"; "" when base-url has no path */
	const char *store, *store_key, *state, *state_prefix;
	int64_t state_timeout_ms;
	unsigned state_replicas;
	const char *state_ca_file, *state_certificate, *state_certificate_key, *sentinel_name;
	struct config_list sentinels;
	bool state_required;
	const char *metrics_folder;				 /* "": the state's */
	int64_t session_lifetime, session_idle, ticket_lifetime; /* seconds */
	int64_t drain_timeout_ms;
	bool confine, confirm;
	struct config_rate throttle_account, throttle_address, throttle_joins, throttle_refused;
	unsigned max_in_flight;
	enum config_log log;
	enum config_log_format log_format;
	enum config_log_users log_users;
	struct config_list languages;
	const char *brand_name, *brand_logo, *brand_logo_dark, *brand_icon, *brand_accent,
		*brand_help, *brand_privacy; /* "" if not set */
	const char *share; /* folder with pages/, lang/, static/; default: the installed one */
	const struct section *const *platforms, *const *backends; /* in the order of the file */
	size_t platform_count, backend_count;
	const struct section *const *platforms_by_title; /* for config_platform() */
	struct config_policy policy;
	struct config_desk desk;
	const struct sources *sources; /* where each line was written; private to config/ */
	const struct section *top;     /* options outside of sections, for section_error() */
};

/* The known section types. Both arrays end with a NULL type. */
struct config_types {
	const struct section_type *platforms, *backends;
};

/* Reads and checks the file, with all that it includes; free with config_free(). NULL with
 * "FILE:LINE: what is wrong and what was expected": an unknown option (with a similar known name if
 * there is one), a wrong type, a duplicate title or option, a value out of range, an unset ${NAME},
 * an unreadable file. Thread-safe: calls wait for each other. */
struct settings *config_load(const char *file, struct config_types types, struct error *error);

void config_free(struct settings **settings);

/* What the variables of the environment set, one sentence each, for the operator; NULL after the
 * last. */
const char *config_variable(const struct settings *settings, size_t index);

/* A stamp of all files that were read, and of the folders whose files are included. Equal stamps:
 * nothing has changed. */
struct file_stamp config_stamp(const struct settings *settings);
/* The stamp that they had when they were read. */
struct file_stamp config_stamp_read(const struct settings *settings);

/* Checks that a running pool can use `new_settings`: options that are read when it starts are as in
 * `old_settings`. 0, or -1 with an error that names all that differ. */
int config_check_reload(const struct settings *old_settings, const struct settings *new_settings,
	struct error *error);

/* Return the platform (ignoring case) or the backend with this title, or NULL. */
const struct section *config_platform(const struct settings *settings, const char *title);
const struct section *config_backend(const struct settings *settings, const char *title);

enum { CONFIG_WHERE_SIZE = 300 };

/* Writes where a line is, for somebody who reads about `from`: "on line 7", or "in FILE:7" where
 * that is another file. Returns `text`. */
const char *config_where(
	const char *file, int line, const char *from, char text[CONFIG_WHERE_SIZE]);

/* Whether the rule's `meetings` excludes some meetings, which no pattern like "*" does. */
bool config_names_meetings(const struct config_rule *rule);

/* Checks that `url` is scheme://host[:port][/path] without userinfo, query and fragment. The scheme
 * is https, or http for this machine: localhost, 127.0.0.0/8, [::1]. 0, or -1 with the reason in
 * the error, without file and line. */
int config_check_url(const char *url, struct error *error);

/* The same, but allows a query, which is not checked. */
int config_check_front(const char *url, struct error *error);

/* Normalizes scheme://host[:port], checked by config_check_url() before, in place to what browsers
 * send in an Origin header (RFC 6454 section 6.1): lower case, no default port. */
void config_to_origin(char *url);
