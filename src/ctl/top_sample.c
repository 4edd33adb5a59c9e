/* SPDX-License-Identifier: MIT */
#include "ctl/top.h"

#include "base/clock.h"

static void read_sections(struct top_sample *sample, const struct settings *settings)
{
	size_t platforms = settings->platform_count;
	bool known;

	sample->sections =
		xcalloc(platforms + settings->backend_count + 1, sizeof *sample->sections);
	for (size_t i = 0; i < platforms + settings->backend_count; i++) {
		uint64_t key =
			i < platforms
				? sections_key("platform", section_title(settings->platforms[i]))
				: sections_key("backend",
					  section_title(settings->backends[i - platforms]));

		for (size_t j = 0; j < SECTION_METRICS; j++)
			sample->sections[i][j] =
				sections_value(key, (enum section_metric)j, &known);
	}
}

int top_sample_read(struct top_sample *sample, const char *folder, const struct settings *settings,
	struct error *error)
{
	*sample = (struct top_sample){0};
	if (metrics_watch(folder, error) != 0)
		return -1;
	sample->at_ms = clock_monotonic_ms();
	metrics_read(sample->counters, sample->gauges, sample->buckets);
	read_sections(sample, settings);
	metrics_close();
	return 0;
}

void top_sample_free(struct top_sample *sample)
{
	free(sample->sections);
	sample->sections = NULL;
}
