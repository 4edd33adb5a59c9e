/* SPDX-License-Identifier: MIT
 *
 * A bounded pool for what blocks (password hashes, files, …): libuv's threads behind lanes, so that
 * one kind of work can neither take all the threads nor queue without end. Worker threads run with
 * a lower priority than the loop.
 */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum worker_lane {
	WORKER_PASSWORDS = 0, /* CPU-bound: one thread fewer than processors, at least one */
	WORKER_FILES,	      /* reloads: one at a time */
	WORKER_LANES,
};

/* A job, embedded in what it belongs to; zero before its first use. `work` runs on a thread and
 * must touch nothing that the loop touches; `done` runs on the loop, exactly once, after work or
 * when cancelled before it began. */
struct worker_job {
	void (*work)(struct worker_job *job);
	void (*done)(struct worker_job *job, bool cancelled);
	/* private */
	struct worker_job *next;
	enum worker_lane lane;
	uv_work_t request;
};

/* Before the loop and before any thread of libuv's. */
void worker_setup(uv_loop_t *loop);

/* 0, or -1 when the lane's queue is full: answer 503. */
int worker_submit(enum worker_lane lane, struct worker_job *job);

/* Takes back a job that still waits (done is called with cancelled, before this returns): true;
 * false when it already runs. */
bool worker_cancel(struct worker_job *job);

#endif
