/* SPDX-License-Identifier: MIT
 *
 * The pages that steps answer with; private to flow/.
 */
#ifndef FLOW_PAGES_H
#define FLOW_PAGES_H

#include "flow/steps.h"

/* The visit's failure, as a page or as JSON where the client prefers that. */
void pages_failure(struct visit *visit);

/* The login form of a pending join, with a status of 200, or 401 after a wrong password; `name` is
 * put back into its field. 0, or -1 when the ticket cannot be made. */
int pages_login(struct visit *visit, int status, const char *name);

/* The logout button. 0 or -1. */
int pages_logout(struct visit *visit);

void pages_signed_out(struct visit *visit);

/* Plain text for operators. */
void pages_plain(struct visit *visit, int status, const char *content_type, const char *text);

#endif
