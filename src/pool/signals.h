/* SPDX-License-Identifier: MIT
 *
 * The signals that end a process of meetauthd or make it read everything again: TERM, INT, QUIT and
 * HUP. They are held back (blocked) from the first line of main() until somebody handles them.
 * Without that, one that arrives during the start would end the process half-way; and the kernel
 * would drop it where meetauthd is process 1 of a container, because it delivers to process 1 only
 * what it has a handler for. It keeps a signal that is blocked.
 */
#pragma once

#include <signal.h>

/* Writes the four signals to `set_r`. */
void signals_held(sigset_t *set_r);

/* Blocks them in the calling thread, and in threads and programs that it starts from then on. */
void signals_hold(void);

/* Lets those through that have arrived, and all others from then on. */
void signals_release(void);
