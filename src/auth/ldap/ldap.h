/* SPDX-License-Identifier: MIT
 *
 * The parts of the backend "ldap"; private to auth/. An instance is a struct directory; one call of
 * a worker (a login, a renewal) is a struct directory_call with one deadline for everything.
 */
#pragma once
#ifdef HAVE_LDAP

#include "auth/auth.h"
#include "secret/digest.h"

#include <ldap.h>
#include <pthread.h>

enum {
	DIRECTORY_SERVERS_MAX = 8,
	DIRECTORY_TEXT_MAX = 8192, /* bytes of a filter with its names filled in */
};

/* What a connection is for. They never mix: whoever has just typed a password gets a connection
 * that nothing is searched on with the service account's rights, and no search of the service
 * account runs on a connection that is bound as a person. */
enum link_role {
	LINK_SERVICE = 0, /* bound as bind-dn, or anonymous without one */
	LINK_PERSON,	  /* bound as one person after the other */
	LINK_ROLES,
};

struct directory_server {
	const char *url;
	bool ldaps;
	int64_t down_until; /* monotonic; under the lock */
};

/* One connection; used by one thread at a time. */
struct link {
	LDAP *ld;
	size_t server;
	enum link_role role;
	bool fresh;	  /* opened for this call */
	int64_t deadline; /* of the request that it is at */
	struct ldap_conncb connected;
	int64_t opened, used;
	struct link *next;
};

/* Strings are "" where not set. */
struct directory {
	const char *title;
	struct config_list urls;
	struct directory_server servers[DIRECTORY_SERVERS_MAX]; /* one for each of them */
	size_t server_count;
	bool start_tls;
	const char *ca_file;
	const char *bind_dn;
	const char *base, *filter, *user_dn;
	bool one_level; /* right below the base, and not all that is below it */
	char *nobody;	/* a DN that does not exist; owned */
	const char *subject_attribute, *name_attribute, *email_attribute, *group_attribute;
	bool whole_dn;
	const char *group_base, *group_filter, *group_name_attribute;
	bool nested;
	struct config_list group_match;
	int64_t group_refresh_ms;
	int64_t connect_ms, timeout_ms;

	pthread_mutex_t lock; /* servers' down_until, idle; never held while waiting */
	struct link *idle[LINK_ROLES];
};

struct directory_call {
	struct directory *directory;
	const struct auth_secrets *secrets;
	int64_t deadline;   /* monotonic milliseconds */
	const char *typed;  /* for a name; NULL: none was typed */
	struct link *bound; /* set: searches go here and not to the service account's */
	struct error *error;
};

/* ---- settings.c ---- */

extern const struct option directory_options[];

/* driver->open(). */
int directory_open(void *instance, const struct section *section, struct error *error);

/* LDAP_SCOPE_ of a search for people. */
int directory_scope(const struct directory *directory);

/* ---- text.c: names of people go into filters and DNs here and nowhere else ---- */

/* `filter` with {name} and {dn} replaced, escaped after RFC 4515 section 3. Either may be NULL
 * where the filter has none. To be freed; NULL without memory or when too long. */
char *directory_filter(const char *filter, const char *name, const char *dn);

/* The DN template with {name} replaced, escaped after RFC 4514 section 2.4. To be given to
 * ldap_memfree(); NULL without memory, or when the template is no DN. */
char *directory_dn(const char *pattern, const char *name);

/* The value of the first RDN of a DN, unescaped; to be freed. NULL when it is no DN. */
char *directory_rdn(const char *dn);

/* A value as text, to be freed; NULL when it contains a NUL, or without memory. */
char *directory_value(const struct berval *value);

/* A value of the attribute that people are called by, to be freed: as text, or where it is one of
 * Active Directory's binary ones, as its tools write it. NULL as above. */
char *directory_subject(const char *attribute, const struct berval *value);

/* Values have no order, so where one is wanted that has to stay the same, it is the least. To be
 * freed; NULL where there is none, or without memory. */
char *directory_least_value(LDAP *ld, LDAPMessage *entry, const char *attribute);

/* ---- link.c: one connection ---- */

struct link_answer {
	int code; /* LDAP_SUCCESS, or another result code (RFC 4511 4.1.9), or one of libldap's */
	bool barred; /* locked, expired, disabled, or to change the password first: so the server
			knows the account */
};

/* Connects, secures and binds as the role wants it. The result code; LDAP_SUCCESS with *link_r.
 * LDAP_INVALID_CREDENTIALS is about bind-dn. */
int link_open(const struct directory_call *call, size_t server, enum link_role role,
	struct link **link_r);
void link_close(struct link *link);

/* A simple bind; refuses an empty DN or password, which would be an anonymous bind that succeeds
 * (RFC 4513 section 5.1.2). */
void link_bind(struct link *link, const char *dn, const char *password, int64_t deadline,
	struct link_answer *answer);

struct link_query {
	const char *base;
	int scope;
	const char *filter;
	const char *const *attributes;
	int size;	       /* entries at most */
	struct berval *cookie; /* NULL: all at once. Else pages of `size` (RFC 2696): empty at
				* first, what link_search() left in it for the next one, and empty
				* again after the last; to be given to ber_memfree() */
};

/* Whether it is the server that failed, or cannot be reached, and not what it was asked. */
bool link_is_servers_fault(int code);

/* The result code. *result_r is to be given to ldap_msgfree(), NULL where nothing came. */
int link_search(struct link *link, const struct link_query *query, int64_t deadline,
	LDAPMessage **result_r);

/* Writes "URL: what: why (the server's words)" for a code that the last request had, without words
 * that repeat what was typed. Always -1. */
int link_error(
	const struct directory_call *call, const struct link *link, const char *what, int code);

/* ---- pool.c: connections that are kept, and which server is asked ---- */

/* One that is kept, or a new one to the first server that works. NULL with an error. */
struct link *pool_take(const struct directory_call *call, enum link_role role);

/* Gives it back; by the code of its last request it is kept or closed, and the server left out. */
void pool_put(struct directory *directory, struct link *link, int code);

/* True when the request failed because the connection, a kept one, had died meanwhile: it is closed
 * then, and the request may be made again on another. */
bool pool_was_stale(struct link *link, int code);

void pool_close(struct directory *directory);

/* True with an error when there is a service account, and no password for it. */
bool directory_lacks_password(
	const struct directory *directory, const struct auth_secrets *secrets, struct error *error);

/* ---- account.c: an entry as an account; a renewal has no bind that would tell ---- */

enum { ACCOUNT_ATTRIBUTES_MAX = 24 };

/* The attributes to ask for, with a NULL at the end: ACCOUNT_ATTRIBUTES_MAX + 1 at most. */
void account_attributes(const char **attributes);

/* The attribute by which an entry says that its account is disabled, or has expired at `now`
 * (seconds since 1970); NULL where none does. */
const char *account_closed_by(LDAP *ld, LDAPMessage *entry, int64_t now);

/* Another one for another entry of the name, and for another password, where the directory tells
 * when that was set. */
void account_digest(LDAP *ld, LDAPMessage *entry, char digest[DIGEST_SIZE]);

/* ---- person.c: entries and groups ---- */

struct person {
	unsigned matches; /* entries: 0, 1, or 2 for several */
	char *dn;
	struct identity who; /* all but backend; for one match */
	const char *closed;  /* the attribute by which the entry says that it may not be used */
	bool broken;	     /* it cannot be made an identity, `fault` says why */
	struct error fault;
};

/* Looks for the entry of a name that was typed: by search, or by template. 0, or -1 with an
 * error. Released either way by person_release(). */
int person_find(const struct directory_call *call, const char *name, struct person *person);

/* Adds the groups that a search finds. 0, or -1 with an error. */
int person_find_groups(const struct directory_call *call, struct person *person);

void person_release(struct person *person);

#endif
