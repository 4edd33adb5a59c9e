/* SPDX-License-Identifier: MIT
 *
 * How a program of ours begins, whatever it inherited.
 */
#pragma once

/* To be called first in main(). Puts something in the place of standard input, output and error
 * where the caller closed them, since the next file that is opened would get their number, and what
 * is printed would go into that file: reading and writing there fails as on a closed descriptor.
 * Sets the mask of modes, so that every file gets the mode that its maker says. */
void process_begin(void);
