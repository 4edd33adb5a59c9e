/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: the image of `meetauthctl report --svg`.
 */
#pragma once

#include "ctl/report_rows.h"

/* Prints a list of rows as an SVG image, and frees it. */
void report_plot(json_t *list);
