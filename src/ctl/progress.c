/* SPDX-License-Identifier: MIT */
#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	AFTER_MS = 1000, /* shorter commands show nothing */
	EVERY_MS = 200,
	BAR = 20,  /* width of the bar */
	LINE = 60, /* width of the line; longer ones are cut, so that none wraps at 80 columns */
	MIB = 1024 * 1024,
};

void progress_begin(struct progress *progress, const char *what, int64_t now_ms)
{
	const char *kind = getenv("TERM");

	*progress = (struct progress){
		.what = what,
		.terminal = isatty(STDERR_FILENO) && kind != NULL && strcmp(kind, "dumb") != 0,
		.next_ms = now_ms + AFTER_MS,
	};
}

void progress_step(struct progress *progress, int64_t now_ms, int64_t done, int64_t total)
{
	char line[LINE + 1], bar[BAR + 1];
	int64_t part;

	if (!progress->terminal || now_ms < progress->next_ms)
		return;
	if (total > 0) {
		part = done >= total ? 100 : done * 100 / total;
		memset(bar, '.', BAR);
		memset(bar, '#', (size_t)(part * BAR / 100));
		bar[BAR] = '\0';
		snprintf(line, sizeof line, "%s [%s] %" PRId64 " %%", progress->what, bar, part);
	} else {
		snprintf(line, sizeof line, "%s: %" PRId64 " MiB", progress->what, done / MIB);
	}
	fprintf(stderr, "\r%-*s", LINE, line);
	fflush(stderr);
	progress->shown = true;
	progress->next_ms = now_ms + EVERY_MS;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r%*s\r", LINE, "");
	progress->shown = false;
}
