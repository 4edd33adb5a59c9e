/* SPDX-License-Identifier: MIT
 *
 * Who are you? The contract of a backend: one const struct auth_backend, one row in backends.def.
 * A driver says its type, its options and how it checks somebody; NULL and zero are the usual
 * behaviour everywhere else. Two contexts with two lifetimes: the instance (a section of the
 * configuration, from load to the next load) and the attempt (one try of one person, attempt.h).
 * Several worker threads may use an instance at once.
 */
#pragma once

#include "auth/attempt.h"
#include "config/option.h"

/* What a backend says. Zero is deny, so that what nobody set refuses. */
enum auth_verdict {
	AUTH_DENY = 0,	  /* known here, and wrong password, or disabled, or expired */
	AUTH_UNKNOWN,	  /* nobody of that name here: the next backend may know */
	AUTH_UNAVAILABLE, /* out of order: no statement about the person */
	AUTH_UNFIT,	  /* it is them, but what is said of them cannot be used (too many groups):
			   * out of order for them alone, or they could shut the others out */
	AUTH_CHALLENGE,	  /* right so far, and one more answer is wanted: `challenge` is filled */
	AUTH_GRANT,	  /* it is them; `who` is complete */
};

/* What the name field takes, for browsers that fill it in and phones that choose a keyboard. */
enum auth_name { AUTH_NAME_ACCOUNT = 0, AUTH_NAME_PERSON, AUTH_NAME_EMAIL };

/* A form of its own. Without a name, tries are counted by address alone; in a form for one meeting
 * that has a password, by the meeting. */
struct auth_form {
	const char *name_label, *password_label; /* keys of sentences; NULL: no such field */
	const char *wrong; /* the sentence's key after a wrong answer; NULL: the general one */
	enum auth_name name;
	bool asks_policy; /* wants to know `admitted` */
};

/* A button: people sign in at a provider and come back. On a worker, unless said otherwise. */
struct auth_redirects {
	/* Where to send the browser: AUTH_GRANT or AUTH_UNAVAILABLE. */
	enum auth_verdict (*authorization_url)(
		void *instance, const struct auth_redirect *redirect);
	/* Whether authorization_url() has all that it needs: then it does not block, and is called
	 * on the loop. Called on the loop. NULL: it may always block. */
	bool (*url_is_known)(void *instance);
	/* Who came back. */
	enum auth_verdict (*handle_callback)(void *instance, const struct auth_redirect *redirect);
	/* Appends the address at which the browser signs out at the provider and returns to `back`;
	 * nothing if the provider has none. Runs on the loop: must not block. NULL: no provider
	 * has one. */
	void (*logout_url)(
		void *instance, const struct identity *who, const char *back, struct buffer *url);
	/* Reads a provider's message; AUTH_GRANT: it is good. NULL: takes none. */
	enum auth_verdict (*backchannel_logout)(void *instance, struct auth_ending *ending);
};

/* A meeting that a guest was invited to. Texts live until tell() returns. */
struct auth_meeting {
	const char *platform, *meeting_id;
	const char *meeting_token; /* of the meeting's address; "" where unknown */
	const char *host;	   /* who invited them, as people read it; "" where unknown */
	const char *by;		   /* the same as "BACKEND/SUBJECT" */
	int64_t expires;	   /* when the invitation ends, in seconds since 1970; 0: never */
};
typedef void auth_tell(void *context, const struct auth_meeting *meeting);
typedef void auth_tell_guest(void *context, const char *id, const char *name, const char *display);

/* The meetings of guests, as the backend's records are now. On the loop: must not block. */
struct auth_meetings {
	/* Tells the meetings that one of its guests may come to. */
	void (*of_guest)(
		void *instance, const struct identity *who, auth_tell *tell, void *context);
	/* Tells the meetings that a host ("BACKEND/SUBJECT") has invited guests to who may still
	 * come, one for each guest. */
	void (*of_host)(void *instance, const char *host, auth_tell *tell, void *context);
	/* Tells the guests who may sign in now, by their ids, the names that they sign in with and
	 * those that people read ("" where unknown). NULL: nobody signs in. */
	void (*each_guest)(void *instance, auth_tell_guest *tell, void *context);
};

/* The secret "backend/TITLE" in the store. */
struct auth_secret {
	/* What to do with a random key that `meetauthctl secret generate` made, as the half of a
	 * sentence. NULL: its secrets are made elsewhere. */
	const char *generated;
	/* Whether it can do nothing without one. NULL: it always needs one. */
	bool (*needed)(void *instance);
};

/* Words of the option "second-factor", which backends list that set `second_factor`. */
#define AUTH_SECOND_FACTOR OPTION_WORDS("optional", "required")

struct auth_backend {
	const char *type;
	const char *summary;	      /* one line for -V and the manual */
	const struct option *options; /* what its section takes */
	size_t size;		      /* of the instance, which the options fill; 0: none */
	/* How many calls may run at once in a process; 0: they take the processor, not time, and
	 * share the queue of the password hashes. */
	unsigned threads;

	/* Checks what was typed, or a link's password. Blocks, so it runs on a worker, within the
	 * backend's own deadline; takes as long for an unknown name as for a known one. */
	enum auth_verdict (*check)(void *instance, const struct auth_attempt *attempt);

	/* How people meet it. All NULL and false: name and password, in the form that all backends
	 * of this kind share, and which are asked in the order of the file. */
	const struct auth_form *form;
	const struct auth_redirects *redirect; /* in the place of check() */
	bool link; /* nothing to see: they come with a link (password is what it holds) */
	/* Nothing to see, in the place of check(): who the web server says it is; `param` gives a
	 * FastCGI parameter by name or NULL. On the loop: must not block. AUTH_UNKNOWN: nobody. */
	enum auth_verdict (*identify)(void *instance,
		const char *(*param)(const void *request, const char *name), const void *request,
		struct identity *who, struct error *error);

	bool one_meeting;   /* who comes in this way is in for this meeting only */
	bool second_factor; /* people may have a TOTP key (meetauthctl user totp) */
	bool empty_answers; /* to a challenge mean something: somebody has approved it elsewhere */
	const struct auth_secret *secret; /* NULL: it never reads one */
	/* What says which meetings its people are good for, in the place of identity.meetings,
	 * which are as old as the session. NULL: those do. */
	const struct auth_meetings *meetings;

	/* Finishes an instance that the options have filled: what relates options to each other,
	 * and what lasts. 0 or -1 with section_error(). Asks no host. NULL: nothing to do. */
	int (*open)(void *instance, const struct section *section, struct error *error);
	/* Releases what open() made, all of it or the part before it failed; what it did not reach
	 * is zero. NULL: nothing to do. */
	void (*close)(void *instance);

	/* What follows a challenge and must not keep the visitor waiting (a mail): on a worker,
	 * after the answer went out. 0 or -1. NULL: nothing. */
	int (*deliver)(void *instance, const struct auth_challenge *challenge,
		const struct auth_secrets *secrets, struct error *error);

	/* Reads somebody's name, e-mail and groups again, when they are older than the option
	 * "group-refresh" (a duration, which the backend lists). On a worker. AUTH_DENY: they are
	 * gone; AUTH_UNKNOWN: to be found out only by signing in again. NULL: never. */
	enum auth_verdict (*renew)(void *instance, const struct auth_renewal *renewal);

	/* Whether a session of theirs may go on: false when they were removed, disabled or have
	 * expired, and when what the session says of them is not what it would say now. On the loop
	 * for every join: must not block. NULL: always. */
	bool (*session_valid)(void *instance, const struct identity *who);

	/* Reads its files again if they changed; on a worker about every second. 1 when something
	 * changed, 0 when not, -1 with an error (what was there before stays). NULL: has no files.
	 */
	int (*refresh)(void *instance, struct error *error);

	/* Tries to reach what it needs: for `meetauthctl check --connect`. 0 or -1. NULL: nothing
	 * to reach. */
	int (*connect)(void *instance, const struct auth_secrets *secrets, struct error *error);

	/* Asks a question that is about nobody, after it has failed for several people in a row: 0
	 * when it is well, so that those names are to blame, -1 when it is not or one cannot tell,
	 * and it is left alone for a while. On a worker, within the deadline of check(). NULL: one
	 * cannot tell. */
	int (*alive)(void *instance, const struct auth_secrets *secrets, struct error *error);
};
