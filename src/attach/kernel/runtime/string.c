/* lib/string.c, lib/vsprintf.c: as much of them as drivers use. Ranges are looked at as single accesses are. */
#include "kernel.h"

void *memset(void *to, int value, size_t count)
{
	xk_check(to, count, true);
	size_t at = 0;
	if (((u32)to & 3) == 0)
		for (u32 word = (u8)value * 0x01010101u; at + 4 <= count; at += 4)
			*(u32 *)((u8 *)to + at) = word;
	for (; at < count; at++)
		((u8 *)to)[at] = (u8)value;
	xk_stored(to, count);
	return to;
}

void *memmove(void *to, const void *from, size_t count)
{
	xk_check(from, count, false);
	xk_check(to, count, true);
	u8 *t = to;
	const u8 *f = from;
	size_t total = count;
	if (t < f)
		for (size_t i = 0; i < count; i++)
			t[i] = f[i];
	else
		while (count > 0) {
			count--;
			t[count] = f[count];
		}
	xk_stored(to, total);
	return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
	xk_check(from, count, false);
	xk_check(to, count, true);
	size_t at = 0;
	if ((((u32)to | (u32)from) & 3) == 0)
		for (; at + 4 <= count; at += 4)
			*(u32 *)((u8 *)to + at) = *(const u32 *)((const u8 *)from + at);
	for (; at < count; at++)
		((u8 *)to)[at] = ((const u8 *)from)[at];
	xk_stored(to, count);
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	xk_check(a, count, false);
	xk_check(b, count, false);
	for (size_t i = 0; i < count; i++)
		if (((const u8 *)a)[i] != ((const u8 *)b)[i])
			return ((const u8 *)a)[i] - ((const u8 *)b)[i];
	return 0;
}

size_t strlen(const char *text)
{
	size_t len = 0;
	do {
		/* Eight octets at a time, or the few that an object ends with. */
		if (((u32)(text + len) & 7) == 0 || len == 0 || !xk_plain(text + len))
			xk_check(text + len, 1, false);
	} while (text[len++]);
	return len - 1;
}

int strncmp(const char *a, const char *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		xk_check(a + i, 1, false);
		xk_check(b + i, 1, false);
		if (a[i] != b[i])
			return (u8)a[i] - (u8)b[i];
		if (!a[i])
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, SIZE_MAX); }

char *strchr(const char *text, int octet)
{
	for (;; text++) {
		xk_check(text, 1, false);
		if (*text == (char)octet)
			return (char *)text;
		if (!*text)
			return NULL;
	}
}

char *strcpy(char *to, const char *from) { return memcpy(to, from, strlen(from) + 1); }

ssize_t strscpy(char *to, const char *from, size_t room)
{
	size_t len = strlen(from), put = min(len, room - 1);
	memcpy(to, from, put);
	memcpy(to + put, "", 1);
	return len < room ? (ssize_t)len : -E2BIG;
}

/* ---- printf */

struct out { char *to; size_t room, len; };

static void put(struct out *out, char octet)
{
	if (out->len + 1 < out->room)
		out->to[out->len] = octet;
	out->len++;
}

static void pad(struct out *out, int count, char octet)
{
	while (count-- > 0)
		put(out, octet);
}

struct spec { bool left, zero, plus, space, alternate, upper; int width, precision; };

static void put_text(struct out *out, const char *text, int len, const struct spec *spec)
{
	if (!spec->left)
		pad(out, spec->width - len, ' ');
	for (int i = 0; i < len; i++)
		put(out, text[i]);
	if (spec->left)
		pad(out, spec->width - len, ' ');
}

static void put_number(struct out *out, u64 value, bool negative, u32 base, const struct spec *spec)
{
	char digits[24];
	int count = 0;
	do {
		u32 digit = value % base;
		digits[count++] = digit < 10 ? '0' + digit : (spec->upper ? 'A' : 'a') + digit - 10;
		value /= base;
	} while (value);
	char sign = negative ? '-' : spec->plus ? '+' : spec->space ? ' ' : 0;
	int zeros = max(spec->precision - count, 0), head = (sign ? 1 : 0) + (spec->alternate && base == 16 ? 2 : 0);
	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = max(spec->width - head - count, 0);
	if (!spec->left)
		pad(out, spec->width - head - zeros - count, ' ');
	if (sign)
		put(out, sign);
	if (spec->alternate && base == 16) {
		put(out, '0');
		put(out, spec->upper ? 'X' : 'x');
	}
	pad(out, zeros, '0');
	for (int i = count; i > 0; i--)
		put(out, digits[i - 1]);
	if (spec->left)
		pad(out, spec->width - head - zeros - count, ' ');
}

int vsnprintf(char *to, size_t room, const char *format, va_list list)
{
	struct out out = { to, to ? room : 0, 0 };
	for (; *format; format++) {
		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		struct spec spec = { .precision = -1 };
		for (format++;; format++) {
			if (*format == '-') spec.left = true;
			else if (*format == '0') spec.zero = true;
			else if (*format == '+') spec.plus = true;
			else if (*format == ' ') spec.space = true;
			else if (*format == '#') spec.alternate = true;
			else break;
		}
		if (*format == '*') {
			spec.width = va_arg(list, int);
			format++;
		} else
			while (*format >= '0' && *format <= '9')
				spec.width = spec.width * 10 + *format++ - '0';
		if (*format == '.') {
			spec.precision = 0;
			if (*++format == '*') {
				spec.precision = va_arg(list, int);
				format++;
			} else
				while (*format >= '0' && *format <= '9')
					spec.precision = spec.precision * 10 + *format++ - '0';
		}
		int longs = 0;
		for (;; format++) {
			if (*format == 'l') longs++;
			else if (*format == 'h') longs--;
			else if (*format != 'z' && *format != 't') break;
		}
		switch (*format) {
		case 'c': {
			char octet = (char)va_arg(list, int);
			put_text(&out, &octet, 1, &spec);
			break;
		}
		case 's': {
			const char *text = va_arg(list, const char *);
			if (!text)
				text = "(null)";
			int len = (int)strlen(text);
			put_text(&out, text, spec.precision >= 0 ? min(len, spec.precision) : len, &spec);
			break;
		}
		case 'd':
		case 'i': {
			s64 value = longs >= 2 ? va_arg(list, s64) : va_arg(list, int);
			if (longs == -1) value = (s16)value;
			if (longs == -2) value = (s8)value;
			put_number(&out, value < 0 ? -(u64)value : (u64)value, value < 0, 10, &spec);
			break;
		}
		case 'X':
			spec.upper = true;
			fallthrough;
		case 'u':
		case 'x': {
			u64 value = longs >= 2 ? va_arg(list, u64) : va_arg(list, u32);
			if (longs == -1) value = (u16)value;
			if (longs == -2) value = (u8)value;
			put_number(&out, value, false, *format == 'u' ? 10 : 16, &spec);
			break;
		}
		case 'p': {
			spec.alternate = true;
			spec.precision = 8;
			put_number(&out, va_arg(list, u32), false, 16, &spec);
			/* %pe, %p4cc and the like print the pointer. */
			while (format[1] >= '0' && format[1] <= 'z' && (format[1] <= '9' || format[1] >= 'A'))
				format++;
			break;
		}
		case '%':
			put(&out, '%');
			break;
		default:
			xk_die(XK_DEATH_MODEL, "printf: a conversion that the fake kernel does not know");
		}
	}
	if (out.room > 0)
		out.to[min(out.len, out.room - 1)] = 0;
	return (int)out.len;
}

int snprintf(char *to, size_t room, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int len = vsnprintf(to, room, format, list);
	va_end(list);
	return len;
}

int scnprintf(char *to, size_t room, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int len = vsnprintf(to, room, format, list);
	va_end(list);
	return len < (int)room ? len : (int)room - 1;
}

int sprintf(char *to, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int len = vsnprintf(to, INT_MAX, format, list);
	va_end(list);
	return len;
}

/* ---- scanf */

static bool space(char octet) { return octet == ' ' || (octet >= '\t' && octet <= '\r'); }

static int digit(char octet)
{
	if (octet >= '0' && octet <= '9') return octet - '0';
	if (octet >= 'a' && octet <= 'f') return octet - 'a' + 10;
	if (octet >= 'A' && octet <= 'F') return octet - 'A' + 10;
	return 99;
}

/* The end of the number, or where it should have begun. */
static const char *number(const char *text, u32 base, u64 *value)
{
	if ((base == 0 || base == 16) && text[0] == '0' && (text[1] | 32) == 'x' && digit(text[2]) < 16) {
		base = 16;
		text += 2;
	} else if (base == 0)
		base = text[0] == '0' ? 8 : 10;
	*value = 0;
	while (digit(*text) < (int)base)
		*value = *value * base + digit(*text++);
	return text;
}

int vsscanf(const char *text, const char *format, va_list list)
{
	int found = 0;
	for (; *format; format++) {
		if (space(*format)) {
			while (space(*text))
				text++;
			continue;
		}
		if (*format != '%') {
			if (*text++ != *format)
				return found;
			continue;
		}
		format++;
		int longs = 0;
		for (;; format++) {
			if (*format == 'l') longs++;
			else if (*format == 'h') longs--;
			else if (*format != 'z') break;
		}
		if (*format == 's') {
			char *to = va_arg(list, char *);
			while (space(*text))
				text++;
			if (!*text)
				return found;
			while (*text && !space(*text))
				*to++ = *text++;
			*to = 0;
			found++;
			continue;
		}
		bool is_signed = *format == 'd' || *format == 'i';
		u32 base = *format == 'i' ? 0 : *format == 'x' || *format == 'X' ? 16 : 10;
		if (!is_signed && *format != 'u' && base != 16)
			xk_die(XK_DEATH_MODEL, "scanf: a conversion that the fake kernel does not know");
		while (space(*text))
			text++;
		bool negative = is_signed && *text == '-';
		if (negative)
			text++;
		u64 value;
		const char *end = number(text, base, &value);
		if (end == text)
			return found;
		text = end;
		if (negative)
			value = -value;
		void *to = va_arg(list, void *);
		xk_check(to, longs >= 2 ? 8 : longs == -1 ? 2 : longs == -2 ? 1 : 4, true);
		if (longs >= 2) *(u64 *)to = value;
		else if (longs == -1) *(u16 *)to = (u16)value;
		else if (longs == -2) *(u8 *)to = (u8)value;
		else *(u32 *)to = (u32)value;
		found++;
	}
	return found;
}

int sscanf(const char *text, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int found = vsscanf(text, format, list);
	va_end(list);
	return found;
}

unsigned long simple_strtoul(const char *text, char **end, unsigned int base)
{
	u64 value;
	const char *after = number(text, base, &value);
	if (end)
		*end = (char *)after;
	return (unsigned long)value;
}

int kstrtouint(const char *text, unsigned int base, unsigned int *value)
{
	u64 wide;
	const char *end = number(text, base, &wide);
	if (end == text || (*end && !(*end == '\n' && !end[1])))
		return -EINVAL;
	if (wide > UINT_MAX)
		return -ERANGE;
	*value = (unsigned int)wide;
	return 0;
}

int kstrtoint(const char *text, unsigned int base, int *value)
{
	unsigned int plain = 0;
	int ret = kstrtouint(*text == '-' ? text + 1 : text, base, &plain);
	*value = *text == '-' ? -(int)plain : (int)plain;
	return ret;
}
