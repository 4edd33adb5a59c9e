/* SPDX-License-Identifier: MIT
 *
 * MOUNT/language: answers the switch of languages at the end of each page (values.c).
 */
#pragma once

#include "visit/visit.h"

/* POST: remembers the language in a cookie and redirects to the page that the form was on. */
step_function language_choose;
