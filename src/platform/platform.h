/* SPDX-License-Identifier: MIT
 *
 * The contract of a platform's driver: one const struct platform_driver and a row in platforms.def;
 * everything else in a driver is static. Fill the mandatory members, then the tables of what the
 * driver can do besides; NULL (or zero) is the usual behaviour.
 *
 * What a driver is handed belongs to the caller and lives until the call returns. Results go into
 * buffers of the caller, who checks and wipes them. Functions fail with a verdict whose zero is
 * "refused", or with -1, and with a sentence for the log that holds no secret and no value of an
 * answer. They run on the event loop and must not block, unless they are said to.
 */
#pragma once

#include "config/option.h"
#include "platform/call.h"
#include "platform/peer.h"

/* Access by one HTTP exchange, which the loop sends with one version of the secret after another.
 */
struct platform_exchange_ops {
	/* Appends path and query of the request. */
	void (*request_target)(const void *instance, const struct join *join, const char *secret,
		struct buffer *target);
	/* Parses the answer. On PLATFORM_GRANTED the access token is in `token` (empty before). The
	 * error may quote the platform's own word for a refusal; the caller masks the secret and
	 * the names of the join in it. */
	enum platform_verdict (*read_answer)(const void *instance, const struct join *join,
		const struct platform_answer *answer, struct buffer *token, struct error *error);
};

/* Access by a token that the driver signs, or by several requests that it sends itself. */
struct platform_grant_ops {
	/* Lets grant->who into the meeting of grant->join and into no other; ends by
	 * grant->deadline. On workers where `threads` is not 0 or is_slow() says so, on several at
	 * once. */
	enum platform_verdict (*admit)(void *instance, const struct platform_grant *grant);

	/* How many calls of admit() may run at once in a process; 0: without I/O. */
	unsigned threads;

	/* Whether admit() computes for longer with a secret than the loop may wait, as a signature
	 * by RSA does: then it runs on workers for that. NULL: it never does. */
	bool (*is_slow)(const char *secret);
};

/* An address of its own that visits come in by: MOUNT/NAME and below. Without this table they come
 * to MOUNT itself, with the four parameters of External Meeting Authorization. */
struct platform_entry_ops {
	const char *name;

	/* The parameter for ids that are addresses ("https://…": web servers would merge the
	 * slashes in a path). Other ids follow the name in the path. NULL: no id is an address. */
	const char *parameter;

	/* Parses what a visit brings and fills arrival->join. 0, or -1 with arrival->bad and
	 * arrival->error. */
	int (*arrive)(const void *instance, struct platform_arrival *arrival);
};

/* Tokens for scripts of allowed origins, at MOUNT/token/TITLE. */
struct platform_script_ops {
	/* Writes the response. NULL: the token itself is the JSON document. */
	void (*token_response)(const void *instance, const struct join *join, const char *token,
		struct platform_token_response *response);

	/* Browsers get only the way to the peer's `app_url`, and nothing where it is not set. */
	bool scripts_only;

	/* By which parameter scripts ask for the meeting of the join; its value into *value_r. */
	const char *(*meeting_parameter)(const struct join *join, const char **value_r);

	/* The script sends `username` and `password`; otherwise it needs a session. */
	bool takes_password;
};

/* What the driver knows about its secrets beyond their being text. */
struct platform_secret_ops {
	/* Half a sentence: what to do with a key that `meetauthctl secret generate` made. NULL:
	 * keys are not generated here. */
	const char *generated_hint;

	/* Checks the form of a secret without asking anybody. 0 or -1. NULL: any text is good. */
	int (*validate_secret)(const void *instance, const char *secret, struct error *error);

	/* For secrets that are renewed ahead of time, or when a grant is PLATFORM_UNAUTHORIZED;
	 * both or neither. renewal_due() returns seconds since 1970. renew() blocks, on a worker of
	 * one process of the pool, and appends the new version. 0 or -1. */
	int64_t (*renewal_due)(const void *instance, const char *secret);
	int (*renew)(void *instance, const char *secret, int64_t now, struct buffer *renewed,
		struct error *error);

	/* For secrets that somebody gets by signing in at the platform (RFC 6749 section 4.1); all
	 * or none. authorization_url() appends where. client_secret() appends what a secret of the
	 * store has. redeem_code() blocks, and appends the secret to store. 0 or -1. */
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

	/* Checks how options go together, once the table has filled the instance, and prepares what
	 * it needs, but asks no host. 0, or -1 with section_error(). */
	int (*open)(void *instance, const struct section *section, struct error *error);

	/* Frees what the instance owns, but not the instance. */
	void (*close)(void *instance);

	/* Appends the whole address that the browser is sent to; NULL: the token is that address.
	 * `who` is NULL where nothing about the person may go along. */
	void (*redirect_url)(const void *instance, const struct join *join, const char *token,
		const struct identity *who, struct buffer *url);

	/* Instead of a redirect: fills a page with links for programs and a key to type there. */
	void (*page)(const void *instance, const struct join *join, const char *token,
		struct platform_meeting_page *page);

	/* Tries for `meetauthctl check --connect` what can be tried beyond whether the peer's `api`
	 * answers. May block. 0 or -1. */
	int (*check_connection)(
		void *instance, const struct platform_secrets *secrets, struct error *error);
};
