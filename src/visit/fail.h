/* SPDX-License-Identifier: MIT
 *
 * A step fails: the visit keeps why. What the visitor sees of it is rendered once, when the visit
 * ends, from what the visit knows by then.
 */
#ifndef VISIT_FAIL_H
#define VISIT_FAIL_H

#include "visit/visit.h"

/* Records the failure; an answer that was begun is dropped. Always STEP_DONE. */
enum step visit_fail(struct visit *visit, enum failure failure);

/* The same for a bad request whose parameter (a constant, or the configuration's) is to blame;
 * `why` goes to the log. */
enum step visit_refuse(struct visit *visit, const char *parameter, const char *why);

/* The same where the parameter is longer than this service takes. */
enum step visit_refuse_long(struct visit *visit, const char *parameter, const char *why);

/* The same for what passes by itself: the answer says in how many seconds to try again. */
enum step visit_overloaded(struct visit *visit, int64_t retry_after, const char *why);

/* Sets the detail for the log: a sentence for the operator, never a secret. The last one counts. */
void visit_set_detail(struct visit *visit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
