/* SPDX-License-Identifier: MIT
 *
 * What every program does first, whatever it inherited.
 */
#pragma once

/* Call first in main(). If the caller closed standard input, output or error, opens a descriptor
 * there on which reading and writing fail, so that the next opened file does not get the number and
 * receive printed text. Sets the umask, so that every file gets exactly the mode given. Learns of
 * children that end, even if the caller ignored SIGCHLD. A file that reaches the limit of sizes
 * (RLIMIT_FSIZE) is an error and no signal. */
void process_begin(void);
