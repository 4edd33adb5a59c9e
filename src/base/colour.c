/* SPDX-License-Identifier: MIT */
#include "base/colour.h"

#include <stdio.h>
#include <string.h>

enum { PARTS = 256 };

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = NULL;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	if (c != '\0')
		at = strchr(digits, c);
	return at != NULL ? (int)(at - digits) : -1;
}

int colour_parse(const char *text, struct colour *colour_r)
{
	int digits[6];

	if (text[0] != '#' || strlen(text) != COLOUR_SIZE - 1)
		return -1;
	for (size_t i = 0; i < 6; i++)
		if ((digits[i] = hex_value(text[1 + i])) < 0)
			return -1;
	*colour_r = (struct colour){(uint8_t)(16 * digits[0] + digits[1]),
		(uint8_t)(16 * digits[2] + digits[3]), (uint8_t)(16 * digits[4] + digits[5])};
	return 0;
}

void colour_format(struct colour colour, char text[COLOUR_SIZE])
{
	snprintf(text, COLOUR_SIZE, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
}

/* The fifth root of a number between 0 and 1, by Newton's method. */
static double fifth_root(double number)
{
	double root = 1;

	for (int i = 0; i < 40; i++)
		root -= (root - number / (root * root * root * root)) / 5;
	return root;
}

/* The part of one channel in the luminance: x to the power of 2.4 is x² times the fifth root of
 * x². */
static double linear(uint8_t channel)
{
	double value = channel / 255.0, base = (value + 0.055) / 1.055;

	return value <= 0.04045 ? value / 12.92 : base * base * fifth_root(base * base);
}

static double luminance(struct colour colour)
{
	return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) +
	       0.0722 * linear(colour.blue);
}

double colour_contrast(struct colour one, struct colour other)
{
	double first = luminance(one) + 0.05, second = luminance(other) + 0.05;

	return first > second ? first / second : second / first;
}

static uint8_t mix(uint8_t from, uint8_t to, unsigned part)
{
	return (uint8_t)((from * (PARTS - part) + to * part) / PARTS);
}

struct colour colour_mix(struct colour from, struct colour to, unsigned part)
{
	return (struct colour){mix(from.red, to.red, part), mix(from.green, to.green, part),
		mix(from.blue, to.blue, part)};
}

static bool is_readable(
	struct colour colour, const struct colour *grounds, size_t count, double contrast)
{
	for (size_t i = 0; i < count; i++)
		if (colour_contrast(colour, grounds[i]) < contrast)
			return false;
	return true;
}

struct colour colour_readable(struct colour colour, struct colour to, const struct colour *grounds,
	size_t count, double contrast)
{
	for (unsigned part = 0; part < PARTS; part++) {
		struct colour mixed = colour_mix(colour, to, part);

		if (is_readable(mixed, grounds, count, contrast))
			return mixed;
	}
	return to;
}
