/*
 * The other reader of our tables: a program against the installed Xen headers. tables.inc, written beside it from the TypeScript tables, holds
 * layout(), the table of kinds and nothing else; what cannot be a table (directories) is here; the macros of rings have ring.c.
 *
 * One command a line on stdin, one line of answer each:
 *   layout                          constants, sizes, offsets; many lines, the last is "end"
 *   encode KIND VALUE...            octets of the struct with these fields, the rest zero
 *   decode KIND HEX                 values of the fields, each as an unsigned 64-bit number
 *   undefined KIND                  offsets that no field covers
 *   build OWN COUNT REF...          pages of a directory: OWN its own references joined by commas
 *   walk COUNT REF:HEX...           buffer references out of directory pages, given in any order, the first page first
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define xen_mb() __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/io/displif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
/* xs_wire.h brings its table of errors only to those who have errno.h of the C library. */
#include <errno.h>
#include <xen/io/xs_wire.h>

#define PAGE 4096

struct kind {
	const char *name;
	size_t size;
	int fields;
	void (*encode)(const uint64_t *values, unsigned char *out);
	void (*decode)(const unsigned char *in, uint64_t *values);
};

#define NUMBER(name) printf("constant %s %lld\n", #name, (long long)(name))
#define TEXT(name) printf("constant %s %s\n", #name, name)
#define SIZE(type) printf("size %s %zu\n", #type, sizeof(type))
/* A field of a number type says whether it is signed; -1 for what is no number. */
#define OFFSET(type, path, sign)                                              \
	printf("field %s.%s %zu %zu %d\n", #type, #path, offsetof(type, path), \
	       sizeof(((type *)0)->path), sign)
#define SIGNED(type, path) (((__typeof__(((type *)0)->path))-1) < 0)

#include "tables.inc"

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	fprintf(stderr, "no kind %s\n", name);
	exit(2);
}

static char *word(void)
{
	char *found = strtok(NULL, " \n");

	if (found == NULL) {
		fprintf(stderr, "a command ends early\n");
		exit(2);
	}
	return found;
}

static uint64_t number(void)
{
	return strtoull(word(), NULL, 10);
}

static void hex(const unsigned char *octets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%02x", octets[i]);
}

static void unhex(const char *text, unsigned char *octets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sscanf(text + 2 * i, "%2hhx", &octets[i]) != 1) {
			fprintf(stderr, "too few octets\n");
			exit(2);
		}
}

static void errors(void)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		printf("error %zu %s\n", i, xsd_errors[i].errstring);
}

static void undefined(const struct kind *kind)
{
	unsigned char octets[PAGE];
	uint64_t ones[128];
	const char *between = "";

	memset(ones, 0xff, sizeof(ones));
	kind->encode(ones, octets);
	for (size_t i = 0; i < kind->size; i++)
		if (octets[i] == 0) {
			printf("%s%zu", between, i);
			between = " ";
		}
	printf("\n");
}

#define GREFS ((PAGE - offsetof(struct xendispl_page_directory, gref)) / sizeof(grant_ref_t))

static void build(void)
{
	char *own = word();
	uint64_t left = number();
	const char *between = "";

	while (own != NULL) {
		char *next = strchr(own, ',');
		unsigned char page[PAGE] = { 0 };
		struct xendispl_page_directory *directory = (void *)page;

		directory->gref_dir_next_page =
			next == NULL ? 0 : (grant_ref_t)strtoul(next + 1, NULL, 10);
		for (size_t i = 0; i < GREFS && left > 0; i++, left--)
			directory->gref[i] = (grant_ref_t)number();
		printf("%s", between);
		hex(page, PAGE);
		between = " ";
		own = next == NULL ? NULL : next + 1;
	}
	printf("\n");
}

static void walk(void)
{
	static unsigned char pages[64][PAGE];
	static grant_ref_t own[64];
	uint64_t left = number();
	int count = 0;
	char *given;
	grant_ref_t at;
	const char *between = "";

	while (count < 64 && (given = strtok(NULL, " \n")) != NULL) {
		char *colon;

		own[count] = (grant_ref_t)strtoul(given, &colon, 10);
		unhex(colon + 1, pages[count], PAGE);
		count++;
	}
	for (at = own[0]; left > 0;) {
		struct xendispl_page_directory *directory = NULL;

		for (int i = 0; i < count; i++)
			if (own[i] == at)
				directory = (void *)pages[i];
		if (directory == NULL) {
			printf(" lost\n");
			return;
		}
		for (size_t i = 0; i < GREFS && left > 0; i++, left--) {
			printf("%s%" PRIu32, between, directory->gref[i]);
			between = " ";
		}
		at = directory->gref_dir_next_page;
	}
	printf("\n");
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		char *command = strtok(line, " \n");
		unsigned char octets[PAGE];
		uint64_t values[128];

		if (strcmp(command, "layout") == 0) {
			layout();
			errors();
			printf("end\n");
		} else if (strcmp(command, "encode") == 0) {
			const struct kind *kind = kind_of(word());

			for (int i = 0; i < kind->fields; i++)
				values[i] = number();
			kind->encode(values, octets);
			hex(octets, kind->size);
			printf("\n");
		} else if (strcmp(command, "decode") == 0) {
			const struct kind *kind = kind_of(word());

			unhex(word(), octets, kind->size);
			kind->decode(octets, values);
			for (int i = 0; i < kind->fields; i++)
				printf("%s%" PRIu64, i == 0 ? "" : " ", values[i]);
			printf("\n");
		} else if (strcmp(command, "undefined") == 0) {
			undefined(kind_of(word()));
		} else if (strcmp(command, "build") == 0) {
			build();
		} else if (strcmp(command, "walk") == 0) {
			walk();
		} else {
			fprintf(stderr, "no command %s\n", command);
			return 2;
		}
	}
	return 0;
}
