/* SPDX-License-Identifier: MIT */
#include "pool/parent_private.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "pool/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* "SOCKET GENERATION FIGURE… CHILD…", where a child is "PHASE PID CHANNEL GENERATION DRAIN-MS". If
 * the figures or a child get more numbers, the variable has to get another name. */
static const char variable[] = "MEETAUTHD_POOL_1";

static void keep_open(const struct parent *parent, bool keep)
{
	int flags = keep ? 0 : FD_CLOEXEC;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase != FREE)
			fcntl(parent->children[i].channel, F_SETFD, flags);
	if (parent->fd != STDIN_FILENO)
		fcntl(parent->fd, F_SETFD, flags);
}

static void write_down(const struct parent *parent, struct buffer *text)
{
	buffer_printf(text, "%d %u", parent->fd, parent->generation);
	for (size_t i = 0; i < CHANNEL_VALUES; i++)
		buffer_printf(text, " %lld", (long long)parent->figures.values[i]);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		const struct child *child = &parent->children[i];

		if (child->phase != FREE)
			buffer_printf(text, " %d %d %d %u %lld", child->phase, child->pid,
				child->channel, child->generation, (long long)child->drain_ms);
	}
}

int parent_pass_on(struct parent *parent)
{
	struct buffer text = BUFFER_INIT(100 * 1024);

	write_down(parent, &text);
	if (!text.failed && setenv(variable, text.data, 1) == 0) {
		keep_open(parent, true);
		/* Signals stay blocked; one that arrives now is pending for the new program. */
		execv(parent->options->program, parent->options->own_arguments);
		log_message(LOG_LEVEL_ERROR, "exec", "%s: %s", parent->options->program,
			strerror(errno));
		keep_open(parent, false);
		unsetenv(variable);
	}
	buffer_release(&text);
	return -1;
}

/* The next number in the text; 0 at its end. */
static int64_t next_number(char **text)
{
	char *word = strsep(text, " ");
	int64_t number;

	return word != NULL && text_to_number(word, 0, INT64_MAX, &number) == 0 ? number : 0;
}

int parent_inherited_socket(void)
{
	const char *text = getenv(variable);

	return text != NULL ? (int)strtol(text, NULL, 10) : -1;
}

bool parent_take_over(struct parent *parent)
{
	const char *left = getenv(variable);
	char *text = left != NULL ? strdup(left) : NULL, *at = text;
	struct child *child = parent->children;

	if (text == NULL)
		return false;
	unsetenv(variable);
	next_number(&at); /* the socket */
	parent->generation = (unsigned)next_number(&at);
	for (size_t i = 0; i < CHANNEL_VALUES; i++)
		parent->figures.values[i] = next_number(&at);
	for (; at != NULL && child < parent->children + CHILDREN_MAX; child++) {
		child->phase = (enum phase)next_number(&at);
		child->pid = (pid_t)next_number(&at);
		child->channel = (int)next_number(&at);
		child->generation = (unsigned)next_number(&at);
		child->drain_ms = next_number(&at);
		child->since_ms = clock_monotonic_ms();
	}
	free(text);
	keep_open(parent, false);
	/* The parent blocks more signals than a process may inherit. */
	signals_held(&parent->mask);
	return true;
}
