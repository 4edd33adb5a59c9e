/* SPDX-License-Identifier: MIT
 *
 * The log line and the metrics of a join or of a failure.
 */
#pragma once

#include "telemetry/log.h"
#include "visit/visit.h"

/* Write the fields of a line that may name people, as log-users says. */

/* Adds the user, the name of a guest, and the backend. */
void audit_who(struct log_line *line, const struct visit *visit, const struct identity *who);

/* Adds what the web server says of the request: the client, its id, and its trace. */
void audit_request(struct log_line *line, const struct visit *visit);

/* Adds a field with the name of somebody else than the visitor; only if users are logged plainly.
 */
void audit_name(
	struct log_line *line, const struct visit *visit, const char *key, const char *name);

/* Adds the detail; NULL or "": none. Leaves it out if it names the person and users are not logged
 * plainly. */
void audit_detail(struct log_line *line, const struct visit *visit, const struct identity *who,
	const char *detail);

/* Writes the line that the visit's outcome calls for, and counts it. */
void audit_visit(const struct visit *visit, int64_t total_ms);
