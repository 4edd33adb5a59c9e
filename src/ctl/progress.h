/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: a line on standard error that says how far a command is, if it takes longer
 * than a second and standard error is a terminal. It has no colours.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "reading the log" */
	bool terminal;	  /* standard error can show the line */
	int64_t next_ms;  /* when it is drawn next */
};

/* Begins; `what` must outlive it. The times are those of clock_monotonic_ms(). */
void progress_begin(struct progress *progress, const char *what, int64_t now_ms);

/* Says that `done` of `total` bytes are done; `total` 0: nobody knows how many there are. */
void progress_step(struct progress *progress, int64_t now_ms, int64_t done, int64_t total);

/* Removes the line. May be called twice. */
void progress_end(void);

/* -- work that cannot be counted: the line says for how many seconds it has lasted -- */

/* Begins, from another thread, so only after the program has become the user of the service. One at
 * a time: ends what was begun before. `what` must outlive it. */
void progress_start(const char *what);

/* Removes the line before something is printed; it comes back. */
void progress_hide(void);

/* Ends it and removes the line, that of progress_step() too. May be called twice. */
void progress_stop(void);
