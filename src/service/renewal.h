/* SPDX-License-Identifier: MIT
 *
 * Private to service/upkeep: one renewal of a platform's secret. A worker checks the version,
 * requests a new value from the platform and writes it to the store; the loop logs the result.
 */
#pragma once

#include "service/service.h"

enum renewal_outcome {
	RENEWAL_FAILED = 0,
	RENEWAL_UNSAVED, /* the platform issued a new value, but the store could not be written: the
			    value is kept in `unsaved` */
	RENEWAL_STORED,
	RENEWAL_OVERTAKEN, /* another value was stored meanwhile */
};

/* Zero at first. The caller fills in the first group; `unsaved` may be left from the last renewal,
 * and is then saved without a request to the platform. The caller drops or frees what is owned. */
struct renewal {
	struct service *service; /* a reference, like `files` */
	struct files *files;
	struct service_platform *platform;
	char title[STORE_NAME_MAX + 1]; /* the platform's title, which is the name of its secret */
	const struct secret *secret;	/* the version that is renewed; belongs to `files` */
	unsigned version;
	int64_t latest_ms; /* monotonic: the renewal must have begun by then */

	enum renewal_outcome outcome;
	struct error error;	/* if RENEWAL_FAILED or RENEWAL_UNSAVED */
	struct secret *unsaved; /* owned: the new value if the store could not be written */
	struct files *renewed;	/* owned: the files after the change; NULL if they are not read */
};

/* Blocks for at most the platform's timeout and the lock of the store. */
void renewal_run(struct renewal *renewal);

/* Writes `unsaved` to the store; sets the outcome, and frees the value unless that fails. Blocks
 * for the lock of the store. */
void renewal_save(struct renewal *renewal, const struct settings *settings);

/* The failure of each platform that was logged last. Zero at first. */
struct renewal_log {
	struct renewal_told *told;
};

/* Writes event=renewal, unless the platform failed for the same cause within the last hour. */
void renewal_report(struct renewal_log *log, const struct renewal *renewal);
void renewal_log_release(struct renewal_log *log);
