/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: says in sentences what an event of the log means.
 */
#pragma once

#include "base/buffer.h"
#include "ctl/log_read.h"

/* Whether the event is about a visitor. */
bool log_visit_is_event(const struct log_entry *entry);

/* Appends one or more sentences on an event about a visitor: who did what, and what came of it. */
void log_visit_describe(const struct log_entry *entry, struct buffer *text);

/* Appends what an operator can do about it. False if there is nothing to do. */
bool log_visit_advise(const struct log_entry *entry, struct buffer *text);

/* Whether two events may be of one visitor: they have the same address, and neither names another
 * person or meeting than the other. */
bool log_visit_is_related(const struct log_entry *a, const struct log_entry *b);
