/* SPDX-License-Identifier: MIT */
#include "outbound/breaker.h"

#include "telemetry/sections.h"

_Static_assert(
	(int)BREAKER_OPEN_MAX_MS <= (int)SECTIONS_PAUSE_MAX_MS, "the metrics show each pause");

bool breaker_allows(struct breaker *breaker, int64_t now_ms, int64_t *wait_ms_r)
{
	if (breaker->pause_ms == 0)
		return true;
	if (now_ms >= breaker->retry_at_ms && !breaker->probing) {
		breaker->probing = true;
		return true;
	}
	*wait_ms_r = breaker->retry_at_ms > now_ms ? breaker->retry_at_ms - now_ms : 1000;
	return false;
}

void breaker_succeeded(struct breaker *breaker)
{
	if (breaker->pause_ms > 0)
		sections_set(breaker->metrics, breaker->level, 0);
	*breaker = (struct breaker){.failures_max = breaker->failures_max,
		.metrics = breaker->metrics,
		.level = breaker->level};
}

void breaker_failed(struct breaker *breaker, int64_t now_ms)
{
	unsigned maximum = breaker->failures_max > 0 ? breaker->failures_max : BREAKER_FAILURES;

	breaker->failures++;
	if (breaker->failures < maximum)
		return;
	/* Requests that were under way when the breaker opened fail as well; only a failed probe
	 * makes the pause longer. */
	if (breaker->pause_ms == 0)
		breaker->pause_ms = BREAKER_OPEN_MS;
	else if (breaker->probing)
		breaker->pause_ms *= 2;
	else
		return;
	if (breaker->pause_ms > BREAKER_OPEN_MAX_MS)
		breaker->pause_ms = BREAKER_OPEN_MAX_MS;
	breaker->retry_at_ms = now_ms + breaker->pause_ms;
	sections_set(breaker->metrics, breaker->level, breaker->retry_at_ms);
	breaker->probing = false;
}

void breaker_abandoned(struct breaker *breaker)
{
	breaker->probing = false;
}
