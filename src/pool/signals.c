/* SPDX-License-Identifier: MIT */
#include "pool/signals.h"

#include "base/banned.h"

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
