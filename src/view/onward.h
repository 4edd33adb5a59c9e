/* SPDX-License-Identifier: MIT
 *
 * Redirects to other sites.
 */
#pragma once

#include "visit/visit.h"

/* Redirects to `url` with status 302 or 303. Chromium and Safari apply form-action of a form's page
 * to every redirect that follows the form, also at hosts that nobody can list beforehand. So a
 * browser's form gets a page instead, which goes on by itself and ends the chain of redirects.
 * Programs get the redirect. */
void onward_redirect(struct visit *visit, int status, const char *url);

/* Shows that page. */
void onward_show(struct visit *visit, const char *url);
