/* SPDX-License-Identifier: MIT
 *
 * The bounded pool: queues, limits, cancelling.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/worker.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static uv_loop_t loop;

/* A gate that jobs wait at, so that a test decides when they end. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int running, most_running;

struct counted {
	struct worker_job job;
	unsigned done, cancelled;
};

static void wait_at_gate(struct worker_job *job)
{
	int now = ++running;

	(void)job;
	if (now > most_running)
		most_running = now;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	running--;
}

static void count(struct worker_job *job, bool cancelled)
{
	struct counted *counted = (struct counted *)job;

	counted->done++;
	counted->cancelled += cancelled;
}

static void prepare(struct counted *jobs, size_t number, void (*work)(struct worker_job *))
{
	memset(jobs, 0, number * sizeof *jobs);
	for (size_t i = 0; i < number; i++) {
		jobs[i].job.work = work;
		jobs[i].job.done = count;
	}
}

static void each_job_is_done_once_and_one_at_a_time(void **unused)
{
	struct counted jobs[20];

	(void)unused;
	most_running = 0;
	prepare(jobs, 20, wait_at_gate);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(worker_submit(&worker_files, &jobs[i].job), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(jobs[i].done, 1);
		assert_int_equal(jobs[i].cancelled, 0);
	}
	assert_int_equal(most_running, 1);
}

static void a_full_queue_says_no_and_the_other_goes_on(void **unused)
{
	static struct counted jobs[2000], other[1];
	size_t taken = 0;

	(void)unused;
	prepare(jobs, 2000, wait_at_gate);
	prepare(other, 1, wait_at_gate);
	pthread_mutex_lock(&gate);
	while (taken < 2000 && worker_submit(&worker_files, &jobs[taken].job) == 0)
		taken++;
	assert_in_range(taken, 2, 1999);
	assert_int_equal(worker_submit(&worker_passwords, &other[0].job), 0);
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(other[0].done, 1);
	for (size_t i = 0; i < taken; i++)
		assert_int_equal(jobs[i].done, 1);
	assert_int_equal(jobs[taken].done, 0);
}

static void only_a_waiting_job_can_be_cancelled(void **unused)
{
	struct counted jobs[4];

	(void)unused;
	prepare(jobs, 4, wait_at_gate);
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(worker_submit(&worker_files, &jobs[i].job), 0);
	assert_false(worker_cancel(&jobs[0].job)); /* runs */
	assert_true(worker_cancel(&jobs[2].job));  /* in the middle */
	assert_true(worker_cancel(&jobs[3].job));  /* the last */
	assert_int_equal(jobs[2].cancelled, 1);
	assert_false(worker_cancel(&jobs[2].job));
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(jobs[i].done, 1);
	assert_int_equal(jobs[1].cancelled, 0);
	/* the queue's end is right after cancelling the last */
	prepare(jobs, 2, wait_at_gate);
	assert_int_equal(worker_submit(&worker_files, &jobs[0].job), 0);
	assert_int_equal(worker_submit(&worker_files, &jobs[1].job), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(jobs[1].done, 1);
}

enum { MANY = 300, GREEDY = 7, MODEST = 8 };

/* In which order the queue's jobs began. */
static struct worker_job *order[2 * MANY];
static atomic_int begun;

static void note_at_gate(struct worker_job *job)
{
	order[begun++] = job;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void take_note(struct counted *jobs, size_t number, uint64_t whose)
{
	begun = 0;
	prepare(jobs, number, note_at_gate);
	for (size_t i = 0; i < number; i++)
		jobs[i].job.whose = whose;
}

static void who_brings_one_does_not_wait_for_who_brings_many(void **unused)
{
	static struct counted many[MANY], one[2];
	size_t taken = 0;
	unsigned cancelled = 0;

	(void)unused;
	take_note(one, 2, MODEST);
	take_note(many, MANY, GREEDY);
	pthread_mutex_lock(&gate);
	while (taken < MANY && worker_submit(&worker_files, &many[taken].job) == 0)
		taken++;
	assert_in_range(taken, 2, MANY - 1); /* the queue is full */
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(worker_submit(&worker_files, &one[i].job), 0);
	/* Each pushed out the last of the many, and none but those. */
	for (size_t i = 0; i < taken; i++)
		cancelled += many[i].cancelled;
	assert_int_equal(cancelled, 2);
	assert_int_equal(many[taken - 1].cancelled + many[taken - 2].cancelled, 2);
	assert_int_equal(worker_submit(&worker_files, &many[taken].job), -1);
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(one[0].done + one[1].done, 2);
	assert_int_equal(one[0].cancelled + one[1].cancelled, 0);
	/* The one that ran, one more turn each, and so on. */
	assert_ptr_equal(order[0], &many[0].job);
	assert_ptr_equal(order[2], &one[0].job);
	assert_ptr_equal(order[4], &one[1].job);
	for (size_t i = 0; i < taken; i++)
		assert_int_equal(many[i].done, 1);
	assert_int_equal(begun, taken); /* two fewer, and two of the other */
}

/* A queue of several threads, whose jobs may hang. */
static void nobody_has_all_the_threads(void **unused)
{
	struct worker_queue queue = {.limit = 4};
	static struct counted many[10], one[1], nobodys[1];

	(void)unused;
	take_note(one, 1, MODEST);
	take_note(many, 10, GREEDY);
	prepare(nobodys, 1, note_at_gate);
	begun = 0;
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(worker_submit(&queue, &many[i].job), 0);
	assert_int_equal(queue.running, 3);
	assert_int_equal(worker_submit(&queue, &one[0].job), 0);
	assert_int_equal(queue.running, 4);
	assert_int_equal(worker_submit(&queue, &nobodys[0].job), 0);
	assert_true(worker_cancel(&nobodys[0].job));
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(many[i].done, 1);
	assert_int_equal(one[0].done, 1);
	assert_int_equal(queue.running, 0);
	assert_null(queue.first);
	assert_null(queue.working);
}

static void one_alone_has_the_whole_queue(void **unused)
{
	static struct counted many[MANY];
	size_t taken = 0;

	(void)unused;
	take_note(many, MANY, GREEDY);
	pthread_mutex_lock(&gate);
	while (taken < MANY && worker_submit(&worker_files, &many[taken].job) == 0)
		taken++;
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_in_range(taken, 200, MANY - 1);
	for (size_t i = 0; i < taken; i++)
		assert_ptr_equal(order[i], &many[i].job);
}

static int niceness, terminate_blocked;

static void look_around(struct worker_job *job)
{
	sigset_t blocked;

	(void)job;
	niceness = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	terminate_blocked = sigismember(&blocked, SIGTERM);
}

static void threads_are_nice_and_hear_no_signals(void **unused)
{
	int ours = getpriority(PRIO_PROCESS, 0);
	struct counted job[1];

	(void)unused;
	prepare(job, 1, look_around);
	assert_int_equal(worker_submit(&worker_files, &job[0].job), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(niceness > ours || niceness == 19);
	assert_int_equal(terminate_blocked, 1);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), ours);
}

static struct counted *who_ended[300];
static size_t ended_count;

static void note_end(struct worker_job *job, bool cancelled)
{
	count(job, cancelled);
	who_ended[ended_count++] = (struct counted *)job;
}

static void who_goes_first_passes_all_that_wait(void **unused)
{
	static struct counted jobs[258];

	(void)unused;
	ended_count = 0;
	prepare(jobs, 258, wait_at_gate);
	for (size_t i = 0; i < 258; i++)
		jobs[i].job.done = note_end;
	jobs[256].job.first = jobs[257].job.first = true;
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < 256; i++)
		assert_int_equal(worker_submit(&worker_files, &jobs[i].job), 0);
	assert_int_equal(worker_submit(&worker_files, &jobs[256].job), 0);
	assert_int_equal(worker_submit(&worker_files, &jobs[257].job), 0); /* the queue is full */
	assert_int_equal(jobs[255].cancelled, 1);
	pthread_mutex_unlock(&gate);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_ptr_equal(who_ended[0], &jobs[255]);
	assert_ptr_equal(who_ended[1], &jobs[0]);
	assert_ptr_equal(who_ended[2], &jobs[256]);
	assert_ptr_equal(who_ended[3], &jobs[257]);
	assert_ptr_equal(who_ended[4], &jobs[1]);
	assert_int_equal(ended_count, 258);
}

/* Stands before the C library's for libuv, and loses a signal as its bug 25847 does. */
static bool lose_signal;

int pthread_cond_signal(pthread_cond_t *condition)
{
	static int (*next)(pthread_cond_t *);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_signal");
	if (lose_signal) {
		lose_signal = false;
		return 0;
	}
	return next(condition);
}

static void nothing(struct worker_job *job)
{
}

static void on_tick(uv_timer_t *tick)
{
	struct counted *job = tick->data;

	if (job->done > 0)
		uv_close((uv_handle_t *)tick, NULL);
	worker_nudge();
}

static void a_job_whose_signal_was_lost_is_done_after_a_nudge(void **unused)
{
	struct counted job[1];
	uv_timer_t tick;

	(void)unused;
	do { /* until libuv signals, which it does when a thread waits */
		lose_signal = false;
		uv_run(&loop, UV_RUN_DEFAULT);
		prepare(job, 1, nothing);
		lose_signal = true;
		assert_int_equal(worker_submit(&worker_files, &job[0].job), 0);
	} while (lose_signal);
	uv_timer_init(&loop, &tick);
	tick.data = job;
	uv_timer_start(&tick, on_tick, 50, 50);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(job[0].done, 1);
	assert_int_equal(job[0].cancelled, 0);
}

static pthread_t destroyed_on;
static unsigned destroyed;

static void destroy(void *what)
{
	destroyed_on = pthread_self();
	destroyed += *(unsigned *)what;
}

static void discard_from_worker(struct worker_job *job)
{
	unsigned one = 1;

	(void)job;
	worker_discard(destroy, &one);
	assert_true(pthread_equal(destroyed_on, pthread_self()));
}

static void what_the_loop_discards_is_destroyed_on_a_worker(void **unused)
{
	unsigned hundred = 100;
	struct counted job[1];

	(void)unused;
	worker_discard(destroy, &hundred);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(destroyed, 100);
	assert_false(pthread_equal(destroyed_on, pthread_self()));
	prepare(job, 1, discard_from_worker); /* where it is called, and at once */
	assert_int_equal(worker_submit(&worker_files, &job[0].job), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(destroyed, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_job_is_done_once_and_one_at_a_time),
		cmocka_unit_test(a_full_queue_says_no_and_the_other_goes_on),
		cmocka_unit_test(only_a_waiting_job_can_be_cancelled),
		cmocka_unit_test(who_brings_one_does_not_wait_for_who_brings_many),
		cmocka_unit_test(nobody_has_all_the_threads),
		cmocka_unit_test(one_alone_has_the_whole_queue),
		cmocka_unit_test(threads_are_nice_and_hear_no_signals),
		cmocka_unit_test(who_goes_first_passes_all_that_wait),
		cmocka_unit_test(a_job_whose_signal_was_lost_is_done_after_a_nudge),
		cmocka_unit_test(what_the_loop_discards_is_destroyed_on_a_worker),
	};
	int failed;

	uv_loop_init(&loop);
	worker_setup(&loop, 4);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	uv_loop_close(&loop);
	return failed;
}
