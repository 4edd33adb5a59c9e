/* SPDX-License-Identifier: MIT
 *
 * The contract of a backend, which authenticates visitors: one const struct auth_backend and a row
 * in backends.def. A driver must set its type, its options and a way to authenticate; NULL and zero
 * select the default behaviour for everything else. There are two contexts: the instance, which is
 * made from a section and lives until the configuration is reloaded, and the attempt (attempt.h),
 * which lives for one call. Several worker threads may use an instance at once.
 */
#pragma once

#include "auth/attempt.h"
#include "config/option.h"

/* The result of an authentication. Zero is deny, so that an unset verdict refuses. */
enum auth_verdict {
	AUTH_DENY = 0,	  /* the account exists; wrong password, disabled or expired */
	AUTH_UNKNOWN,	  /* no such account; the next backend is tried */
	AUTH_UNAVAILABLE, /* the backend does not work; nothing is known about the person */
	AUTH_UNFIT, /* authenticated, but the identity is unusable (too many groups). It does not
		       count as a failure of the backend, or one person could cause an outage for
		       all */
	AUTH_CHALLENGE, /* another step is needed: `challenge` is set */
	AUTH_GRANT,	/* authenticated; `who` is complete */
};

/* What the name field takes, for browsers that fill it in and phones that choose a keyboard. */
enum auth_name { AUTH_NAME_ACCOUNT = 0, AUTH_NAME_PERSON, AUTH_NAME_EMAIL };

/* A form of its own. Without a name field, attempts are counted per client address, or per meeting
 * for a backend with one_meeting and a password field. */
struct auth_form {
	const char *name_label, *password_label; /* keys of texts; NULL: no such field */
	const char *wrong; /* key of the text after a wrong answer; NULL: the general one */
	enum auth_name name;
	bool asks_policy; /* the caller sets attempt->admitted */
};

/* A button that redirects to a provider. The calls run on a worker and may block, unless their
 * comment says otherwise. */
struct auth_redirects {
	/* Appends the URL of the authorization request. Returns AUTH_GRANT or AUTH_UNAVAILABLE. */
	enum auth_verdict (*authorization_url)(
		void *instance, const struct auth_redirect *redirect);
	/* Runs on the event loop. Whether authorization_url() would not block; then it is called on
	 * the event loop, too. NULL: it may always block. */
	bool (*url_is_known)(void *instance);
	/* Handles the parameters of the callback. */
	enum auth_verdict (*handle_callback)(void *instance, const struct auth_redirect *redirect);
	/* Appends the URL that signs out at the provider and redirects to `back`; nothing if the
	 * provider has none. Runs on the event loop and must not block. NULL: never. */
	void (*logout_url)(
		void *instance, const struct identity *who, const char *back, struct buffer *url);
	/* Validates a provider's message. Returns AUTH_GRANT if it is valid. NULL: messages are not
	 * supported. */
	enum auth_verdict (*backchannel_logout)(void *instance, struct auth_ending *ending);
};

/* A meeting that a guest was invited to. The texts are valid until tell() returns. */
struct auth_meeting {
	const char *platform, *meeting_id;
	const char *meeting_token; /* of the meeting's URL, or "" */
	const char *title;	   /* what pages call it, or "" */
	const char *host;	   /* display name of the person who invited, or "" */
	const char *by;		   /* the same person as "BACKEND/SUBJECT" */
	int64_t expires;	   /* seconds since 1970; 0: never */
};
typedef void auth_tell(void *context, const struct auth_meeting *meeting);
/* A guest who may sign in now. */
struct auth_guest {
	const char *id, *name; /* name: the user name */
	const char *display;   /* display name, or "" */
	const char *folded;    /* both names for searches (fold.h) */
};
/* Returns false to hear of no more guests. */
typedef bool auth_tell_guest(void *context, const struct auth_guest *guest);

/* Lists the meetings of guests from the backend's current records. The calls run on the event loop
 * and must not block. */
struct auth_meetings {
	/* Calls tell() for each meeting that a guest may join. */
	void (*of_guest)(
		void *instance, const struct identity *who, auth_tell *tell, void *context);
	/* Calls tell() for each guest whom this host ("BACKEND/SUBJECT") has invited and who may
	 * still join, with the meeting. */
	void (*of_host)(void *instance, const char *host, auth_tell *tell, void *context);
	/* Calls tell() for the guest `who`, then for each guest who may sign in now until it
	 * returns false; for nobody if `who` is not one of them. NULL: the backend has no user
	 * names. */
	void (*each_guest)(
		void *instance, const struct identity *who, auth_tell_guest *tell, void *context);
};

/* The secret "backend/TITLE" in the store. */
struct auth_secret {
	/* What the operator does with a key of `meetauthctl secret generate`, as half a sentence.
	 * NULL: the command refuses to generate keys for this type. */
	const char *generated;
	/* Whether the backend needs a secret. NULL: always. */
	bool (*needed)(void *instance);
};

#define AUTH_RETURN "{return}"

/* Words of the option "second-factor", for backends that set `second_factor`. */
#define AUTH_SECOND_FACTOR OPTION_WORDS("optional", "required")

struct auth_backend {
	const char *type;
	const char *summary;	      /* one line for -V and the manual */
	const struct option *options; /* of the section */
	size_t size;		      /* of the instance, which the options fill; 0: no instance */
	/* How many calls may run at once in a process. 0: they use the CPU and do not wait, so they
	 * share the queue for password hashes. */
	unsigned threads;

	/* Checks what was typed, or the token of a link. Runs on a worker, may block until the
	 * backend's own deadline, and must take as long for unknown names as for known ones. */
	enum auth_verdict (*check)(void *instance, const struct auth_attempt *attempt);

	/* How visitors authenticate. If all are NULL and false: by user name and password in a form
	 * that all such backends share; they are tried in the order of the configuration. */
	const struct auth_form *form;
	const struct auth_redirects *redirect; /* instead of check() */
	bool link; /* visitors come with a link; its token is the password */
	/* Instead of check(): reads the user whom the web server has authenticated. param() returns
	 * a FastCGI parameter or NULL. Runs on the event loop and must not block. Returns
	 * AUTH_UNKNOWN if there is no user. */
	enum auth_verdict (*identify)(void *instance,
		const char *(*param)(const void *request, const char *name), const void *request,
		struct identity *who, struct error *error);

	/* With identify(): the address where the web server's authentication signs people in, with
	 * AUTH_RETURN in the place of the address that it sends them back to. "": none. NULL:
	 * never.
	 */
	const char *(*login)(void *instance);

	bool one_meeting;   /* the session is valid for this meeting only */
	bool second_factor; /* users may have a TOTP key (meetauthctl user totp) */
	bool empty_answers; /* an empty answer to a challenge is valid: the user has approved it
			       elsewhere */
	const struct auth_secret *secret; /* NULL: the backend uses none */
	/* Replaces identity.meetings, which are as old as the session. NULL: identity.meetings is
	 * used. */
	const struct auth_meetings *meetings;

	/* Runs after the options have filled the instance: checks how options fit together and
	 * prepares the instance, without network. Returns 0, or -1 with section_error(). NULL:
	 * nothing to do. */
	int (*open)(void *instance, const struct section *section, struct error *error);
	/* Releases what open() has made, also after open() failed; members that it did not reach
	 * are zero. NULL: nothing to do. */
	void (*close)(void *instance);

	/* Work after a challenge for which the visitor need not wait, such as sending a mail. Runs
	 * on a worker after the response was sent. Returns 0 or -1. NULL: none. */
	int (*deliver)(void *instance, const struct auth_challenge *challenge,
		const struct auth_secrets *secrets, struct error *error);

	/* Reads a person's name, e-mail and groups again if they are older than the option
	 * "group-refresh", which the backend lists. Runs on a worker. AUTH_DENY: the account is
	 * gone; AUTH_UNKNOWN: a new sign-in is needed. NULL: never. */
	enum auth_verdict (*renew)(void *instance, const struct auth_renewal *renewal);

	/* Whether a session is still valid: false if the account was removed, disabled, has expired
	 * or has changed in what the session depends on. Runs on the event loop at every join and
	 * must not block. NULL: always valid. */
	bool (*session_valid)(void *instance, const struct identity *who);

	/* Reloads the backend's files if they have changed. Runs on a worker about every second.
	 * Returns 1 if something changed, 0 if not, or -1 with an error; then the old contents stay
	 * in use. NULL: no files. */
	int (*refresh)(void *instance, struct error *error);

	/* Tests the connection for `meetauthctl check --connect`. May block. Returns 0 or -1. NULL:
	 * needs no connection. */
	int (*connect)(void *instance, const struct auth_secrets *secrets, struct error *error);

	/* Tests whether the backend works, after it has failed for several people in a row, with a
	 * request that is not about a person. Returns 0 if it works, so that the failures were
	 * about those people, or -1 if not, so that the circuit breaker opens. Runs on a worker
	 * within the deadline of check(). NULL: the breaker opens. */
	int (*alive)(void *instance, const struct auth_secrets *secrets, struct error *error);
};
