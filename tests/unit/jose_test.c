/* SPDX-License-Identifier: MIT
 *
 * JSON Web Signatures: the examples of the RFCs, what we sign ourselves, and tokens that lie.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "outbound/jose.h"

#include <sodium.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#ifdef HAVE_CJOSE

/* RFC 7515 A.2, A.3 and RFC 8037 A.1. */
#define RSA_N                                                                                      \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt" \
	"0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX" \
	"ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5" \
	"IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA_D                                                                                      \
	"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol" \
	"2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn43" \
	"9X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8" \
	"bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"
#define EC_X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_D  "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define OKP_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define OKP_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

#define RSA_KEY "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}"
#define EC_KEY                                                                                     \
	"{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}"
#define OKP_KEY	 "{\"kty\":\"OKP\",\"kid\":\"o\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\"}"
#define ALL_KEYS "{\"keys\":[" RSA_KEY "," EC_KEY "," OKP_KEY "]}"

#define RSA_PRIVATE                                                                                \
	"{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"d\":\"" RSA_D "\"}"
#define EC_PRIVATE                                                                                 \
	"{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y         \
	"\",\"d\":\"" EC_D "\"}"
#define OKP_PRIVATE                                                                                \
	"{\"kty\":\"OKP\",\"kid\":\"o\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\",\"d\":\"" OKP_D    \
	"\"}"

#define JOE                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
#define RS256_TOKEN                                                                                \
	"eyJhbGciOiJSUzI1NiJ9." JOE                                                                \
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O"  \
	"8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPv" \
	"kSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phC" \
	"nvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define ES256_TEXT                                                                                 \
	"eyJhbGciOiJFUzI1NiJ9." JOE                                                                \
	".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define EDDSA_TOKEN                                                                                \
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."                                \
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static const char es256_token[] = ES256_TEXT;
static const char *const every[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
	"ES384", "ES512", "EdDSA", NULL};
static const char *const jwt[] = {"JWT", NULL};

struct fixture {
	struct jose_keys *keys;
	struct error error;
	json_t *claims;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	fixture->keys = jose_keys_parse(ALL_KEYS, strlen(ALL_KEYS), &fixture->error);
	*state = fixture;
	return fixture->keys == NULL;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	json_decref(fixture->claims);
	jose_keys_free(&fixture->keys);
	free(fixture);
	return 0;
}

static enum jose_verdict verify(
	struct fixture *fixture, const char *token, const char *const *algorithms)
{
	json_decref(fixture->claims);
	return jose_verify(
		fixture->keys, token, algorithms, jwt, &fixture->claims, &fixture->error);
}

static void encode(struct buffer *token, const void *bytes, size_t length)
{
	char text[8192];

	sodium_bin2base64(
		text, sizeof text, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buffer_text(token, text);
}

/* "header.payload" of the two texts. */
static struct buffer head_of(const char *header, const char *payload)
{
	struct buffer token = BUFFER_INIT(32768);

	encode(&token, header, strlen(header));
	buffer_text(&token, ".");
	encode(&token, payload, strlen(payload));
	return token;
}

/* A token with the Ed25519 key of the set, whatever it says. */
static struct buffer sign(const char *header, const char *payload)
{
	struct buffer token = head_of(header, payload);
	uint8_t seed[32], public[32], secret[64], signature[64];
	size_t length;

	sodium_base642bin(seed, sizeof seed, OKP_D, strlen(OKP_D), NULL, &length, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	crypto_sign_seed_keypair(public, secret, seed);
	crypto_sign_detached(signature, NULL, (const uint8_t *)token.data, token.length, secret);
	buffer_text(&token, ".");
	encode(&token, signature, sizeof signature);
	return token;
}

/* What becomes of such a token. */
static enum jose_verdict judge(struct fixture *fixture, const char *header, const char *payload)
{
	struct buffer token = sign(header, payload);
	enum jose_verdict verdict = verify(fixture, token.data, every);

	buffer_release(&token);
	return verdict;
}

/* -- what is right -- */

static void the_examples_of_the_rfcs_are_good(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verify(fixture, RS256_TOKEN, every), JOSE_GOOD);
	assert_string_equal(json_string_value(json_object_get(fixture->claims, "iss")), "joe");
	assert_int_equal(verify(fixture, es256_token, every), JOSE_GOOD);
	assert_int_equal(json_integer_value(json_object_get(fixture->claims, "exp")), 1300819380);
	/* Its signature is right, and its payload is a sentence. */
	assert_int_equal(verify(fixture, EDDSA_TOKEN, every), JOSE_BAD);
	assert_string_equal(fixture->error.text, "the token's payload is not a JSON object");
}

static void what_is_signed_here_is_good_and_one_bit_less_is_not(void **state)
{
	static const struct {
		const char *algorithm, *key;
	} cases[] = {{"RS256", RSA_PRIVATE}, {"RS384", RSA_PRIVATE}, {"RS512", RSA_PRIVATE},
		{"PS256", RSA_PRIVATE}, {"PS384", RSA_PRIVATE}, {"PS512", RSA_PRIVATE},
		{"ES256", EC_PRIVATE}, {"EdDSA", OKP_PRIVATE}};
	struct fixture *fixture = *state;
	json_t *claims = json_pack("{s:s, s:i}", "sub", "anna", "exp", 5);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jose_signer *signer = jose_signer_new(cases[i].algorithm, cases[i].key,
			strlen(cases[i].key), NULL, &fixture->error);
		char *token;

		if (signer == NULL)
			fail_msg("%s: %s", cases[i].algorithm, fixture->error.text);
		token = jose_sign(signer, claims, &fixture->error);
		assert_non_null(token);
		assert_int_equal(verify(fixture, token, every), JOSE_GOOD);
		assert_true(json_equal(claims, fixture->claims));
		assert_int_equal(
			verify(fixture, token, (const char *const[]){"none", NULL}), JOSE_BAD);
		strrchr(token, '.')[-3] ^= 1;
		assert_int_equal(verify(fixture, token, every), JOSE_BAD);
		assert_null(fixture->claims);
		free(token);
		jose_signer_free(&signer);
	}
	json_decref(claims);
}

static void hs256_is_the_hash_that_others_make(void **state)
{
	static const char expected[] =
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJzdWIiOiJhbm5hIn0.";
	static const char key[] = "0123456789abcdef0123456789abcdef";
	struct fixture *fixture = *state;
	struct jose_signer *signer =
		jose_signer_new("HS256", key, strlen(key), "k1", &fixture->error);
	json_t *claims = json_pack("{s:s}", "sub", "anna");
	struct buffer token = BUFFER_INIT(1024);
	uint8_t hash[32];
	char *signed_here = jose_sign(signer, claims, &fixture->error);

	buffer_text(&token, expected);
	crypto_auth_hmacsha256(
		hash, (const uint8_t *)expected, strlen(expected) - 1, (const uint8_t *)key);
	encode(&token, hash, sizeof hash);
	assert_string_equal(signed_here, token.data);
	/* A key that both sides know is never for jose_verify(). */
	assert_int_equal(
		verify(fixture, signed_here, (const char *const[]){"HS256", NULL}), JOSE_BAD);
	buffer_release(&token);
	free(signed_here);
	json_decref(claims);
	jose_signer_free(&signer);
}

static void types_compare_without_case_and_application(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\"}", "{}"), JOSE_GOOD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"typ\":\"jwt\"}", "{}"), JOSE_GOOD);
	assert_int_equal(
		judge(fixture, "{\"alg\":\"EdDSA\",\"typ\":\"Application/JWT\"}", "{}"), JOSE_GOOD);
	assert_int_equal(
		judge(fixture, "{\"alg\":\"EdDSA\",\"typ\":\"logout+jwt\"}", "{}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"typ\":1}", "{}"), JOSE_BAD);
}

/* -- what lies -- */

static void a43_no_signature_is_never_good(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"nOnE\",\"kid\":\"r\"}", "{\"alg\":\"\"}", "{}", "{\"alg\":null}",
		"{\"alg\":[\"EdDSA\"]}"};
	static const char *const lenient[] = {"none", "None", "nOnE", "", "HS256", "EdDSA", NULL};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++) {
		struct buffer token = head_of(headers[i], "{\"sub\":\"anna\"}");

		assert_int_equal(verify(fixture, token.data, lenient), JOSE_BAD); /* two parts */
		buffer_text(&token, ".");
		assert_int_equal(verify(fixture, token.data, lenient), JOSE_BAD);
		buffer_release(&token);
		assert_int_equal(judge(fixture, headers[i], "{}"), JOSE_BAD);
	}
}

static void a43_a_hash_with_the_public_key_is_never_good(void **state)
{
	static const char *const lenient[] = {"HS256", "RS256", NULL};
	struct fixture *fixture = *state;
	struct buffer token = head_of("{\"alg\":\"HS256\",\"kid\":\"r\"}", "{\"sub\":\"anna\"}");
	crypto_auth_hmacsha256_state hash_state;
	uint8_t hash[32];

	crypto_auth_hmacsha256_init(&hash_state, (const uint8_t *)RSA_KEY, strlen(RSA_KEY));
	crypto_auth_hmacsha256_update(&hash_state, (const uint8_t *)token.data, token.length);
	crypto_auth_hmacsha256_final(&hash_state, hash);
	buffer_text(&token, ".");
	encode(&token, hash, sizeof hash);
	assert_int_equal(verify(fixture, token.data, lenient), JOSE_BAD);
	buffer_release(&token);
}

static void a43_an_algorithm_off_the_list_is_refused(void **state)
{
	static const char *const lists[][3] = {{"RS512", NULL}, {"PS256", "ES256", NULL}, {NULL}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(lists); i++)
		assert_int_equal(verify(fixture, RS256_TOKEN, lists[i]), JOSE_BAD);
	assert_int_equal(
		verify(fixture, RS256_TOKEN, (const char *const[]){"RS256", NULL}), JOSE_GOOD);
}

/* RFC 7515 4.1.2, 4.1.5, 4.1.6 let providers say where else their keys are: UAA and XSUAA do. Here
 * nothing opens these addresses, and keys are those of the set alone. */
static void a43_where_else_keys_are_is_not_read(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"jku\":\"https://attacker.example/keys\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"x5u\":\"https://attacker.example/keys\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"x5c\":[],\"x5t\":\"x\"}",
		"{\"alg\":\"EdDSA\",\"jku\":7}"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(judge(fixture, headers[i], "{}"), JOSE_GOOD);
	assert_int_equal(judge(fixture,
				 "{\"alg\":\"EdDSA\",\"kid\":\"x\",\"jku\":\"https://"
				 "attacker.example/keys\"}",
				 "{}"),
		JOSE_UNKNOWN_KEY);
}

static void numbers_that_nobody_reads_may_be_long(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"n\":18446744073709551616}",
				 "{\"employee\":99999999999999999999,\"exp\":5}"),
		JOSE_GOOD);
	assert_true(json_number_value(json_object_get(fixture->claims, "exp")) == 5);
	assert_int_equal(
		judge(fixture, "{\"alg\":\"EdDSA\"}", "\xef\xbb\xbf{\"sub\":\"anna\"}"), JOSE_GOOD);
}

/* A header that brings a key, demands an extension, or says that the payload is packed. */
static void a85_what_a_header_brings_or_demands_is_refused(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"EdDSA\",\"jwk\":" OKP_KEY "}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"crit\":[\"exp\"],\"exp\":1}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"crit\":[\"bork\"],\"bork\":true}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"crit\":\"b64\",\"b64\":false}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"b64\":false}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"zip\":\"DEF\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"o\",\"crit\":[]}"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(judge(fixture, headers[i], "{}"), JOSE_BAD);
}

static void a46_a_kid_chooses_a_key_and_nothing_else(void **state)
{
	static const char *const unknown[] = {"{\"alg\":\"EdDSA\",\"kid\":\"x\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"\"}", "{\"alg\":\"EdDSA\",\"kid\":\"../../o\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"https://attacker.example/o\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"' OR 1=1 --\"}"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_equal(judge(fixture, unknown[i], "{}"), JOSE_UNKNOWN_KEY);
	/* The key of another family: a newer set would not help. */
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"kid\":\"r\"}", "{}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"kid\":7}", "{}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"kid\":\"o\"}", "{}"), JOSE_GOOD);
}

static void malformed_tokens_are_bad(void **state)
{
	static const char *const tokens[] = {"", ".", "..", "...", "a.b.c", "a.b.c.d.e",
		"eyJhbGciOiJFZERTQSJ9", "eyJhbGciOiJFZERTQSJ9..", "eyJhbGciOiJFZERTQSJ9=.e30.AAAA",
		"eyJhbGciOiJFZERTQSJ9.e30.AAAA\xc3\xa4", "eyJhbGciOiJFZERTQSJ9 .e30.AAAA"};
	struct fixture *fixture = *state;
	char *huge = malloc(JOSE_TOKEN_MAX + 2);

	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_int_equal(
			verify(fixture, tokens[i], every), i == 7 ? JOSE_UNKNOWN_KEY : JOSE_BAD);
	memset(huge, 'a', JOSE_TOKEN_MAX + 1);
	huge[JOSE_TOKEN_MAX + 1] = '\0';
	assert_int_equal(verify(fixture, huge, every), JOSE_BAD);
	free(huge);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", "{}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\"}", "{\"a\":1,\"a\":2}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\"}", "[]"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\"}", "{\"a\":\"\\u0000\"}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "{\"alg\":\"EdDSA\"}", "{\"a\":1e999}"), JOSE_BAD);
	assert_int_equal(judge(fixture, "[\"EdDSA\"]", "{}"), JOSE_BAD);
}

/* One value has one text: no other character, of ASCII or beyond, stands for the same bits. */
static void a_second_spelling_of_a_signature_is_bad(void **state)
{
	struct fixture *fixture = *state;
	struct buffer token = sign("{\"alg\":\"EdDSA\"}", "{}");

	for (size_t back = 1; back <= 20; back++) {
		char *place = &token.data[token.length - back], right = *place;
		size_t good = 0;

		for (int byte = 1; byte < 256; byte++) {
			*place = (char)byte;
			good += verify(fixture, token.data, every) == JOSE_GOOD;
		}
		assert_int_equal(good, 1);
		*place = right;
	}
	buffer_release(&token);
}

/* Both halves of an ECDSA signature with a zero in front are the same numbers. */
static void a_longer_signature_is_bad(void **state)
{
	struct fixture *fixture = *state;
	const char *signature = strrchr(es256_token, '.') + 1;
	struct buffer token = BUFFER_INIT(4096);
	uint8_t bytes[64], longer[66] = {0};
	size_t length;

	sodium_base642bin(bytes, sizeof bytes, signature, strlen(signature), NULL, &length, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	memcpy(longer + 1, bytes, 32);
	memcpy(longer + 34, bytes + 32, 32);
	buffer_append(&token, es256_token, (size_t)(signature - es256_token));
	encode(&token, longer, sizeof longer);
	assert_int_equal(verify(fixture, token.data, every), JOSE_UNKNOWN_KEY);
	buffer_release(&token);
}

/* -- key sets -- */

static void only_keys_for_checking_signatures_count(void **state)
{
	static const struct {
		const char *json;
		bool good;
	} cases[] = {{"{\"keys\":[" OKP_KEY "]}", true},
		{"{\"keys\":[{\"kty\":\"new\"},7,null," OKP_KEY "]}", true},
		{"{\"keys\":[{\"kty\":\"OKP\",\"use\":\"sig\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X
		 "\"}]}",
			true},
		{"{\"keys\":[]}", false}, {"{}", false}, {"[]", false}, {"", false},
		{"{\"keys\":[" OKP_KEY "]", false}, {"{\"keys\":{}}", false},
		{"{\"keys\":[{\"kty\":\"OKP\",\"use\":\"enc\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X
		 "\"}]}",
			false},
		{"{\"keys\":[{\"kty\":\"OKP\",\"key_ops\":[\"sign\"],\"crv\":\"Ed25519\",\"x\":"
		 "\"" OKP_X "\"}]}",
			false},
		{"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" OKP_X "\"}]}", false},
		{"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}", false},
		/* RFC 8037 section 2 knows no such curve; it begins like one that it knows */
		{"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519ph\",\"x\":\"" OKP_X "\"}]}", false},
		{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256K1x\",\"x\":\"" EC_X "\",\"y\":\"" EC_X
		 "\"}]}",
			false},
		{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMko\"}]}",
			false},
		{"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}]}", false},
		{"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}]}", false},
		{"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}]}", false},
		{"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AyM1SysPpbyDfgZld3umjw\",\"e\":\"AQAB\"}]}",
			false},
		/* no point of the curve */
		{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X
		 "\"}]}",
			false},
		{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}]}", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct jose_keys *keys =
			jose_keys_parse(cases[i].json, strlen(cases[i].json), &error);

		if ((keys != NULL) != cases[i].good)
			fail_msg("%s", cases[i].json);
		assert_true(cases[i].good == (error.text[0] == '\0'));
		jose_keys_free(&keys);
	}
}

#define OKP_BUT_ID "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\""

/* RFC 7517 4.5: "kid" is optional. */
static void a_key_without_id_may_be_any(void **state)
{
	static const struct {
		const char *keys;
		enum jose_verdict verdict;
	} cases[] = {{"{" OKP_BUT_ID "}", JOSE_GOOD},
		{"{" OKP_BUT_ID ",\"kid\":\"other\"}", JOSE_UNKNOWN_KEY},
		{"{" OKP_BUT_ID ",\"kid\":\"\"}", JOSE_UNKNOWN_KEY},
		{"{" OKP_BUT_ID ",\"kid\":\"other\"},{" OKP_BUT_ID "}", JOSE_GOOD},
		/* the one of that id is another, and its signature is wrong */
		{"{\"kid\":\"k1\",\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", JOSE_BAD},
		{"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", JOSE_UNKNOWN_KEY}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char json[1024];

		snprintf(json, sizeof json, "{\"keys\":[%s]}", cases[i].keys);
		jose_keys_free(&fixture->keys);
		fixture->keys = jose_keys_parse(json, strlen(json), &fixture->error);
		assert_non_null(fixture->keys);
		if (judge(fixture, "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}", "{}") != cases[i].verdict)
			fail_msg("%s", json);
	}
}

static void one_odd_key_leaves_the_others(void **state)
{
	static const char *const sets[] = {"\xef\xbb\xbf{\"keys\":[{" OKP_BUT_ID "}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kty\":\"RSA\"},{" OKP_BUT_ID "}]}",
		"{\"keys\":[{\"x\":\"AAAA\"," OKP_BUT_ID "}],\"nbf\":99999999999999999999}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519ph\",\"x\":\"AAAA\"},{" OKP_BUT_ID
		"}]}"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(sets); i++) {
		jose_keys_free(&fixture->keys);
		fixture->keys = jose_keys_parse(sets[i], strlen(sets[i]), &fixture->error);
		if (fixture->keys == NULL ||
			judge(fixture, "{\"alg\":\"EdDSA\"}", "{}") != JOSE_GOOD)
			fail_msg("%s", sets[i]);
	}
}

static void a_set_without_keys_says_what_to_do(void **state)
{
	static const struct {
		const char *json, *says;
	} cases[] = {{"{}", "set a signing key"}, {"{\"keys\":[]}", "set a signing key"},
		{"[]", "not a JWKS"}, {"{\"keys\":7}", "not a JWKS"}, {"<html>", "not a JWKS"},
		{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}", "none of the 1 keys"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		assert_null(jose_keys_parse(cases[i].json, strlen(cases[i].json), &error));
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].json, error.text);
	}
}

static void a_key_is_for_the_algorithm_it_names(void **state)
{
	static const char json[] = "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"PS256\",\"n\":\"" RSA_N
				   "\",\"e\":\"AQAB\"}]}";
	struct fixture *fixture = *state;

	jose_keys_free(&fixture->keys);
	fixture->keys = jose_keys_parse(json, strlen(json), &fixture->error);
	assert_non_null(fixture->keys);
	assert_int_equal(verify(fixture, RS256_TOKEN, every), JOSE_UNKNOWN_KEY);
}

static void more_keys_than_the_limit_are_refused(void **state)
{
	struct buffer json = BUFFER_INIT(65536);
	struct error error = {""};
	struct jose_keys *keys;

	(void)state;
	buffer_text(&json, "{\"keys\":[");
	for (int i = 0; i < JOSE_KEYS_MAX; i++)
		buffer_text(&json, OKP_KEY ",");
	buffer_text(&json, OKP_KEY "]}");
	keys = jose_keys_parse(json.data, json.length, &error);
	assert_null(keys);
	buffer_release(&json);
}

/* -- keys to sign with -- */

static void a_wrong_key_to_sign_with_is_refused_without_a_word_of_it(void **state)
{
	static const struct {
		const char *algorithm, *key, *says;
	} cases[] = {{"none", EC_PRIVATE, "not a signature"},
		{"HS256", "tooshort-secret", "15 bytes"},
		{"HS512", "0123456789abcdef0123456789abcdef", "at least 64"},
		{"HS256", "{\"kty\":\"oct\",\"k\":\"AyM1\"}", "3 bytes"},
		{"RS256", "secret-key", "as a JWK"}, {"RS256", EC_PRIVATE, "\"RSA\""},
		{"RS256", RSA_KEY, "no private key"}, {"ES256", EC_KEY, "no private key"},
		{"ES384", EC_PRIVATE, "\"P-384\""}, {"EdDSA", EC_PRIVATE, "\"OKP\""},
		{"EdDSA", OKP_KEY, "no private key"},
		{"EdDSA",
			"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EC_X "\",\"d\":\"" OKP_D
			"\"}",
			"belong together"},
		{"RS256", "{\"kty\":\"RSA\",\"n\":\"AyM1SysP\",\"e\":\"AQAB\",\"d\":\"AyM1\"}",
			"2048 bits"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct jose_signer *signer = jose_signer_new(
			cases[i].algorithm, cases[i].key, strlen(cases[i].key), NULL, &error);

		assert_null(signer);
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].says, error.text);
		assert_null(strstr(error.text, "secret"));
		assert_null(strstr(error.text, OKP_D));
	}
}

static int start(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_examples_of_the_rfcs_are_good),
		T(what_is_signed_here_is_good_and_one_bit_less_is_not),
		T(hs256_is_the_hash_that_others_make),
		T(types_compare_without_case_and_application),
		T(a43_no_signature_is_never_good),
		T(a43_a_hash_with_the_public_key_is_never_good),
		T(a43_an_algorithm_off_the_list_is_refused),
		T(a43_where_else_keys_are_is_not_read),
		T(numbers_that_nobody_reads_may_be_long),
		T(a_key_without_id_may_be_any),
		T(one_odd_key_leaves_the_others),
		T(a_set_without_keys_says_what_to_do),
		T(a85_what_a_header_brings_or_demands_is_refused),
		T(a46_a_kid_chooses_a_key_and_nothing_else),
		T(malformed_tokens_are_bad),
		T(a_second_spelling_of_a_signature_is_bad),
		T(a_longer_signature_is_bad),
		T(only_keys_for_checking_signatures_count),
		T(a_key_is_for_the_algorithm_it_names),
		T(more_keys_than_the_limit_are_refused),
		T(a_wrong_key_to_sign_with_is_refused_without_a_word_of_it),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
