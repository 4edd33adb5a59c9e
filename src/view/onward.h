/* SPDX-License-Identifier: MIT
 *
 * The way to another site.
 */
#ifndef VIEW_ONWARD_H
#define VIEW_ONWARD_H

#include "visit/visit.h"

/* Sends the browser to `url`, which may lead to other sites, with a status of 302 or 303. Chromium
 * and Safari apply form-action of the page that a form was on to every redirect that follows, those
 * of other hosts too, which nobody can list beforehand. So a form is answered with a page that goes
 * on by itself: there its redirects end. Programs get the redirect. */
void onward_redirect(struct visit *visit, int status, const char *url);

#endif
