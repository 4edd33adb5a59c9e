/* SPDX-License-Identifier: MIT
 *
 * The program around a fuzz target where libFuzzer is not: takes each file of corpus/NAME, NAME
 * being the program's, and each of the files that are named.
 */
#include "fuzz.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>

static void replay(const char *path)
{
	FILE *file = fopen(path, "r");
	uint8_t *bytes = malloc(1 << 20);
	size_t length;

	if (file == NULL || bytes == NULL) {
		perror(path);
		exit(1);
	}
	length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	bytes = realloc(bytes, length > 0 ? length : 1); /* reading past its end is seen */
	fprintf(stderr, "%s\n", path); /* the last one that is named is the one that fails */
	LLVMFuzzerTestOneInput(bytes, length);
	free(bytes);
}

int main(int argc, char **argv)
{
	char folder[PATH_MAX], path[PATH_MAX + 300];
	struct dirent *entry;
	unsigned count = 0;
	DIR *corpus;

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1)
		return 0;
	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", sources(), basename(argv[0]));
	corpus = opendir(folder);
	if (corpus == NULL) {
		perror(folder);
		return 1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	while ((entry = readdir(corpus)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		replay(path);
		count++;
	}
	closedir(corpus);
	unlink(file_of(NULL, 0));
	printf("%u inputs\n", count);
	return count > 0 ? 0 : 1;
}
