/* SPDX-License-Identifier: MIT */
#include "service/brand.h"

#include "base/colour.h"
#include "base/memory.h"

#include <sodium.h>

enum { HOVER = 48 /* of 256 parts */ };

/* As in style.css: the backgrounds of the page and of the card in the dark, and the text on a
 * button there. */
static const struct colour dark_grounds[] = {{0x11, 0x15, 0x1b}, {0x1a, 0x20, 0x2a}};
static const struct colour black = {0, 0, 0}, white = {255, 255, 255};

struct brand brand_make(const struct settings *settings)
{
	char light[COLOUR_SIZE], hover[COLOUR_SIZE], dark[COLOUR_SIZE], dark_hover[COLOUR_SIZE];
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
	struct brand brand = {NULL, NULL};
	struct colour accent, brighter;

	if (colour_parse(settings->brand_accent, &accent) != 0)
		return brand;
	brighter = colour_readable(accent, white, dark_grounds, 2, COLOUR_CONTRAST);
	colour_format(accent, light);
	colour_format(colour_mix(accent, black, HOVER), hover);
	colour_format(brighter, dark);
	colour_format(colour_mix(brighter, white, HOVER), dark_hover);
	/* Nothing in it is escaped on the page, so the hash is that of the element's text. */
	brand.style = xprintf(":root{--accent:%s;--accent-hover:%s}"
			      "@media (prefers-color-scheme:dark)"
			      "{:root{--accent:%s;--accent-hover:%s}}",
		light, hover, dark, dark_hover);
	crypto_hash_sha256(hash, (const unsigned char *)brand.style, strlen(brand.style));
	sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
	brand.source = xprintf("'sha256-%s'", text);
	return brand;
}

void brand_free(struct brand *brand)
{
	free(brand->style);
	free(brand->source);
	*brand = (struct brand){NULL, NULL};
}

char *brand_icon_url(const struct settings *settings)
{
	return settings->brand_icon[0] != '\0' ? xprintf("%s", settings->brand_icon)
					       : xprintf("%s/static/icon.svg", settings->mount);
}
