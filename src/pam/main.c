/* SPDX-License-Identifier: MIT
 *
 * meetauth-pam SERVICE: answers one question of meetauth-command(7), read from standard input, with
 * PAM. A process of its own, so that a module that hangs can be killed, and that nothing which a
 * module does meets the pool. It may be installed with the group that reads /etc/shadow
 * (meetauth.conf(5) says how), so it takes nothing from environment or arguments but the service.
 */
#include "base/text.h"
#include "pam/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define FIRST_LINE "meetauth 1"

enum {
	QUESTION_MAX = 4096, /* bytes */
	ANSWER_MAX = 16384,
};

/* What a question holds that matters here; strings point into it. */
struct question {
	const char *request, *user, *password, *client;
	bool whole;
};

/* This process has a password in its memory and must not outlive its parent. */
static void harden(void)
{
	umask(077);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* pam_unix checks shadowed accounts by unix_chkpwd, which keeps only the caller's real group. So if
 * this program runs with the group of /etc/shadow, it makes that its real group. */
static int take_group(void)
{
	gid_t group = getegid();

	return setresgid(group, group, group);
}

/* Standard input and output go to /dev/null, so that no module reads or writes what is ours. The
 * descriptor to answer on, or -1. */
static int keep_for_us(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (kept < 0 || null < 0 || dup2(null, fd) < 0)
		return -1;
	close(null);
	return kept;
}

static int read_all(int fd, struct buffer *text)
{
	char chunk[1024];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		buffer_append(text, chunk, (size_t)got);
	}
	explicit_bzero(chunk, sizeof chunk);
	return got == 0 && !text->failed && text->data != NULL ? 0 : -1;
}

static void parse_line(struct question *question, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char **field;
	} fields[] = {{"request", &question->request}, {"user", &question->user},
		{"password", &question->password}, {"client", &question->client}};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strcmp(fields[i].key, key) == 0)
			*fields[i].field = value;
	question->whole = strcmp(key, "end") == 0;
}

/* Skips lines with keys that this program does not use. */
static struct question parse(char *text)
{
	struct question question = {"", "", "", "", false};
	char *line = strsep(&text, "\n");

	if (strcmp(line, FIRST_LINE) != 0)
		return question;
	while (!question.whole && (line = strsep(&text, "\n")) != NULL) {
		char *value = line, *key = strsep(&value, " ");

		parse_line(&question, key, value != NULL ? value : "");
	}
	return question;
}

static void reply_to_login(
	const char *service, const struct question *question, struct buffer *answer)
{
	const struct stack_question asked = {
		service, question->user, question->password, question->client};

	if (question->user[0] == '\0' || question->password[0] == '\0')
		buffer_text(answer, "deny\n"); /* some modules take none for a right one */
	else
		stack_ask(&asked, answer);
}

static void reply_to_check(const char *service, struct buffer *answer)
{
	if (stack_has_service(service))
		buffer_text(answer, "ready\n");
	else
		buffer_printf(answer,
			"unavailable there is no /etc/pam.d/%s, and PAM would take \"other\"\n",
			service);
}

static void reply(const char *service, const struct question *question, struct buffer *answer)
{
	const struct stack_question renewal = {service, question->user, NULL, ""};

	buffer_text(answer, FIRST_LINE "\n");
	if (strcmp(question->request, "login") == 0)
		reply_to_login(service, question, answer);
	else if (strcmp(question->request, "renew") == 0)
		stack_ask(&renewal, answer);
	else if (strcmp(question->request, "check") == 0)
		reply_to_check(service, answer);
	else
		buffer_text(answer, "unknown-request\n");
	buffer_text(answer, "end\n");
}

static int answer_question(const char *service, int in, int out)
{
	struct buffer text = BUFFER_INIT(QUESTION_MAX), answer = BUFFER_INIT(ANSWER_MAX);
	struct question question = {.whole = false};
	int status = EX_PROTOCOL;

	if (in >= 0 && out >= 0 && read_all(in, &text) == 0)
		question = parse(text.data);
	if (question.whole) {
		reply(service, &question, &answer);
		status = EX_SOFTWARE;
		if (!answer.failed &&
			write(out, answer.data, answer.length) == (ssize_t)answer.length)
			status = EX_OK;
	}
	buffer_wipe(&text);
	buffer_wipe(&answer);
	return status;
}

int main(int argc, char **argv)
{
	int in, out;

	harden();
	/* It names a file, and PAM does not look whether it leads out of the folder. */
	if (argc != 2 || !text_is_token(argv[1], 1, 64, "-_.")) {
		fprintf(stderr, "usage: meetauth-pam SERVICE <QUESTION; see meetauth-command(7)\n");
		return EX_USAGE;
	}
	if (take_group() != 0)
		return EX_OSERR;
	in = keep_for_us(STDIN_FILENO);
	out = keep_for_us(STDOUT_FILENO);
	return answer_question(argv[1], in, out);
}
