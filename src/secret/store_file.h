/* SPDX-License-Identifier: MIT
 *
 * The two files of the store on the disk: the sealed store (store_file.c) and the master key
 * (store_key.c). Private to store.c and store_change.c; store.h describes the format.
 */
#pragma once

#include "base/file.h"
#include "secret/seal.h"

#include <jansson.h>

enum {
	STORE_FILE_MAX = 64 * 1024 * 1024, /* bytes */
	STORE_MASTER_SIZE = 32,
};

/* The decrypted store. store_file_release() wipes the master key. */
struct store_file {
	json_t *root; /* owned */
	uint64_t generation;
	uint8_t master[STORE_MASTER_SIZE];
	bool pending; /* opened with KEY.new: an init or a rekey was interrupted */
};

#define STORE_FILE_INIT ((struct store_file){0})

void store_file_release(struct store_file *file);

/* Reads the store with the key in the key file or, if that does not fit, with KEY.new. 0, or -1
 * with an error. */
int store_file_read(
	const char *path, const char *key_path, struct store_file *file, struct error *error);

/* Replaces the store by its next generation, sealed with file->master. 0, or -1 with an error. */
int store_file_write(const char *path, struct store_file *file, struct error *error);

bool store_file_exists(const char *path);

/* The key file, and KEY.new beside it, which exists only between the steps of init and rekey. */
enum store_key { STORE_KEY_CURRENT = 0, STORE_KEY_NEXT };

bool store_key_exists(const char *key_path, enum store_key which);

/* Reads a key. 0, or -1 with an error. */
int store_key_read(const char *key_path, enum store_key which, uint8_t master[STORE_MASTER_SIZE],
	struct error *error);

/* Writes a master key to KEY.new. 0, or -1 with an error. */
int store_key_prepare(
	const char *key_path, const uint8_t master[STORE_MASTER_SIZE], struct error *error);

/* Renames KEY.new to the key file. 0, or -1 with an error. */
int store_key_commit(const char *key_path, struct error *error);

/* Removes KEY.new if it exists. */
void store_key_discard(const char *key_path);
