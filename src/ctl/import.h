/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: meetauthctl secret import, the keys of many meetings from one file.
 */
#pragma once

#include "ctl/ctl.h"

/* Runs the command; returns the exit status. */
int import_run(struct ctl *ctl);
