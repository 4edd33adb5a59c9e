/* SPDX-License-Identifier: MIT */
#include "pool/worker.h"

#include "base/fiber.h"
#include "base/wipe.h"
#include "telemetry/metrics.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NICENESS = 10,	 /* password hashes must not delay visitors who only pass */
	QUEUE_MAX = 256, /* the default of worker_queue.queued_max */
};

struct worker_queue worker_passwords, worker_files, worker_signing;

static struct worker_queue discarding;
static uv_loop_t *loop;
static pthread_t loop_thread;
static unsigned unfinished; /* jobs that libuv has */
static struct {
	uv_work_t request;
	bool queued;
} nudge;

void worker_setup(uv_loop_t *on, unsigned others)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	char threads[24];

	loop = on;
	loop_thread = pthread_self();
	worker_passwords = (struct worker_queue){.limit = 1};
	worker_files = (struct worker_queue){.limit = 1};
	discarding = (struct worker_queue){.limit = 1};
	if (processors > 1)
		worker_passwords.limit = (unsigned)processors - 1;
	worker_signing = (struct worker_queue){.limit = worker_passwords.limit};
	/* Enough threads for all queues at once. libuv starts four by default; it reads this
	 * variable before it starts the first. */
	snprintf(threads, sizeof threads, "%u",
		worker_passwords.limit + worker_files.limit + worker_signing.limit +
			discarding.limit + others);
	setenv("UV_THREADPOOL_SIZE", threads, 1);
}

/* Each thread calls this at its first job: blocks the signals, which the loop handles, and lowers
 * the priority. */
static void settle_thread(void)
{
	static _Thread_local bool settled;
	sigset_t all;

	if (settled)
		return;
	settled = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	setpriority(
		PRIO_PROCESS, (id_t)syscall(SYS_gettid), getpriority(PRIO_PROCESS, 0) + NICENESS);
}

static void on_thread(uv_work_t *request)
{
	struct worker_job *job = request->data;

	settle_thread();
	job->work(job);
	wipe_stack();
}

/* ---- turns ----
 *
 * Start-time fair queueing. The turn of a job is one after that of its owner's last waiting job, or
 * one after the present turn of the queue. So an owner with many jobs gets many late turns, and one
 * with a single job gets the next. */

static uint64_t turn_of(const struct worker_queue *queue, uint64_t whose)
{
	uint64_t last = queue->turn;

	for (const struct worker_job *job = queue->first; job != NULL; job = job->next)
		if (job->whose == whose && job->turn > last)
			last = job->turn;
	return last + 1;
}

static bool goes_before(const struct worker_job *job, const struct worker_job *other)
{
	return job->first != other->first ? job->first : job->turn <= other->turn;
}

/* Inserts the job after all whose turn is not later. */
static void enqueue(struct worker_queue *queue, struct worker_job *job)
{
	struct worker_job **at = &queue->first;

	while (*at != NULL && goes_before(*at, job))
		at = &(*at)->next;
	job->next = *at;
	*at = job;
	if (job->next == NULL)
		queue->last = job;
	queue->queued++;
	gauge_add(METRIC_WORK_QUEUED, 1);
}

/* Removes a waiting job; false if it does not wait. */
static bool dequeue(struct worker_queue *queue, struct worker_job *job)
{
	struct worker_job *before = NULL, *at = queue->first;

	while (at != NULL && at != job) {
		before = at;
		at = at->next;
	}
	if (at == NULL)
		return false;
	if (before != NULL)
		before->next = job->next;
	else
		queue->first = job->next;
	if (queue->last == job)
		queue->last = before;
	queue->queued--;
	gauge_add(METRIC_WORK_QUEUED, -1);
	return true;
}

static bool may_run(const struct worker_queue *queue, uint64_t whose)
{
	unsigned own = 0, spare = queue->limit / 4;

	if (queue->running >= queue->limit)
		return false;
	if (whose == 0 || queue->limit == 1)
		return true;
	for (const struct worker_job *job = queue->working; job != NULL; job = job->next)
		own += job->whose == whose;
	return own < queue->limit - (spare > 0 ? spare : 1);
}

/* ---- work ---- */

struct ended {
	struct worker_job *job;
	bool cancelled;
};

static void tell_on_fiber(void *context)
{
	struct ended ended = *(const struct ended *)context;

	ended.job->done(ended.job, ended.cancelled);
}

/* Calls done() on a fiber of its own, so that the caller goes on if done() waits for the state. */
static void tell(struct worker_job *job, bool cancelled)
{
	fiber_run(tell_on_fiber, &(struct ended){job, cancelled});
}

static void on_loop(uv_work_t *request, int status);

static void start(struct worker_queue *queue, struct worker_job *job)
{
	unfinished++;
	queue->running++;
	queue->turn = job->turn > queue->turn ? job->turn : queue->turn;
	job->next = queue->working;
	queue->working = job;
	job->request.data = job;
	uv_queue_work(loop, &job->request, on_thread, on_loop);
}

static void start_next(struct worker_queue *queue)
{
	for (struct worker_job *job = queue->first; job != NULL; job = job->next) {
		if (!may_run(queue, job->whose))
			continue;
		dequeue(queue, job);
		start(queue, job);
		return;
	}
}

static void on_loop(uv_work_t *request, int status)
{
	struct worker_job *job = request->data, **at;
	struct worker_queue *queue = job->queue;

	for (at = &queue->working; *at != job;)
		at = &(*at)->next;
	*at = job->next;
	queue->running--;
	unfinished--;
	start_next(queue);
	tell(job, status != 0);
}

int worker_submit(struct worker_queue *queue, struct worker_job *job)
{
	struct worker_job *pushed_out = NULL;

	job->queue = queue;
	job->next = NULL;
	job->turn = turn_of(queue, job->whose);
	if (may_run(queue, job->whose)) {
		start(queue, job);
		return 0;
	}
	if (queue->queued >= (queue->queued_max > 0 ? queue->queued_max : QUEUE_MAX)) {
		pushed_out = queue->last;
		if (goes_before(pushed_out, job))
			return -1;
		dequeue(queue, pushed_out);
	}
	enqueue(queue, job);
	if (pushed_out != NULL)
		tell(pushed_out, true);
	return 0;
}

bool worker_cancel(struct worker_job *job)
{
	if (!dequeue(job->queue, job))
		return false; /* it runs already */
	tell(job, true);
	return true;
}

/* ---- nudging ---- */

static void on_nudged_thread(uv_work_t *request)
{
	settle_thread();
}

static void on_nudged(uv_work_t *request, int status)
{
	nudge.queued = false;
}

/* A nudge that no thread has taken is cancelled, so that the next call can queue it again. */
void worker_nudge(void)
{
	if (nudge.queued) {
		uv_cancel((uv_req_t *)&nudge.request);
		return;
	}
	if (unfinished == 0)
		return;
	nudge.queued = true;
	uv_queue_work(loop, &nudge.request, on_nudged_thread, on_nudged);
}

/* ---- discarding ---- */

struct discard {
	struct worker_job job;
	void (*destroy)(void *what);
	void *what;
};

static void discard(struct worker_job *job)
{
	struct discard *discarded = (struct discard *)job; /* the job is its first member */

	discarded->destroy(discarded->what);
}

static void on_discarded(struct worker_job *job, bool cancelled)
{
	if (cancelled)
		discard(job);
	free(job);
}

void worker_discard(void (*destroy)(void *what), void *what)
{
	struct discard *discarded = NULL;

	if (loop != NULL && pthread_equal(loop_thread, pthread_self()))
		discarded = calloc(1, sizeof *discarded);
	if (discarded != NULL) {
		*discarded = (struct discard){
			.job = {.work = discard, .done = on_discarded}, destroy, what};
		if (worker_submit(&discarding, &discarded->job) == 0)
			return;
		free(discarded);
	}
	destroy(what);
}
