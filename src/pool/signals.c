/* SPDX-License-Identifier: MIT */
#include "pool/signals.h"

#include "base/banned.h"

int signals_ignore(struct error *error)
{
	/* A USR1 meant to reopen logs must not end the process. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGUSR1, SIG_IGN) == SIG_ERR ||
		signal(SIGUSR2, SIG_IGN) == SIG_ERR)
		return error_set(error, "cannot ignore signals");
	return 0;
}

void signals_held(sigset_t *set_r)
{
	sigemptyset(set_r);
	sigaddset(set_r, SIGTERM);
	sigaddset(set_r, SIGINT);
	sigaddset(set_r, SIGQUIT);
	sigaddset(set_r, SIGHUP);
}

void signals_hold(void)
{
	sigset_t set;

	signals_held(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void signals_release(void)
{
	sigset_t set;

	signals_held(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
