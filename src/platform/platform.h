/* SPDX-License-Identifier: MIT
 *
 * Where to? The contract of a meeting platform's driver: one .c file, everything static, one const
 * struct platform_driver, one row in registry.c. A driver may know four things, and leaves NULL
 * what it does not: an address of its own that visits come in by (arrive); how access is got, by
 * one exchange that the loop sends (request, read), or by signing or talking itself (grant); and
 * what the browser gets: a redirect (landing), a page (show), an answer to a script (reply).
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "config/option.h"
#include "platform/grant.h"

/* What an answer means. Zero is refused. */
enum platform_verdict {
	PLATFORM_REFUSED = 0, /* the platform said no, in its own words: another version of the
				 secret may be tried */
	PLATFORM_BAD_ANSWER,  /* not what was agreed, or a 5xx */
	PLATFORM_GRANTED,     /* `token` is filled */
	/* and of a grant */
	PLATFORM_UNREACHABLE, /* no connection */
	PLATFORM_TIMEOUT,
	PLATFORM_BUSY,	 /* it asks to come back later: `retry_after` is filled */
	PLATFORM_UNABLE, /* it is us: a secret that is no key, no memory */
};

/* What every driver's section tells the rest of the program. Owned by the instance. */
struct platform_peer {
	const char *api;      /* "https://host[:port]", where requests go */
	const char *site;     /* "https://host[:port]", where the browser goes */
	const char *landings; /* where landing() may lead besides, as sources of a
				 Content-Security-Policy; NULL: nowhere */
	/* The page where visits by the entry end, whose script then asks for reply(): grant() has
	 * no part in them and landing() gets no token. NULL: they are as all others. */
	const char *app;
	const char *ca_file; /* "" for the system's */
	int64_t connect_timeout_ms, timeout_ms;
	int64_t keep_alive_ms;	    /* of the connections of an exchange; 0: they are not kept */
	unsigned connections_max;   /* of an exchange at once; 0: as many as visits */
	bool prefill;		    /* name and e-mail go along */
	const char *const *forward; /* names of parameters that are handed on */
	size_t forward_count;
	const char *const *origins; /* of pages whose scripts may ask for reply(); lower case */
	size_t origin_count;
	/* Rooms that meetings share, at most PLATFORM_ROOMS_MAX: a join comes to grant() with the
	 * one that its meeting has for so many seconds since its last join. */
	const char *const *rooms;
	char **room_names; /* what each is known by: one room, one name, however it is written */
	size_t room_count;
	int64_t room_lease;
	int64_t token_lifetime; /* seconds; of request tokens, where the platform has any */
};

enum { PLATFORM_ROOMS_MAX = 64 };

/* Where the secrets of a grant are from. */
enum platform_secrets_of {
	PLATFORM_SECRETS_OF_PLATFORM = 0, /* TITLE in the store; without one nobody gets in */
	PLATFORM_SECRETS_OF_MEETING,	  /* "meeting/TITLE/MEETING-ID"; there may be none */
	PLATFORM_SECRETS_OF_NOBODY,	  /* it needs none */
};

struct platform_driver {
	const char *type;
	const char *summary;
	const struct option *options;
	/* The word behind the mount that its visits come in by, at MOUNT/ENTRY and below; NULL: at
	 * MOUNT itself, with the four parameters of External Meeting Authorization, or, with
	 * arrive(), for scripts alone. */
	const char *entry;
	/* The parameter by which the entry takes an id that is an address ("https://..."), of whose
	 * two slashes web servers make one in a path. Other ids are the rest of the path. NULL: no
	 * id is an address. */
	const char *parameter;
	/* Browsers get nothing but the way to the peer's `app`, and without one nothing at all. */
	bool scripts_only;
	/* How many calls of grant() may run at once in a process; 0: it asks nobody and is
	 * called on the loop. */
	unsigned threads;
	enum platform_secrets_of secrets_of;
	/* What to do with a random key that `meetauthctl secret generate` made, as the half of a
	 * sentence. NULL: it takes none, since its secrets are made elsewhere or have a form. */
	const char *generated;
	/* Scripts send `username` and `password` to be checked; without, a session is needed. */
	bool credentials;

	int (*open)(const struct section *section, void **instance_r, struct error *error);
	void (*close)(void *instance);
	const struct platform_peer *(*peer)(const void *instance);

	/* Reads what a visit brings. 0, or -1 with `bad` and the error. On the loop. */
	int (*arrive)(const void *instance, struct platform_arrival *arrival);

	/* Appends the request target (path and query) of the exchange. `secret` is NUL-terminated.
	 * The caller wipes it. */
	void (*request)(const void *instance, const struct join *join, const char *secret,
		struct buffer *target);

	/* Reads the answer. On PLATFORM_GRANTED the access token is in `token` (cleared first). The
	 * error says why not, in words for the log: of the answer's values only the platform's own
	 * word for it, in which the caller hides the secret and the names of the join. */
	enum platform_verdict (*read)(const void *instance, const struct join *join,
		const struct platform_answer *answer, struct buffer *token, struct error *error);

	/* Instead of both: lets `who` into the one meeting of the join and no other. On the loop or
	 * on a worker (`threads`), there by the grant's deadline and on several threads at once.
	 * Goes through the versions of the secret itself: to sign, the newest. */
	enum platform_verdict (*grant)(void *instance, const struct platform_grant *grant);

	/* Appends the whole address the browser is sent to. `who` is NULL where nothing of the
	 * person is to go along. */
	void (*landing)(const void *instance, const struct join *join, const char *token,
		const struct identity *who, struct buffer *url);

	/* Instead of landing(): a page with a link for a program on the visitor's machine, and with
	 * what is to be typed there. */
	void (*show)(const void *instance, const struct join *join, const char *token,
		struct buffer *link, struct buffer *key);

	/* What a script gets that asks at MOUNT/token/TITLE. NULL: scripts get nothing. */
	void (*reply)(const void *instance, const struct join *join, const char *token,
		struct platform_reply *reply);

	/* A secret that has to be renewed ahead of time (both, or neither). due() says when, in
	 * seconds since 1970; on the loop. renew() does it, on a worker and in one process of the
	 * pool alone: appends what takes the place of the newest version. 0 or -1. */
	int64_t (*due)(const void *instance, const char *secret);
	int (*renew)(void *instance, const char *secret, int64_t now, struct buffer *renewed,
		struct error *error);

	/* Whether a secret has the form that the platform's have; asks nobody. 0, or -1 with an
	 * error that holds nothing of it. NULL: any text has. */
	int (*fits)(const void *instance, const char *secret, struct error *error);

	/* For `meetauthctl check --connect`, after the front page of `api` has answered: tries what
	 * can be tried of the secrets. 0 or -1. NULL: nothing. */
	int (*connect)(void *instance, const struct platform_secrets *secrets, struct error *error);
};

/* A driver by its type; NULL when there is none. *compiled_out_r: known, but not in this build. */
const struct platform_driver *platform_find(const char *type, bool *compiled_out_r);

/* Whether browsers can be led to meetings of the platform: by its entry, or by a page of its own.
 */
bool platform_takes_browsers(
	const struct platform_driver *driver, const struct platform_peer *peer);

/* What a driver calls a meeting that somebody has written down: by its id, perhaps in another form
 * (capitals where ids have small letters), or by an address that visits bring. Rules, invitations
 * and keys go by the id, which is the caller's to free. 0, or -1 with why it is no meeting; *id_r
 * is NULL then. Without arrive(), an id stays as it is. Asks nobody. */
int platform_meeting(const struct platform_driver *driver, const void *instance, const char *text,
	char **id_r, struct error *error);

/* All that are built in, in the order of the registry; NULL past the end. */
const struct platform_driver *platform_at(size_t index);

/* Those known but not built in, for -V; NULL past the end. */
const char *platform_missing_at(size_t index);

/* For config_load(); ended by a NULL type. */
const struct section_type *platform_section_types(void);

#endif
