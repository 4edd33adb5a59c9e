/* SPDX-License-Identifier: MIT
 *
 * Internal interface of backend "ldap". Private to src/auth/ldap. An instance is a struct
 * directory. A call on a worker (sign-in, renewal) is a struct directory_call, with one deadline
 * for everything.
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

/* What a connection is used for. The two never mix: a user's password is never tried on a
 * connection with the service account's rights, and the service account never searches on a
 * connection that is bound as a user. */
enum link_role {
	LINK_SERVICE = 0, /* bound as bind-dn, or anonymous without one */
	LINK_PERSON,	  /* bound as one user after the other */
	LINK_ROLES,
};

struct directory_server {
	const char *url;
	bool ldaps;
	int64_t down_until; /* monotonic milliseconds; protected by the lock */
};

/* A connection. Only one thread uses it at a time. */
struct link {
	LDAP *ld;
	size_t server;
	enum link_role role;
	bool fresh;	  /* opened for this call */
	int64_t deadline; /* of the current request, monotonic milliseconds */
	struct ldap_conncb connected;
	int64_t opened, used;
	struct link *next;
};

/* An instance. Options that are not set are "". */
struct directory {
	const char *title;
	struct config_list urls;
	struct directory_server servers[DIRECTORY_SERVERS_MAX]; /* parallel to urls */
	size_t server_count;
	bool start_tls;
	const char *ca_file;
	const char *bind_dn;
	const char *base, *filter, *user_dn;
	bool one_level; /* search only the children of the base, not the whole subtree */
	char *nobody;	/* a DN that does not exist; owned */
	const char *subject_attribute, *name_attribute, *email_attribute, *group_attribute;
	bool whole_dn;
	const char *group_base, *group_filter, *group_name_attribute;
	bool nested;
	struct config_list group_match;
	int64_t group_refresh_ms;
	int64_t connect_ms, timeout_ms;

	pthread_mutex_t lock; /* protects down_until and idle; never held while waiting */
	struct link *idle[LINK_ROLES];
};

struct directory_call {
	struct directory *directory;
	const struct auth_secrets *secrets;
	int64_t deadline;   /* monotonic milliseconds */
	const char *typed;  /* the typed user name, or NULL */
	struct link *bound; /* if not NULL, searches use it instead of a service connection */
	struct error *error;
};

/* ---- settings.c ---- */

extern const struct option directory_options[];

/* For struct auth_backend: open. */
int directory_open(void *instance, const struct section *section, struct error *error);

/* Returns the LDAP_SCOPE_… of searches for users. */
int directory_scope(const struct directory *directory);

/* ---- text.c: the only place where user names are put into filters and DNs ---- */

/* Returns `filter` with {name} and {dn} replaced and escaped as in RFC 4515 section 3; the caller
 * frees it. `name` or `dn` may be NULL if the filter does not use it. Returns NULL if the result is
 * too long or memory runs out. */
char *directory_filter(const char *filter, const char *name, const char *dn);

/* Returns the DN template with {name} replaced and escaped as in RFC 4514 section 2.4; the caller
 * frees it with ldap_memfree(). Returns NULL if the template is not a DN or memory runs out. */
char *directory_dn(const char *pattern, const char *name);

/* Returns the unescaped value of a DN's first RDN, which the caller frees, or NULL if it is not a
 * DN. */
char *directory_rdn(const char *dn);

/* Returns a value as text, which the caller frees, or NULL if it contains a NUL or memory runs out.
 */
char *directory_value(const struct berval *value);

/* Returns a value of subject-attribute as text, which the caller frees. Active Directory's binary
 * attributes are written as by its tools. NULL as above. */
char *directory_subject(const char *attribute, const struct berval *value);

/* Returns the smallest value of an attribute, which the caller frees: values have no order, and
 * this choice is stable. Returns NULL if there is none or memory runs out. */
char *directory_least_value(LDAP *ld, LDAPMessage *entry, const char *attribute);

/* ---- link.c: one connection ---- */

struct link_answer {
	int code;    /* a result code (RFC 4511 section 4.1.9), or one of libldap's own */
	bool barred; /* the account exists but is locked, expired, disabled, or must change its
			password */
};

/* Connects, starts TLS and binds for the role. Returns a result code; LDAP_SUCCESS with *link_r.
 * LDAP_INVALID_CREDENTIALS is about bind-dn. */
int link_open(const struct directory_call *call, size_t server, enum link_role role,
	struct link **link_r);
void link_close(struct link *link);

/* Does a simple bind. Refuses an empty DN or password, since the server would accept it as an
 * anonymous bind (RFC 4513 section 5.1.2). */
void link_bind(struct link *link, const char *dn, const char *password, int64_t deadline,
	struct link_answer *answer);

struct link_query {
	const char *base;
	int scope;
	const char *filter;
	const char *const *attributes;
	int size;	       /* limit of entries */
	struct berval *cookie; /* NULL: no paging. Otherwise pages of `size` (RFC 2696): empty for
				  the first page, set by link_search() for the next, and empty after
				  the last. The caller frees bv_val with ber_memfree() */
};

/* Whether a code means that the server failed or is unreachable, not that the request was wrong. */
bool link_is_servers_fault(int code);

/* Searches. Returns a result code. The caller frees *result_r, which may be NULL, with
 * ldap_msgfree(). */
int link_search(struct link *link, const struct link_query *query, int64_t deadline,
	LDAPMessage **result_r);

/* Sets the error "URL: what: reason (the server's message)" for the last request's code, without
 * the message if it repeats what was typed. Returns -1. */
int link_error(
	const struct directory_call *call, const struct link *link, const char *what, int code);

/* ---- pool.c: idle connections, and the choice of the server ---- */

/* Returns an idle connection, or a new one to the first server that works, or NULL with the error.
 */
struct link *pool_take(const struct directory_call *call, enum link_role role);

/* Returns a connection to the pool. Depending on the code of its last request, closes it and marks
 * the server as down. */
void pool_put(struct directory *directory, struct link *link, int code);

/* Whether a request failed because an idle connection had died. Then closes the connection, and the
 * caller may repeat the request on another. */
bool pool_was_stale(struct link *link, int code);

void pool_close(struct directory *directory);

/* Returns true, with the error, if there is a service account but no password for it. */
bool directory_lacks_password(
	const struct directory *directory, const struct auth_secrets *secrets, struct error *error);

/* ---- account.c: whether an entry's account is usable; needed at renewals, which have no bind ----
 */

enum { ACCOUNT_ATTRIBUTES_MAX = 24 };

/* Writes the attributes to request and a final NULL: at most ACCOUNT_ATTRIBUTES_MAX + 1 pointers to
 * constants. */
void account_attributes(const char **attributes);

/* Returns the attribute that marks the account as disabled, or expired at `now` (seconds since
 * 1970), or NULL. */
const char *account_closed_by(LDAP *ld, LDAPMessage *entry, int64_t now);

/* Computes a digest that changes if the name belongs to another entry, or if the password has
 * changed and the directory has a time for that. */
void account_digest(LDAP *ld, LDAPMessage *entry, char digest[DIGEST_SIZE]);

/* ---- person.c: entries and groups ---- */

struct person {
	unsigned matches; /* number of entries: 0, 1, or 2 for several */
	char *dn;
	struct identity who; /* set for one match, except for backend */
	const char *closed;  /* the attribute that marks the account as unusable, or NULL */
	bool broken;	     /* the entry does not make a valid identity, see `fault` */
	struct error fault;
};

/* Finds the entry of a typed user name, by search or by template. Returns 0, or -1 with an error.
 * The caller calls person_release() in both cases. */
int person_find(const struct directory_call *call, const char *name, struct person *person);

/* Searches for groups and adds them. Returns 0, or -1 with an error. */
int person_find_groups(const struct directory_call *call, struct person *person);

void person_release(struct person *person);

#endif
