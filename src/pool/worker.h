/* SPDX-License-Identifier: MIT
 *
 * Runs blocking work (password hashes, files, directories, …) on libuv's threads, behind queues
 * with limits, so that one kind of work can neither occupy all threads nor wait for ever. Within a
 * queue the owners of jobs take turns, so that the owner with the most jobs waits longest. Worker
 * threads run with a lower priority than the loop.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* One kind of work. All members but the limits are zero before the first use. It has to outlive its
 * jobs. Used on the loop only. */
struct worker_queue {
	unsigned limit; /* jobs that may run at once, at least 1. The jobs of one owner get at most
			   three quarters of them, so that others can run if those hang */
	unsigned queued_max; /* jobs that may wait, 0: 256; with more the answer is 503 */
	/* private */
	unsigned running, queued;
	struct worker_job *first, *last; /* the waiting jobs, sorted by turn */
	struct worker_job *working;
	uint64_t turn; /* the turn of the job that was started last */
};

/* For password hashes, which use the processor: one thread fewer than there are processors, at
 * least one. */
extern struct worker_queue worker_passwords;
/* For loading files: one job at a time. */
extern struct worker_queue worker_files;
/* For signing with RSA keys: as many threads as for passwords. */
extern struct worker_queue worker_signing;

/* A job, embedded in the caller's struct; all zeros before its first use. `work` runs on a thread
 * and must not touch what the loop uses. `done` runs on the loop, exactly once: after `work`, or
 * when the job is cancelled before it began. */
struct worker_job {
	void (*work)(struct worker_job *job);
	void (*done)(struct worker_job *job, bool cancelled);
	uint64_t whose; /* the owner, whose jobs share turns; 0: no owner */
	bool first;	/* it runs before all waiting jobs without this flag */
	/* private */
	struct worker_job *next;
	struct worker_queue *queue;
	uint64_t turn;
	uv_work_t request;
};

/* Called before the loop and before any thread of libuv starts. `others` is how many jobs of other
 * queues may run at the same time; with more they wait for each other. */
void worker_setup(uv_loop_t *loop, unsigned others);

/* Submits a job. 0, or -1 if the queue is full: answer 503. If another owner has more waiting jobs,
 * that owner's last one is cancelled instead, before this returns. */
int worker_submit(struct worker_queue *queue, struct worker_job *job);

/* Cancels a job that still waits and calls done(), before this returns: true. False if it already
 * runs. */
bool worker_cancel(struct worker_job *job);

/* To be called about every second: wakes a thread if any job is not done. In the C library's
 * versions 2.27 to 2.40 a signal to a waiting thread may be lost (sourceware.org bug 25847); a job
 * would then wait for the next one. */
void worker_nudge(void);

/* Calls destroy(what) on a worker, because freeing a large structure would block the loop. Calls it
 * at once if the caller is a worker, before worker_setup(), or if memory ran out. The loop does not
 * end before it was called. */
void worker_discard(void (*destroy)(void *what), void *what);
