/* SPDX-License-Identifier: MIT
 *
 * Which backends there are: one row each. One whose library a build lacks keeps its row with NULL
 * (#ifdef HAVE_… / #else), so that its name is still known.
 */
#include "auth/auth.h"

#include <pthread.h>

extern const struct auth_backend auth_command;
extern const struct auth_backend auth_email;
extern const struct auth_backend auth_file;
extern const struct auth_backend auth_guest;
extern const struct auth_backend auth_guest_account;
extern const struct auth_backend auth_http;
extern const struct auth_backend auth_invite;
#ifdef HAVE_LDAP
extern const struct auth_backend auth_ldap;
#endif
extern const struct auth_backend auth_meeting_key;
#ifdef HAVE_CJOSE
extern const struct auth_backend auth_oidc;
#endif
#ifdef HAVE_RADIUS
extern const struct auth_backend auth_radius;
#endif
#ifdef HAVE_PAM
extern const struct auth_backend auth_pam;
#endif
extern const struct auth_backend auth_remote_user;
#ifdef MEETAUTH_MOCK
extern const struct auth_backend auth_mock;
#endif

static const struct {
	const char *type;
	const struct auth_backend *backend;
} rows[] = {
	{"file", &auth_file},
#ifdef HAVE_LDAP
	{"ldap", &auth_ldap},
#else
	{"ldap", NULL},
#endif
#ifdef HAVE_PAM
	{"pam", &auth_pam},
#else
	{"pam", NULL},
#endif
#ifdef HAVE_CJOSE
	{"oidc", &auth_oidc},
#else
	{"oidc", NULL},
#endif
	{"command", &auth_command},
#ifdef HAVE_RADIUS
	{"radius", &auth_radius},
#else
	{"radius", NULL},
#endif
	{"http", &auth_http},
	{"remote-user", &auth_remote_user},
	{"email", &auth_email},
	{"invite", &auth_invite},
	{"meeting-key", &auth_meeting_key},
	{"guest", &auth_guest},
	{"guest-account", &auth_guest_account},
#ifdef MEETAUTH_MOCK
	{"mock", &auth_mock},
#endif
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct auth_backend *auth_find(const char *type, bool *compiled_out_r)
{
	*compiled_out_r = false;
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].type, type) != 0)
			continue;
		*compiled_out_r = rows[i].backend == NULL;
		return rows[i].backend;
	}
	return NULL;
}

const struct auth_backend *auth_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].backend != NULL && index-- == 0)
			return rows[i].backend;
	return NULL;
}

const char *auth_missing_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].backend == NULL && index-- == 0)
			return rows[i].type;
	return NULL;
}

static struct section_type types[ROWS + 1];

/* Those that are not built in too, without options: their name is to be refused, not unknown. */
static void fill_types(void)
{
	static const struct option none[] = {{0}};

	for (size_t i = 0; i < ROWS; i++)
		types[i] = (struct section_type){
			rows[i].type, rows[i].backend != NULL ? rows[i].backend->options : none};
}

const struct section_type *auth_section_types(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_types);
	return types;
}
