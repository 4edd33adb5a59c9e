/* SPDX-License-Identifier: MIT */
#include "secret/secret.h"

#include "base/buffer.h"
#include "base/text.h"
#include "base/wipe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

struct secret {
	char *bytes; /* of sodium_malloc(), read-only */
	size_t length;
};

/* A core file, or a debugger of the same user, would see every key. LeakSanitizer is such a
 * debugger. */
static int forbid_inspection(struct error *error)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return error_set(error, "cannot turn core files off: %s", strerror(errno));
#ifndef UNDER_SANITIZER
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return error_set(error, "cannot turn tracing off: %s", strerror(errno));
#endif
	return 0;
}

int secret_init(struct error *error)
{
	if (forbid_inspection(error) != 0)
		return -1;
	unsetenv("SSLKEYLOGFILE");
	if (sodium_init() < 0)
		return error_set(error, "cannot start libsodium: no source of randomness");
	return 0;
}

struct secret *secret_new(const void *bytes, size_t length)
{
	struct secret *secret = malloc(sizeof *secret);

	if (secret == NULL)
		return NULL;
	secret->length = length;
	secret->bytes = sodium_malloc(length + 1);
	if (secret->bytes == NULL) {
		free(secret);
		return NULL;
	}
	memcpy(secret->bytes, bytes, length);
	secret->bytes[length] = '\0';
	sodium_mprotect_readonly(secret->bytes);
	return secret;
}

const char *secret_text(const struct secret *secret)
{
	return secret->bytes;
}

size_t secret_length(const struct secret *secret)
{
	return secret->length;
}

void secret_free(struct secret **secret)
{
	if (*secret == NULL)
		return;
	sodium_free((*secret)->bytes); /* wipes */
	free(*secret);
	*secret = NULL;
}

/* -- blocks -- */

struct secret_block {
	char *bytes; /* of sodium_malloc(), read-only once closed */
	size_t used, size;
	size_t count, count_max;
	struct secret secrets[];
};

struct secret_block *secret_block_new(size_t count, size_t size)
{
	struct secret_block *block = malloc(sizeof *block + count * sizeof *block->secrets);

	if (block == NULL)
		return NULL;
	*block = (struct secret_block){.size = size + count, .count_max = count};
	block->bytes = sodium_malloc(block->size);
	if (block->bytes != NULL)
		return block;
	free(block);
	return NULL;
}

const struct secret *secret_block_add(struct secret_block *block, const void *bytes, size_t length)
{
	struct secret *secret;

	if (block->count == block->count_max || length >= block->size - block->used)
		return NULL;
	secret = &block->secrets[block->count++];
	*secret = (struct secret){block->bytes + block->used, length};
	memcpy(secret->bytes, bytes, length);
	secret->bytes[length] = '\0';
	block->used += length + 1;
	return secret;
}

void secret_block_close(struct secret_block *block)
{
	sodium_mprotect_readonly(block->bytes);
}

void secret_block_free(struct secret_block **block)
{
	struct secret_block *old = *block;

	*block = NULL;
	if (old == NULL)
		return;
	sodium_free(old->bytes); /* wipes */
	free(old);
}

/* -- reading a secret -- */

/* Reads a line, or to the end of the file. `waiting` is the signal mask while it waits; NULL:
 * signals are not caught. 0, or -1, also if a signal arrived. */
static int read_bytes(int fd, bool line, const sigset_t *waiting, struct buffer *text)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char chunk[512];
	ssize_t got = -1;

	while (waiting == NULL || ppoll(&poll_fd, 1, NULL, waiting) > 0) {
		got = read(fd, chunk, sizeof chunk);
		if (got <= 0)
			break;
		buffer_append(text, chunk, (size_t)got);
		if (text->failed || (line && chunk[got - 1] == '\n'))
			break;
		got = -1;
	}
	explicit_bzero(chunk, sizeof chunk);
	return got < 0 ? -1 : 0;
}

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* The signal mask and handlers from before the prompt. */
struct disposition {
	sigset_t mask;
	struct sigaction actions[SIGNALS];
};

/* Signals are delivered only while the prompt waits, so that none arrives just before and is
 * missed. A signal that was ignored stays ignored: shells start background jobs with INT and QUIT
 * ignored. */
static void catch_signals(struct disposition *before)
{
	struct sigaction action = {.sa_handler = note_signal};
	sigset_t ours;

	caught = 0;
	sigemptyset(&ours);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &before->mask);
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &before->actions[i]);
		if (before->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

/* Restores mask and handlers, and raises the caught signal again, which now does what it would have
 * done without the prompt. */
static void release_signals(const struct disposition *before)
{
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	if (caught != 0)
		raise(caught);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* Restores the echo even if the user presses ^C at the prompt. */
static int read_silently(
	int fd, const struct termios *loud, const char *prompt, struct buffer *text)
{
	struct disposition before;
	struct termios silent = *loud;
	int rc = -1, why;

	catch_signals(&before);
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	silent.c_lflag |= ECHONL;
	if (tcsetattr(fd, TCSAFLUSH, &silent) == 0) {
		/* Prompts after the echo is off, so that an immediate answer is neither shown nor
		 * lost. If the terminal was opened for reading only, the prompt is lost, but not
		 * the answer. */
		(void)!write(fd, prompt, strlen(prompt));
		rc = read_bytes(fd, true, &before.mask, text);
	}
	why = errno;
	tcsetattr(fd, TCSAFLUSH, loud);
	release_signals(&before);
	errno = why;
	return rc;
}

static int read_text(int fd, const char *prompt, struct buffer *text)
{
	struct termios loud;

	if (tcgetattr(fd, &loud) != 0)
		return read_bytes(fd, false, NULL, text);
	return read_silently(fd, &loud, prompt, text);
}

struct secret *secret_read(int fd, const char *prompt, struct error *error)
{
	struct buffer text = BUFFER_INIT(SECRET_MAX + 5); /* with a byte order mark and CR LF */
	struct secret *secret = NULL;
	size_t length;

	if (read_text(fd, prompt, &text) != 0) {
		error_set(error, "cannot read the secret: %s", strerror(errno));
		goto out;
	}
	length = text.length > 0 ? text_strip(text.data, text.length) : 0;
	if (length > 0 && text.data[length - 1] == '\n')
		length--;
	if (text.failed || length > SECRET_MAX)
		error_set(error, "the secret is longer than %d bytes", SECRET_MAX);
	else if (length == 0)
		error_set(error, "expected a secret on standard input, found nothing");
	else if ((secret = secret_new(text.data, length)) == NULL)
		error_set(error, "out of memory for the secret");
out:
	buffer_wipe(&text);
	return secret;
}
