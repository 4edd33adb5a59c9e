/* SPDX-License-Identifier: MIT */
#include "base/qr.h"

#ifdef HAVE_QRENCODE

#include <qrencode.h>

enum { QUIET = 4 }; /* width of the light margin, modules: ISO/IEC 18004 section 6.3.8 */

/* Whether a module is dark. The margin around the code is light. */
static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return (code->data[y * code->width + x] & 1) != 0;
}

/* Sets black on white explicitly: a dark terminal would show the code inverted, which some readers
 * cannot scan. */
static void print_line(const QRcode *code, int y, struct buffer *lines)
{
	static const char *const halves[2][2] = {{" ", "▄"}, {"▀", "█"}};

	buffer_text(lines, "\033[30;107m");
	for (int x = -QUIET; x < code->width + QUIET; x++)
		buffer_text(lines, halves[is_dark(code, x, y)][is_dark(code, x, y + 1)]);
	buffer_text(lines, "\033[0m\n");
}

int qr_print(const char *text, struct buffer *lines)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (code == NULL)
		return -1;
	for (int y = -QUIET; y < code->width + QUIET; y += 2)
		print_line(code, y, lines);
	explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return 0;
}

/* Appends the dark runs of a row as rectangles. */
static void append_row(const QRcode *code, int y, struct buffer *path)
{
	for (int x = 0; x < code->width; x++) {
		int width = 0;

		while (is_dark(code, x + width, y))
			width++;
		if (width > 0)
			buffer_printf(path, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, width, width);
		x += width;
	}
}

int qr_path(const char *text, struct buffer *path, unsigned *size_r)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (code == NULL)
		return -1;
	for (int y = 0; y < code->width; y++)
		append_row(code, y, path);
	*size_r = (unsigned)code->width + 2 * QUIET;
	explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return 0;
}

#else

int qr_print(const char *text, struct buffer *lines)
{
	return -1;
}

int qr_path(const char *text, struct buffer *path, unsigned *size_r)
{
	return -1;
}

#endif
