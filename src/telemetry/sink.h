/* SPDX-License-Identifier: MIT
 *
 * Private to the log: the queue before standard error. Safe from any thread; never blocks; errno is
 * not kept.
 */
#pragma once

#include <stddef.h>

/* Queues a line with its newline, together at most PIPE_BUF bytes. */
void sink_put(const char *line, size_t length);

/* Writes what standard error takes now, in chunks of whole lines of at most PIPE_BUF bytes: those
 * of several processes that share a pipe do not mix. */
void sink_flush(void);
