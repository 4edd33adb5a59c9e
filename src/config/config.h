/* SPDX-License-Identifier: MIT
 *
 * The configuration file (meetauth.conf(5), libconfuse syntax) as typed, checked settings. Pure
 * apart from reading the file and the environment: nothing else is opened, no host is asked.
 */
#pragma once

#include "base/network.h"
#include "config/option.h"

enum config_log { CONFIG_LOG_STDERR = 0, CONFIG_LOG_SYSLOG };
enum config_log_format { CONFIG_LOGFMT = 0, CONFIG_JSON };

/* One rule of the policy. An empty list, a zero time and false are conditions that were not
 * written; a rule hits when every written condition does. */
struct config_rule {
	const char *name;
	int line;
	bool allow;
	struct config_list groups;    /* any of them, exact */
	struct config_list users;     /* subject, exact; with a '/' in it "backend/subject" only */
	struct config_list emails;    /* glob, no case; '*' does not reach over the '@' */
	struct config_list backends;  /* title, exact */
	struct config_list platforms; /* title, no case */
	struct config_list meetings;  /* glob on the meeting id */
	struct config_list meeting_tokens; /* glob on the meeting token, which nobody confirms */
	struct config_list acr;		   /* authentication context class, exact */
	bool second_factor;		   /* more than one factor was checked */
	struct config_list networks;	   /* where the visitor comes from */
	const struct network *parsed_networks; /* one for each of them */
	int64_t not_before;		       /* seconds since 1970, inclusive; 0: none */
	int64_t not_after;		       /* seconds since 1970, inclusive; 0: none */
	const char *role;		       /* what the rule makes of whom it allows; "" */
};

struct config_policy {
	bool present; /* a policy section stands in the file */
	bool allow_by_default;
	const struct config_rule *rules;
	size_t count;
};

/* The page where some make accounts and invitations for guests. */
struct config_desk {
	bool present; /* a guest-desk section stands in the file */
	const struct section *section;
	struct config_list groups;
	struct config_list backends;		      /* that the groups count of; none: of any */
	const struct section *accounts, *invitations; /* of backends; NULL: none */
};

/* Everything is owned by the settings and immutable. */
struct settings {
	const char *file;     /* as it was named */
	const char *base_url; /* origin and mount: "https://external.example.org/auth" */
	const char *origin;   /* lower case, no usual port: "https://external.example.org" */
	const char *mount;    /* "/auth"; "" when base-url has no path */
	const char *store, *store_key, *state;
	int64_t session_lifetime, session_idle, ticket_lifetime; /* seconds */
	int64_t drain_timeout_ms;
	struct config_rate throttle_account, throttle_address, throttle_joins, throttle_refused;
	unsigned max_in_flight;
	enum config_log log;
	enum config_log_format log_format;
	struct config_list languages;
	const char *brand_name, *brand_logo; /* "" where not set */
	const char *share; /* folder of pages/, lang/, static/: the installed one by default */
	const struct section *const *platforms, *const *backends; /* in the order of the file */
	size_t platform_count, backend_count;
	struct config_policy policy;
	struct config_desk desk;
	const struct section *top; /* what stands outside of sections, for section_error() */
};

/* Which section types exist; both arrays are ended by a NULL type. */
struct config_types {
	const struct section_type *platforms, *backends;
};

/* Reads and checks the file. NULL with "FILE:LINE: what is wrong and what would be right" in the
 * error: unknown option (with the nearest known name where there is one), wrong type, duplicate
 * title or option, value out of range, unset ${NAME}, unreadable file. Threads take turns. */
struct settings *config_load(const char *file, struct config_types types, struct error *error);

void config_free(struct settings **settings);

/* Whether `meetings` of the rule leaves some meetings out: no pattern of it matches every id. */
bool config_names_meetings(const struct config_rule *rule);

/* http:// may be used only towards this machine: localhost, 127.0.0.0/8, [::1]. Checks that `url`
 * is scheme://host[:port][/path] with https, or http and loopback, without userinfo, query and
 * fragment. 0 or -1; says why in the error (without place). */
int config_check_url(const char *url, struct error *error);

/* The same for an address that may have a query, which is not looked at. */
int config_check_front(const char *url, struct error *error);

/* Makes scheme://host[:port], which config_check_url() has passed, what browsers write in an Origin
 * header (RFC 6454 section 6.1), in place: lower case, without the usual port. */
void config_to_origin(char *url);
