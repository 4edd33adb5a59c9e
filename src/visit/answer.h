/* SPDX-License-Identifier: MIT
 *
 * The plain-text response for programs and operators.
 */
#ifndef VISIT_ANSWER_H
#define VISIT_ANSWER_H

#include "visit/visit.h"

void visit_answer_plain(
	struct visit *visit, int status, const char *content_type, const char *text);

#endif
