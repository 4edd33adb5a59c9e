/* SPDX-License-Identifier: MIT */
#include "secret/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <unistd.h>

enum { HEX_SIZE = STORE_MASTER_SIZE * 2 };

static int locate(
	const char *key_path, enum store_key which, char path[PATH_MAX], struct error *error)
{
	const char *suffix = which == STORE_KEY_NEXT ? ".new" : "";

	if (snprintf(path, PATH_MAX, "%s%s", key_path, suffix) >= PATH_MAX - 8)
		return error_set(error, "%s: path too long", key_path);
	return 0;
}

bool store_key_exists(const char *key_path, enum store_key which)
{
	char path[PATH_MAX];

	return locate(key_path, which, path, NULL) == 0 && store_file_exists(path);
}

/* systemd grants a service access to its credentials by an access list, which shows as a mode bit
 * of the group. Only the manager can write in that folder. */
static bool is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t length = folder == NULL ? 0 : strlen(folder);

	return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
}

static int parse_key(const char *path, const struct buffer *text, uint8_t master[STORE_MASTER_SIZE],
	struct error *error)
{
	size_t length = text->length, got = 0;

	if (length > 0 && text->data[length - 1] == '\n')
		length--;
	if (length != HEX_SIZE || sodium_hex2bin(master, STORE_MASTER_SIZE, text->data, length,
					  NULL, &got, NULL) != 0)
		return error_set(error,
			"%s: expected %d hex digits and a newline; restore it from a backup", path,
			HEX_SIZE);
	if (sodium_is_zero(master, STORE_MASTER_SIZE))
		return error_set(error, "%s: the key is all zeros; restore it from a backup", path);
	return 0;
}

int store_key_read(const char *key_path, enum store_key which, uint8_t master[STORE_MASTER_SIZE],
	struct error *error)
{
	struct buffer text = BUFFER_INIT(HEX_SIZE + 64);
	char path[PATH_MAX];
	int rc = locate(key_path, which, path, error);

	if (rc == 0)
		rc = file_read_text(
			path, is_credential(path) ? FILE_PRIVATE : FILE_SECRET, &text, error);
	if (rc == 0)
		rc = parse_key(path, &text, master, error);
	buffer_wipe(&text);
	return rc;
}

int store_key_prepare(
	const char *key_path, const uint8_t master[STORE_MASTER_SIZE], struct error *error)
{
	char path[PATH_MAX], hex[HEX_SIZE + 2];
	int rc;

	if (locate(key_path, STORE_KEY_NEXT, path, error) != 0)
		return -1;
	sodium_bin2hex(hex, sizeof hex, master, STORE_MASTER_SIZE);
	hex[HEX_SIZE] = '\n';
	rc = file_replace(path, hex, HEX_SIZE + 1, 0400, error);
	if (rc != 0)
		error_prefix(error,
			"nothing was changed: cannot write a new key beside the key file; its "
			"folder has to belong to user id %u (a systemd credential is read-only: "
			"change the key where the credential comes from): ",
			(unsigned)geteuid());
	explicit_bzero(hex, sizeof hex);
	return rc;
}

static int sync_folder_of(const char *path)
{
	char copy[PATH_MAX];
	int fd, rc;

	snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int store_key_commit(const char *key_path, struct error *error)
{
	char path[PATH_MAX];

	if (locate(key_path, STORE_KEY_NEXT, path, error) != 0)
		return -1;
	if (rename(path, key_path) != 0 || sync_folder_of(key_path) != 0)
		return error_set(error,
			"%s: cannot be renamed to %s: %s; the store opens with either, and the "
			"next change tries again",
			path, key_path, strerror(errno));
	return 0;
}

void store_key_discard(const char *key_path)
{
	char path[PATH_MAX];

	if (locate(key_path, STORE_KEY_NEXT, path, NULL) == 0)
		unlink(path);
}
