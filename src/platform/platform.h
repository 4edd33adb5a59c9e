/* SPDX-License-Identifier: MIT
 *
 * The contract of a platform driver: one const struct platform_driver and a row in platforms.def.
 * Everything else in a driver is static. The first members are mandatory; the tables after them are
 * optional abilities. NULL or zero selects the default behaviour.
 *
 * The caller owns all arguments; they are valid until the call returns. Drivers append results to
 * buffers of the caller, who checks buffer.failed and wipes them. Functions report failure by a
 * verdict whose zero is "refused", or by -1, and by a sentence for the log that contains no secret
 * and no value of an answer. They run on the event loop and must not block, unless their comment
 * says that they may.
 */
#pragma once

#include "config/option.h"
#include "platform/call.h"
#include "platform/peer.h"

/* Access by one HTTP exchange. The event loop sends it, and repeats it with the next older version
 * of the secret while the platform refuses. */
struct platform_exchange_ops {
	/* Appends the path and query of the request. */
	void (*request_target)(const void *instance, const struct join *join, const char *secret,
		struct buffer *target);
	/* Parses the response. On PLATFORM_GRANTED, `token`, empty at the call, has the access
	 * token. The error may quote the platform's own message; the caller masks the secret and
	 * the join's ids in it. */
	enum platform_verdict (*read_answer)(const void *instance, const struct join *join,
		const struct platform_answer *answer, struct buffer *token, struct error *error);
};

/* Access by a token that the driver signs, or by requests that it sends itself. */
struct platform_grant_ops {
	/* Obtains access for grant->who to the meeting of grant->join and to no other, and returns
	 * by grant->deadline. Runs on a worker, and on several at once, if `threads` is not 0 or
	 * is_slow() returns true. */
	enum platform_verdict (*admit)(void *instance, const struct platform_grant *grant);

	/* How many calls of admit() may run at once in a process. 0: admit() does no I/O. */
	unsigned threads;

	/* Whether admit() computes for too long with this secret to run on the event loop, as an
	 * RSA signature does. NULL: never. */
	bool (*is_slow)(const char *secret);
};

/* An entry of its own, MOUNT/NAME and below, at which visits arrive. Without this table they arrive
 * at MOUNT, with the four parameters of External Meeting Authorization. */
struct platform_entry_ops {
	const char *name;

	/* The query parameter for meeting ids that are URLs: web servers would merge the slashes of
	 * "https://…" in a path. Other ids follow in the path. NULL: ids are never URLs. */
	const char *parameter;

	/* The path below the peer's `site`, with a slash at its end, after which the addresses of
	 * the platform's own pages have a meeting as visits have it after MOUNT/NAME/. NULL: they
	 * do not. */
	const char *page;

	/* Validates path and parameters of a visit and fills arrival->join. Returns 0, or -1 with
	 * arrival->bad and arrival->error. */
	int (*arrive)(const void *instance, struct platform_arrival *arrival);
};

/* Tokens for scripts of allowed origins, from the endpoint MOUNT/token/TITLE. */
struct platform_script_ops {
	/* Writes the response. NULL: the token already is the JSON document. */
	void (*token_response)(const void *instance, const struct join *join, const char *token,
		struct platform_token_response *response);

	/* True: browsers are only ever redirected to the peer's `app_url`; without one, visits by a
	 * browser fail. */
	bool scripts_only;

	/* Returns the name of the parameter by which scripts name the join's meeting, and its value
	 * in *value_r, which is valid as long as the join. */
	const char *(*meeting_parameter)(const struct join *join, const char **value_r);

	/* True: the script sends `username` and `password`. False: it needs a session. */
	bool takes_password;
};

/* What the driver knows about the format and the renewal of its secrets. */
struct platform_secret_ops {
	/* What the operator does with a key of `meetauthctl secret generate`, as half a sentence
	 * ("put it into …"). NULL: the command refuses to generate keys for this type. */
	const char *generated_hint;

	/* Checks the format of a secret, without network. Returns 0 or -1. NULL: any text is valid.
	 */
	int (*validate_secret)(const void *instance, const char *secret, struct error *error);

	/* For secrets that are renewed ahead of time, or after PLATFORM_UNAUTHORIZED; set both or
	 * neither. renewal_due() returns seconds since 1970. renew() may block: it runs on a
	 * worker, in one process of the pool. It appends the new version to `renewed` and returns 0
	 * or -1. */
	int64_t (*renewal_due)(const void *instance, const char *secret);
	int (*renew)(void *instance, const char *secret, int64_t now, struct buffer *renewed,
		struct error *error);

	/* For secrets that an operator obtains by the authorization code flow (RFC 6749
	 * section 4.1); set all or none. authorization_url() appends the URL to open.
	 * client_secret() appends the client secret that a stored secret contains. redeem_code()
	 * may block, and appends the secret to store. All return 0 or -1. */
	int (*authorization_url)(const void *instance,
		const struct platform_authorization *authorization, struct buffer *url,
		struct error *error);
	int (*client_secret)(const char *secret, struct buffer *client_secret);
	int (*redeem_code)(void *instance, const struct platform_authorization *authorization,
		const char *client_secret, const char *code, int64_t now, struct buffer *secret,
		struct error *error);
};

struct platform_driver {
	/* -- mandatory -- */
	const char *type, *summary; /* as in `type = "…"`; one line for -V */
	const struct option *options;
	size_t instance_size; /* an instance begins with its struct platform_peer */
	const struct platform_exchange_ops *exchange; /* one of the two */
	const struct platform_grant_ops *grant;

	/* -- optional -- */
	const struct platform_entry_ops *entry;
	const struct platform_script_ops *script;
	const struct platform_secret_ops *secret;
	enum platform_secret_scope secret_scope;

	/* Runs after the option table has filled the instance: checks how options fit together and
	 * prepares the instance, without network. Returns 0, or -1 with section_error(). */
	int (*open)(void *instance, const struct section *section, struct error *error);

	/* Frees what the instance owns, but not the instance itself. */
	void (*close)(void *instance);

	/* Appends the URL that the browser is redirected to. NULL: the token is that URL. `who` is
	 * NULL if nothing about the person may be passed on. */
	void (*redirect_url)(const void *instance, const struct join *join, const char *token,
		const struct identity *who, struct buffer *url);

	/* Replaces the redirect by a page: fills in links that open programs, and a key to type
	 * there. */
	void (*page)(const void *instance, const struct join *join, const char *token,
		struct platform_meeting_page *page);

	/* Tests for `meetauthctl check --connect` more than whether the peer's `api` answers. May
	 * block. Returns 0 or -1. */
	int (*check_connection)(
		void *instance, const struct platform_secrets *secrets, struct error *error);
};
