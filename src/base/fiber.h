/* SPDX-License-Identifier: MIT
 *
 * Fibers: functions of the loop's thread that have a stack of their own, so that they can wait for
 * an answer (of a state on another machine) in the middle. A fiber that waits gives the thread back
 * to whoever ran it, and continues where it stopped when somebody wakes it. While it waits, other
 * events are handled: what it reads after the wait may have changed.
 *
 * All functions belong to one thread. A process whose state answers at once needs no fibers.
 */
#pragma once

#include <stdbool.h>

struct fiber;

/* Makes fibers from now on. Before this is called, fiber_run() is a plain function call. */
void fibers_begin(void);

/* Frees the stacks that no fiber uses; fiber_run() is a plain call again. */
void fibers_end(void);

/* Calls run(context) on a fiber of its own; returns when the function has returned or waits for the
 * first time, so `context` must not be used after a wait if it is on the caller's stack. At
 * FIBERS_MAX fibers, or without memory for one more, the function runs as a plain call: it cannot
 * wait. */
enum { FIBERS_MAX = 4096 };
void fiber_run(void (*run)(void *context), void *context);

/* The fiber that is running; NULL: the caller is on none and must not wait. */
struct fiber *fiber_self(void);

/* Waits until fiber_wake() is called for this fiber. */
void fiber_wait(void);

/* Continues a fiber that waits; returns when it has ended or waits again. */
void fiber_wake(struct fiber *fiber);
