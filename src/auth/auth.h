/* SPDX-License-Identifier: MIT
 *
 * Who are you? The contract of a backend: one .c file, everything static, one const struct
 * auth_backend, one row in registry.c. Two contexts with two lifetimes: the instance (a section of
 * the configuration, from load to the next load) and the attempt (one try of one person,
 * attempt.h). An instance may be used by several worker threads at once.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "auth/attempt.h"
#include "config/option.h"

/* What a backend says. Zero is deny, so that what nobody set refuses. */
enum auth_verdict {
	AUTH_DENY = 0, /* known here, and this is not the right password, or disabled, or expired */
	AUTH_UNKNOWN,  /* nobody of that name here: the next backend may know */
	AUTH_UNAVAILABLE, /* out of order: no statement about the person */
	AUTH_UNFIT,	  /* it is them, but what is said of them cannot be used (too many groups):
			   * out of order for them alone, or they could shut the others out */
	AUTH_CHALLENGE,	  /* right so far, and one more answer is wanted: `challenge` is filled */
	AUTH_GRANT,	  /* it is them; `who` is complete */
};

/* How people meet a backend. */
enum auth_kind {
	AUTH_PASSWORD = 0, /* name and password: all of this kind share one form, and are asked in
			      the order of the file */
	AUTH_FORM,	   /* a form of its own */
	AUTH_REDIRECT,	   /* a button: they sign in elsewhere and come back */
	AUTH_AMBIENT,	   /* nothing to see: the web server has found out already */
	AUTH_LINK,	   /* nothing to see: they come with a link (password is what it holds) */
};

struct auth_backend {
	const char *type;
	const char *summary;	      /* one line for -V and the manual */
	const struct option *options; /* what its section takes */
	enum auth_kind kind;
	/* How many calls may run at once in a process; 0: they take the processor, not time, and
	 * share the lane of the password hashes. */
	unsigned threads;
	/* AUTH_FORM: which fields, by the key of their label's sentence; NULL: no such field. */
	const char *name_label, *password_label;
	bool asks_policy;   /* wants to know `admitted` */
	bool one_meeting;   /* who comes in this way is in for this meeting only */
	bool empty_answers; /* to a challenge mean something: somebody has approved it elsewhere */
	bool second_factor; /* people may have a TOTP key (meetauthctl user totp) */

	/* What to do with a random key that `meetauthctl secret generate` made, as the half of a
	 * sentence. NULL: it takes none. */
	const char *generated;

	/* Makes an instance; 0 or -1 with section_error(). Asks no host. */
	int (*open)(const struct section *section, void **instance_r, struct error *error);
	void (*close)(void *instance);

	/* Whether it can do nothing without a secret in the store. NULL: it never reads one. */
	bool (*needs_secret)(void *instance);

	/* Checks what was typed (AUTH_PASSWORD, AUTH_FORM, AUTH_LINK). Blocks, so it runs on a
	 * worker, within the backend's own deadline; takes as long for an unknown name as for a
	 * known one. */
	enum auth_verdict (*check)(void *instance, const struct auth_attempt *attempt);

	/* What follows a challenge and must not keep the visitor waiting (a mail): called on a
	 * worker after the answer went out. 0 or -1. NULL: nothing. */
	int (*deliver)(void *instance, const struct auth_challenge *challenge,
		const struct auth_secrets *secrets, struct error *error);

	/* AUTH_REDIRECT, on a worker: where to send the browser (AUTH_GRANT or AUTH_UNAVAILABLE);
	 * who came back. */
	enum auth_verdict (*begin)(void *instance, const struct auth_redirect *redirect);
	enum auth_verdict (*finish)(void *instance, const struct auth_redirect *redirect);
	/* Appends where the browser goes to sign out at the provider and return to `back`; nothing
	 * where there is no such place. On the loop: must not block. NULL: never. */
	void (*leave)(
		void *instance, const struct identity *who, const char *back, struct buffer *url);
	/* Reads a provider's message; AUTH_GRANT: it is good. On a worker. NULL: takes none. */
	enum auth_verdict (*ended)(void *instance, struct auth_ending *ending);

	/* AUTH_AMBIENT: who the web server says it is; `param` gives a FastCGI parameter by name or
	 * NULL. On the loop: must not block. AUTH_UNKNOWN: nobody. */
	enum auth_verdict (*look)(void *instance,
		const char *(*param)(const void *request, const char *name), const void *request,
		struct identity *who, struct error *error);

	/* Reads somebody's name, e-mail and groups again, when they are older than the option
	 * "group-refresh" (a duration, which the backend lists). On a worker. AUTH_DENY: they are
	 * gone; AUTH_UNKNOWN: to be found out only by signing in again. NULL: never. */
	enum auth_verdict (*renew)(void *instance, const struct auth_renewal *renewal);

	/* Whether a session of this subject may go on: false when it was removed, disabled or has
	 * expired. Called on the loop for every join: must not block. NULL: always. */
	bool (*stands)(void *instance, const char *subject);

	/* The same where more counts than the subject: false also when what the session says of
	 * them is not what it would say now. NULL: as stands(). */
	bool (*holds)(void *instance, const struct identity *who);

	/* Reads its files again if they changed; called on a worker about every second. 1 when
	 * something changed, 0 when not, -1 with an error (what was there before stays). NULL: has
	 * no files. */
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

/* A backend by its type; NULL when there is none. *compiled_out_r: known, but not in this build. */
const struct auth_backend *auth_find(const char *type, bool *compiled_out_r);

/* All that are built in, in the order of the registry; NULL past the end. */
const struct auth_backend *auth_at(size_t index);

/* Those known but not built in, for -V; NULL past the end. */
const char *auth_missing_at(size_t index);

/* For config_load(); ended by a NULL type. */
const struct section_type *auth_section_types(void);

#endif
