/* SPDX-License-Identifier: MIT
 *
 * The signals that end a process of meetauthd or make it load everything again: TERM, INT, QUIT and
 * HUP. They are blocked from the first line of main() until a handler is installed. Otherwise one
 * that arrives during the start would end the process half-way. And if meetauthd is process 1 of a
 * container, the kernel would drop it, because it delivers to process 1 only signals that have a
 * handler; blocked signals stay pending.
 */
#pragma once

#include "base/error.h"

#include <signal.h>

/* Ignores SIGPIPE, and USR1 and USR2, which the parent handles. Called once, before any thread
 * starts. 0, or -1 with an error. */
int signals_ignore(struct error *error);

/* Writes the four signals to `set_r`. */
void signals_held(sigset_t *set_r);

/* Blocks them in the calling thread, and in the threads and programs that it starts afterwards. */
void signals_hold(void);

/* Unblocks them: pending ones are delivered, and all later ones. */
void signals_release(void);
