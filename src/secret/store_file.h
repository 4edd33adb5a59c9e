/* SPDX-License-Identifier: MIT
 *
 * The two files of the store as they lie on the disk: what is sealed in the one and the master key
 * in the other. Private to store.c and store_change.c; the format is drawn in store.h. store_file.c
 * is the store, store_key.c the key.
 */
#pragma once

#include "base/file.h"
#include "secret/seal.h"

#include <jansson.h>

enum {
	STORE_FILE_MAX = 64 * 1024 * 1024, /* bytes */
	STORE_MASTER_SIZE = 32,
};

/* What was read, or is to be written. The master key is wiped by _release. */
struct store_file {
	json_t *root; /* owned */
	uint64_t generation;
	uint8_t master[STORE_MASTER_SIZE];
	bool pending; /* opened with the key beside the key file: a rekey or init was cut off */
};

#define STORE_FILE_INIT ((struct store_file){0})

void store_file_release(struct store_file *file);

/* Reads the store with the key in the key file, or else with the one beside it. 0 or -1. */
int store_file_read(
	const char *path, const char *key_path, struct store_file *file, struct error *error);

/* Replaces the store by the next generation of it, sealed with file->master. 0 or -1. */
int store_file_write(const char *path, struct store_file *file, struct error *error);

bool store_file_exists(const char *path);

/* The key file, and KEY.new beside it, which is there only between the steps of init and rekey. */
enum store_key { STORE_KEY_CURRENT = 0, STORE_KEY_NEXT };

bool store_key_exists(const char *key_path, enum store_key which);

/* Reads a key. 0 or -1. */
int store_key_read(const char *key_path, enum store_key which, uint8_t master[STORE_MASTER_SIZE],
	struct error *error);

/* Writes a master key beside the key file (KEY.new). 0 or -1. */
int store_key_prepare(
	const char *key_path, const uint8_t master[STORE_MASTER_SIZE], struct error *error);

/* Puts the key beside the key file into its place. 0 or -1. */
int store_key_commit(const char *key_path, struct error *error);

/* Removes the key beside the key file, if there is one. */
void store_key_discard(const char *key_path);
