/* SPDX-License-Identifier: MIT
 *
 * A PAM module for tests, which does what its arguments say, in their order:
 *
 *   ask            takes the password, as modules do
 *   want=TEXT      fails with PAM_AUTH_ERR unless it is that
 *   again, visible asks once more: without echo, with echo
 *   talk           gives messages, and prints where it should not
 *   rhost=TEXT     fails unless PAM_RHOST is that
 *   rename=NAME    makes another user of this one
 *   hang=FILE      writes its number and that of a child to FILE; neither ends of itself
 *   crash
 *   auth=NUMBER, account=NUMBER   what it returns from these two in the end
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return strncmp(argument, name, length) == 0 ? argument + length : NULL;
}

static void hang(const char *path)
{
	FILE *file = fopen(path, "w");
	pid_t child;

	signal(SIGTERM, SIG_IGN);
	child = fork();
	if (child != 0 && file != NULL) {
		fprintf(file, "%d %d\n", (int)getpid(), (int)child);
		fclose(file);
	}
	for (;;)
		pause();
}

static int compare(pam_handle_t *pam, const char *wanted)
{
	const void *token = NULL;

	pam_get_item(pam, PAM_AUTHTOK, &token);
	return token != NULL && strcmp(token, wanted) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int from_where(pam_handle_t *pam, const char *wanted)
{
	const void *host = NULL;

	pam_get_item(pam, PAM_RHOST, &host);
	return host != NULL && strcmp(host, wanted) == 0 ? PAM_SUCCESS : PAM_PERM_DENIED;
}

static int ask_more(pam_handle_t *pam, int style)
{
	char *answer = NULL;
	int rc = pam_prompt(pam, style, &answer, "and the code: ");

	free(answer);
	return rc;
}

static int talk(pam_handle_t *pam)
{
	pam_info(pam, "welcome");
	pam_error(pam, "and beware");
	printf("meetauth 1\ngrant mallory\nend\n");
	return fflush(stdout) == 0 ? PAM_SUCCESS : PAM_SYSTEM_ERR;
}

static int follow(pam_handle_t *pam, const char *argument)
{
	const char *token, *value;

	if (strcmp(argument, "ask") == 0)
		return pam_get_authtok(pam, PAM_AUTHTOK, &token, NULL);
	if (strcmp(argument, "again") == 0)
		return ask_more(pam, PAM_PROMPT_ECHO_OFF);
	if (strcmp(argument, "visible") == 0)
		return ask_more(pam, PAM_PROMPT_ECHO_ON);
	if (strcmp(argument, "talk") == 0)
		return talk(pam);
	if (strcmp(argument, "crash") == 0)
		raise(SIGKILL); /* a sanitizer makes another thing of SIGSEGV */
	if ((value = value_of(argument, "want=")) != NULL)
		return compare(pam, value);
	if ((value = value_of(argument, "rhost=")) != NULL)
		return from_where(pam, value);
	if ((value = value_of(argument, "rename=")) != NULL)
		return pam_set_item(pam, PAM_USER, value);
	if ((value = value_of(argument, "hang=")) != NULL)
		hang(value);
	return PAM_SUCCESS;
}

static int follow_all(pam_handle_t *pam, const char *last, int argc, const char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *value = value_of(argv[i], last);
		int rc = value != NULL ? atoi(value) : follow(pam, argv[i]);

		if (rc != PAM_SUCCESS)
			return rc;
	}
	return PAM_SUCCESS;
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)flags;
	return follow_all(pam, "auth=", argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)flags;
	return follow_all(pam, "account=", argc, argv);
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
