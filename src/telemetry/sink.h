/* SPDX-License-Identifier: MIT
 *
 * The queue of log lines for standard error. Private to log.c. Thread-safe, never blocks; does not
 * preserve errno.
 */
#pragma once

#include <stddef.h>

/* Queues a line with its newline, together at most PIPE_BUF bytes. */
void sink_put(const char *line, size_t length);

/* Writes what standard error accepts now, in chunks of whole lines of at most PIPE_BUF bytes, so
 * that lines of processes that share a pipe do not mix. */
void sink_flush(void);
