/* SPDX-License-Identifier: MIT
 *
 * Where to? The contract of a meeting platform's driver: one .c file, everything static, one const
 * struct platform_driver, one row in registry.c. A driver is pure: it says what to send, reads what
 * came back and builds the way back; the sending is outbound/'s, which flow/exchange.c calls.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "base/buffer.h"
#include "base/identity.h"
#include "base/join.h"
#include "config/option.h"

enum { PLATFORM_TOKEN_MAX = 2048 };

/* What an answer means. Zero is refused. */
enum platform_verdict {
	PLATFORM_REFUSED = 0, /* the platform said no, in its own words: another version of the
				 secret may be tried */
	PLATFORM_BAD_ANSWER,  /* not what was agreed, or a 5xx */
	PLATFORM_GRANTED,     /* `token` is filled */
};

/* What came back from the platform. */
struct platform_answer {
	long status;
	const char *body; /* NUL-terminated; may hold NULs before its end */
	size_t length;
};

/* What every driver's section tells the rest of the program. Owned by the instance. */
struct platform_peer {
	const char *api;     /* "https://host[:port]", where requests go */
	const char *site;    /* "https://host[:port]", where the browser goes */
	const char *ca_file; /* "" for the system's */
	int64_t connect_timeout_ms, timeout_ms;
	bool prefill;		    /* name and e-mail go along */
	const char *const *forward; /* names of parameters that are handed on */
	size_t forward_count;
};

struct platform_driver {
	const char *type;
	const char *summary;
	const struct option *options;

	int (*open)(const struct section *section, void **instance_r, struct error *error);
	void (*close)(void *instance);
	const struct platform_peer *(*peer)(const void *instance);

	/* Appends the request target (path and query) of the exchange. `secret` is NUL-terminated.
	 * The caller wipes it. */
	void (*request)(const void *instance, const struct join *join, const char *secret,
		struct buffer *target);

	/* Reads the answer. On PLATFORM_GRANTED the access token is in `token` (cleared first). The
	 * error says why not, in words for the log that contain nothing of the answer's values. */
	enum platform_verdict (*read)(const void *instance, const struct join *join,
		const struct platform_answer *answer, struct buffer *token, struct error *error);

	/* Appends the whole address the browser is sent to. `who` is NULL where nothing of the
	 * person is to go along. */
	void (*landing)(const void *instance, const struct join *join, const char *token,
		const struct identity *who, struct buffer *url);
};

const struct platform_driver *platform_find(const char *type, bool *compiled_out_r);
const struct platform_driver *platform_at(size_t index);
const struct section_type *platform_section_types(void);

#endif
