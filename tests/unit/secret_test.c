/* SPDX-License-Identifier: MIT
 *
 * Sealing, keyed hashes and secrets. Numbers in names are those of the table of attacks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "secret/base64.h"
#include "secret/seal.h"
#include "secret/secret.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct seal_ring ring;

static int make_ring(void **state)
{
	(void)state;
	ring.count = 2;
	for (size_t i = 0; i < ring.count; i++) {
		ring.keys[i].id = (uint32_t)(7 - i);
		seal_random(ring.keys[i].bytes, SEAL_KEY_SIZE);
	}
	return 0;
}

/* The sealed text of a string; the test frees it. */
static struct buffer sealed(const char *purpose, const char *plain)
{
	struct buffer text = BUFFER_INIT(8192);

	assert_int_equal(seal_text(&ring, purpose, plain, strlen(plain), &text), 0);
	return text;
}

static int opens_with(const struct seal_ring *with, const char *purpose, const char *text)
{
	struct buffer plain = BUFFER_INIT(SEAL_PLAIN_MAX);
	int rc = seal_open(with, purpose, text, &plain);

	buffer_release(&plain);
	return rc == 0;
}

static int opens(const char *purpose, const char *text)
{
	return opens_with(&ring, purpose, text);
}

/* -- sealing -- */

static void test_open_gives_back_what_was_sealed(void **state)
{
	static const size_t lengths[] = {0, 1, 2, 3, 4, 400, SEAL_PLAIN_MAX};
	uint8_t bytes[SEAL_PLAIN_MAX];
	struct buffer text = BUFFER_INIT(2 * SEAL_PLAIN_MAX), plain = BUFFER_INIT(SEAL_PLAIN_MAX);

	(void)state;
	seal_random(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		buffer_clear(&text);
		assert_int_equal(seal_text(&ring, "p", bytes, lengths[i], &text), 0);
		assert_int_equal(text.length, ((lengths[i] + SEAL_OVERHEAD) * 4 + 2) / 3);
		assert_int_equal(seal_open(&ring, "p", text.data, &plain), 0);
		assert_int_equal(plain.length, lengths[i]);
		assert_memory_equal(plain.data, bytes, lengths[i]);
	}
	buffer_release(&text);
	buffer_release(&plain);
}

static void test_seal_refuses_what_does_not_fit(void **state)
{
	uint8_t bytes[SEAL_PLAIN_MAX + 1] = {0};
	struct buffer text = BUFFER_INIT(8192), small = BUFFER_INIT(59);
	struct buffer tiny = BUFFER_INIT(1);
	const struct seal_ring empty = {0};

	(void)state;
	assert_int_equal(seal_text(&ring, "p", bytes, sizeof bytes, &text), -1);
	assert_int_equal(seal_text(&ring, "p", bytes, 0, &small), -1);
	assert_int_equal(seal_text(&empty, "p", bytes, 1, &text), -1);
	assert_int_equal(text.length + small.length, 0);
	assert_int_equal(seal_text(&ring, "p", bytes, 2, &text), 0);
	assert_int_equal(seal_open(&ring, "p", text.data, &tiny), -1);
	buffer_release(&text);
	buffer_release(&small);
	buffer_release(&tiny);
}

static void test_same_bytes_never_seal_to_the_same_text(void **state)
{
	struct buffer one = sealed("p", "x"), other = sealed("p", "x");

	(void)state;
	assert_string_not_equal(one.data, other.data);
	buffer_release(&one);
	buffer_release(&other);
}

static void test_A37_every_flipped_bit_is_refused(void **state)
{
	struct buffer text = sealed("p", "somebody");
	uint8_t raw[128];
	char changed[256];
	size_t length;

	(void)state;
	assert_int_equal(base64_decode(raw, sizeof raw, &length, text.data, text.length), 0);
	for (size_t bit = 0; bit < length * 8; bit++) {
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		changed[base64_encode(changed, raw, length)] = '\0';
		assert_false(opens("p", changed));
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	changed[base64_encode(changed, raw, length)] = '\0';
	assert_true(opens("p", changed));
	buffer_release(&text);
}

static void test_A37_every_changed_character_is_refused(void **state)
{
	struct buffer text = sealed("p", "somebody");

	(void)state;
	for (size_t at = 0; at < text.length; at++) {
		char kept = text.data[at];

		for (int c = 1; c < 256; c++) {
			text.data[at] = (char)c;
			assert_int_equal(opens("p", text.data), (char)c == kept);
		}
		text.data[at] = kept;
	}
	buffer_release(&text);
}

static void test_A37_truncated_and_longer_texts_are_refused(void **state)
{
	struct buffer text = sealed("p", "somebody");
	static const char *const tails[] = {"A", "=", "==", "AA", "AAAA", " ", "\n", "."};

	(void)state;
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		struct buffer longer = BUFFER_INIT(8192);

		buffer_printf(&longer, "%s%s", text.data, tails[i]);
		assert_false(opens("p", longer.data));
		buffer_clear(&longer);
		buffer_printf(&longer, "%s%s", tails[i], text.data);
		assert_false(opens("p", longer.data));
		buffer_release(&longer);
	}
	while (text.length-- > 0) {
		text.data[text.length] = '\0';
		assert_false(opens("p", text.data));
	}
	text.length = 0;
	buffer_release(&text);
}

static void test_A37_text_of_any_length_is_refused(void **state)
{
	struct buffer text = BUFFER_INIT(100000);

	(void)state;
	while (text.length < 20000) {
		buffer_append(&text, "AQAAAAcAAAAA", 1 + text.length % 12);
		assert_false(opens("p", text.data));
	}
	buffer_release(&text);
}

static void test_A37_other_purpose_is_refused(void **state)
{
	struct buffer text = sealed("session", "somebody");

	(void)state;
	assert_true(opens("session", text.data));
	assert_false(opens("ticket", text.data));
	assert_false(opens("sessio", text.data));
	assert_false(opens("sessions", text.data));
	assert_false(opens("", text.data));
	buffer_release(&text);
}

static void test_A37_other_ring_is_refused(void **state)
{
	struct buffer text = sealed("p", "somebody");
	struct seal_ring other = ring;

	(void)state;
	other.keys[0].bytes[31] ^= 1;
	assert_false(opens_with(&other, "p", text.data)); /* same id, other key */
	other = ring;
	other.keys[0].id++;
	assert_false(opens_with(&other, "p", text.data)); /* same key, other id */
	other.count = 0;
	assert_false(opens_with(&other, "p", text.data));
	buffer_release(&text);
}

static void test_rotated_ring_opens_what_older_keys_sealed(void **state)
{
	struct buffer text = sealed("p", "somebody");
	struct seal_ring rotated = {.count = 2, .keys = {{.id = 9}, ring.keys[0]}};

	(void)state;
	assert_true(opens_with(&rotated, "p", text.data));
	rotated.count = 1;
	assert_false(opens_with(&rotated, "p", text.data));
	buffer_release(&text);
}

/* -- base64url -- */

static void test_base64_agrees_with_libsodium(void **state)
{
	uint8_t bytes[64], again[64];
	char text[96], other[96];
	size_t length;

	(void)state;
	for (size_t size = 0; size <= sizeof bytes; size++) {
		seal_random(bytes, sizeof bytes);
		text[base64_encode(text, bytes, size)] = '\0';
		sodium_bin2base64(
			other, sizeof other, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		assert_string_equal(text, other);
		assert_int_equal(base64_decode(again, size, &length, text, strlen(text)), 0);
		assert_int_equal(length, size);
		assert_memory_equal(again, bytes, size);
		if (size > 0)
			assert_int_equal(
				base64_decode(again, size - 1, &length, text, strlen(text)), -1);
	}
}

/* Two and three characters: what libsodium takes and nothing else. Beyond ASCII, some of which it
 * takes (1.0.18), nothing. */
static void test_base64_takes_one_text_for_each_value(void **state)
{
	char text[4] = {0};
	uint8_t ours[3], theirs[3];
	size_t length, their_length;

	(void)state;
	for (int i = 0; i < 256 * 256; i++) {
		text[0] = (char)(i >> 8);
		text[1] = (char)i;
		text[2] = (char)(i * 7);
		for (size_t size = 2; size <= 3; size++) {
			int want = sodium_base642bin(theirs, sizeof theirs, text, size, NULL,
				&their_length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

			if ((text[0] | text[1] | (size == 3 ? text[2] : 0)) & 0x80)
				want = -1;
			assert_int_equal(
				base64_decode(ours, sizeof ours, &length, text, size), want);
			if (want == 0)
				assert_memory_equal(ours, theirs, length);
		}
	}
}

/* -- hashes -- */

static void test_hash_keeps_its_parts_apart(void **state)
{
	uint8_t hashes[8][SEAL_HASH_SIZE], key[SEAL_KEY_SIZE] = {1}, other[SEAL_KEY_SIZE] = {2};

	(void)state;
	seal_hash(key, hashes[0], "p", "a", "bc", NULL);
	seal_hash(key, hashes[1], "p", "ab", "c", NULL);
	seal_hash(key, hashes[2], "p", "abc", NULL);
	seal_hash(key, hashes[3], "pa", "bc", NULL);
	seal_hash(key, hashes[4], "p", "a", "bc", "", NULL);
	seal_hash(key, hashes[5], "p", NULL);
	seal_hash(other, hashes[6], "p", "a", "bc", NULL);
	seal_hash(key, hashes[7], "p", "bc", "a", NULL);
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hashes[i], hashes[j], SEAL_HASH_SIZE);
	seal_hash(key, hashes[1], "p", "a", "bc", NULL);
	assert_memory_equal(hashes[0], hashes[1], SEAL_HASH_SIZE);
}

static void test_equal_compares_all_of_it(void **state)
{
	(void)state;
	assert_true(seal_equal("abcd", "abcd", 4));
	assert_false(seal_equal("abcd", "abce", 4));
	assert_false(seal_equal("abcd", "bbcd", 4));
	assert_true(seal_equal("abcd", "abce", 3));
}

/* -- secrets -- */

static struct secret *read_from_pipe(const char *bytes, size_t length, struct error *error)
{
	struct secret *secret;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], bytes, length), length);
	close(fds[1]);
	secret = secret_read(fds[0], "never shown", error);
	close(fds[0]);
	return secret;
}

static void assert_reads(const char *bytes, size_t length, size_t want)
{
	struct error error;
	struct secret *secret = read_from_pipe(bytes, length, &error);

	assert_non_null(secret);
	assert_int_equal(secret_length(secret), want);
	assert_memory_equal(secret_text(secret), bytes, want);
	assert_int_equal(secret_text(secret)[want], '\0');
	secret_free(&secret);
	assert_null(secret);
}

static void test_secret_is_read_less_one_newline(void **state)
{
	char longest[SECRET_MAX + 1];

	(void)state;
	memset(longest, 'x', sizeof longest);
	longest[SECRET_MAX] = '\n';
	assert_reads("k", 1, 1);
	assert_reads("key\n", 4, 3);
	assert_reads("key\n\n", 5, 4);
	assert_reads("two\nlines\n", 10, 9);
	assert_reads("key\r\n", 5, 3);
	assert_reads("key\r", 4, 3);
	assert_reads("a\rkey", 5, 5);
	assert_reads(longest, SECRET_MAX, SECRET_MAX);
	assert_reads(longest, SECRET_MAX + 1, SECRET_MAX);
}

static void test_secret_of_windows_is_read(void **state)
{
	static const char typed[] = "\xef\xbb\xbf"
				    "two\r\nlines\r\n";
	struct error error;
	struct secret *secret = read_from_pipe(typed, strlen(typed), &error);

	(void)state;
	assert_non_null(secret);
	assert_string_equal(secret_text(secret), "two\nlines");
	assert_int_equal(secret_length(secret), 9);
	secret_free(&secret);
}

static void assert_does_not_read(const char *bytes, size_t length, const char *why)
{
	struct error error;

	assert_null(read_from_pipe(bytes, length, &error));
	assert_non_null(strstr(error.text, why));
}

static void test_secret_of_wrong_length_is_refused(void **state)
{
	char longer[SECRET_MAX + 2];
	struct error error;

	(void)state;
	memset(longer, 'x', sizeof longer);
	assert_does_not_read("", 0, "found nothing");
	assert_does_not_read("\n", 1, "found nothing");
	assert_does_not_read("\xef\xbb\xbf\r\n", 5, "found nothing");
	assert_does_not_read(longer, SECRET_MAX + 1, "longer than 4096");
	assert_does_not_read(longer, SECRET_MAX + 2, "longer than 4096");
	assert_null(secret_read(-1, "", &error));
	assert_non_null(strstr(error.text, "cannot read"));
}

static void test_init_leaves_nothing_to_look_at(void **state)
{
	struct rlimit limit;
	struct error error;

	(void)state;
	setenv("SSLKEYLOGFILE", "/nonexistent", 1);
	assert_int_equal(secret_init(&error), 0);
	assert_null(getenv("SSLKEYLOGFILE"));
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_int_equal(limit.rlim_max, 0);
}

/* -- without randomness; in a process of its own, before libsodium is started in this one -- */

static void forbid_randomness(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(77);
}

static void test_A77_no_randomness_no_start(void **state)
{
	struct error error;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		forbid_randomness();
		_exit(secret_init(&error) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* a kernel without seccomp */
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_A77_no_randomness_no_start), /* first: see there */
		cmocka_unit_test(test_init_leaves_nothing_to_look_at),
		cmocka_unit_test_setup(test_open_gives_back_what_was_sealed, make_ring),
		cmocka_unit_test_setup(test_seal_refuses_what_does_not_fit, make_ring),
		cmocka_unit_test_setup(test_same_bytes_never_seal_to_the_same_text, make_ring),
		cmocka_unit_test_setup(test_A37_every_flipped_bit_is_refused, make_ring),
		cmocka_unit_test_setup(test_A37_every_changed_character_is_refused, make_ring),
		cmocka_unit_test_setup(test_A37_truncated_and_longer_texts_are_refused, make_ring),
		cmocka_unit_test_setup(test_A37_text_of_any_length_is_refused, make_ring),
		cmocka_unit_test_setup(test_A37_other_purpose_is_refused, make_ring),
		cmocka_unit_test_setup(test_A37_other_ring_is_refused, make_ring),
		cmocka_unit_test_setup(test_rotated_ring_opens_what_older_keys_sealed, make_ring),
		cmocka_unit_test(test_base64_agrees_with_libsodium),
		cmocka_unit_test(test_base64_takes_one_text_for_each_value),
		cmocka_unit_test(test_hash_keeps_its_parts_apart),
		cmocka_unit_test(test_equal_compares_all_of_it),
		cmocka_unit_test(test_secret_is_read_less_one_newline),
		cmocka_unit_test(test_secret_of_windows_is_read),
		cmocka_unit_test(test_secret_of_wrong_length_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
