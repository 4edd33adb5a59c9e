/* SPDX-License-Identifier: MIT
 *
 * The plain-text response for programs and operators.
 */
#pragma once

#include "visit/visit.h"

void visit_answer_plain(
	struct visit *visit, int status, const char *content_type, const char *text);
