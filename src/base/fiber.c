/* SPDX-License-Identifier: MIT */
#include "base/fiber.h"

#include "base/banned.h"
#include "base/wipe.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef UNDER_SANITIZER
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#endif

enum {
	/* Address space: the kernel gives memory for what is used. The deepest use is a JSON text
	 * of the depth that jansson allows. */
	STACK_SIZE = 2 << 20,
	IDLE_MAX = 64, /* stacks that wait for the next fiber */
};

struct fiber {
	ucontext_t context; /* while it waits */
	ucontext_t back;    /* of whoever ran or woke it last */
	struct fiber *outer;
	void (*run)(void *context);
	void *argument;
	bool ended;
	char *stack; /* its lowest page may not be touched */
	struct fiber *next;
	/* for the sanitizers */
	void *fake;
	const void *back_stack;
	size_t back_size;
	void *thread, *back_thread;
};

static struct {
	bool on;
	struct fiber *current;
	struct fiber *idle;
	unsigned idle_count, count;
} fibers;

/* ---- AddressSanitizer has to know which stack is in use ---- */

static void tell_leaving(void **fake, const void *stack, size_t size)
{
#if defined UNDER_SANITIZER && !defined UNDER_THREAD_SANITIZER
	__sanitizer_start_switch_fiber(fake, stack, size);
#endif
}

static void tell_entered(void *fake, const void **stack_r, size_t *size_r)
{
#if defined UNDER_SANITIZER && !defined UNDER_THREAD_SANITIZER
	__sanitizer_finish_switch_fiber(fake, stack_r, size_r);
#endif
}

/* ---- ThreadSanitizer takes each run of a fiber for a thread ----
 *
 * It counts calls for each thread: a function that switches must be inlined. */

#ifdef UNDER_THREAD_SANITIZER
#define FOR_THREADS(call) call
#else
#define FOR_THREADS(call) (void)0
#endif

static inline __attribute__((always_inline)) void enter_thread(struct fiber *fiber)
{
	FOR_THREADS(fiber->back_thread = __tsan_get_current_fiber());
	FOR_THREADS(__tsan_switch_to_fiber(fiber->thread, 0));
}

static inline __attribute__((always_inline)) void leave_thread(struct fiber *fiber)
{
	FOR_THREADS(__tsan_switch_to_fiber(fiber->back_thread, 0));
}

/* ---- stacks ---- */

static struct fiber *make_fiber(void)
{
	struct fiber *fiber = fibers.count < FIBERS_MAX ? calloc(1, sizeof *fiber) : NULL;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE;

	if (fiber == NULL)
		return NULL;
	fiber->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (fiber->stack == MAP_FAILED ||
		mprotect(fiber->stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) != 0) {
		if (fiber->stack != MAP_FAILED)
			munmap(fiber->stack, STACK_SIZE);
		free(fiber);
		return NULL;
	}
	fibers.count++;
	return fiber;
}

static void free_fiber(struct fiber *fiber)
{
	munmap(fiber->stack, STACK_SIZE);
	free(fiber);
	fibers.count--;
}

static struct fiber *take_fiber(void)
{
	struct fiber *fiber = fibers.idle;

	if (fiber == NULL)
		return make_fiber();
	fibers.idle = fiber->next;
	fibers.idle_count--;
	return fiber;
}

static void keep_fiber(struct fiber *fiber)
{
	if (!fibers.on || fibers.idle_count >= IDLE_MAX) {
		free_fiber(fiber);
		return;
	}
	fiber->next = fibers.idle;
	fibers.idle = fiber;
	fibers.idle_count++;
}

void fibers_begin(void)
{
	fibers.on = true;
}

void fibers_end(void)
{
	fibers.on = false;
	while (fibers.idle != NULL) {
		struct fiber *fiber = fibers.idle;

		fibers.idle = fiber->next;
		free_fiber(fiber);
	}
	fibers.idle_count = 0;
}

/* ---- switching ---- */

/* The first function on a fiber's stack. */
static void begin(void)
{
	struct fiber *self = fibers.current;

	tell_entered(NULL, &self->back_stack, &self->back_size);
	self->run(self->argument);
	wipe_stack();
	self->ended = true;
	tell_leaving(NULL, self->back_stack, self->back_size);
	leave_thread(self);
	swapcontext(&self->context, &self->back);
	abort(); /* nobody wakes a fiber that has ended */
}

static void enter(struct fiber *fiber)
{
	void *fake = NULL;

	fiber->outer = fibers.current;
	fibers.current = fiber;
	tell_leaving(&fake, fiber->stack, STACK_SIZE);
	enter_thread(fiber);
	swapcontext(&fiber->back, &fiber->context);
	tell_entered(fake, NULL, NULL);
	fibers.current = fiber->outer;
	if (fiber->ended) {
		FOR_THREADS(__tsan_destroy_fiber(fiber->thread));
		keep_fiber(fiber);
	}
}

/* Runs the function without a fiber: fiber_self() returns NULL meanwhile. */
static void run_plainly(void (*run)(void *context), void *context)
{
	struct fiber *outer = fibers.current;

	fibers.current = NULL;
	run(context);
	fibers.current = outer;
}

/* A function of its own: the compiler treats getcontext() like setjmp(). */
static __attribute__((noinline)) void init_context(ucontext_t *context)
{
	getcontext(context);
}

void fiber_run(void (*run)(void *context), void *context)
{
	struct fiber *fiber = fibers.on ? take_fiber() : NULL;

	if (fiber == NULL) {
		run_plainly(run, context);
		return;
	}
	fiber->run = run;
	fiber->argument = context;
	fiber->ended = false;
	init_context(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_SIZE;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, begin, 0);
	FOR_THREADS(fiber->thread = __tsan_create_fiber(0));
	enter(fiber);
}

struct fiber *fiber_self(void)
{
	return fibers.current;
}

void fiber_wait(void)
{
	struct fiber *self = fibers.current;

	tell_leaving(&self->fake, self->back_stack, self->back_size);
	leave_thread(self);
	swapcontext(&self->context, &self->back);
	tell_entered(self->fake, &self->back_stack, &self->back_size);
}

void fiber_wake(struct fiber *fiber)
{
	enter(fiber);
}
