/*
 * The other reader of our tables: a program against the installed Xen headers. tables.inc, written beside it from the TypeScript tables, holds
 * layout(), the table of kinds and nothing else; what cannot be a table (directories, ring macros) is here.
 *
 * One command a line on stdin, one line of answer each:
 *   layout                          constants, sizes, offsets; many lines, the last is "end"
 *   encode KIND VALUE...            octets of the struct with these fields, the rest zero
 *   decode KIND HEX                 values of the fields, each as an unsigned 64-bit number
 *   undefined KIND                  offsets that no field covers
 *   build OWN COUNT REF...          pages of a directory: OWN its own references joined by commas
 *   walk COUNT REF:HEX...           buffer references out of directory pages, given in any order, the first page first
 *   ring INDEX OP...                the ring macros from INDEX on: f N, b N, F, B (see ring())
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

/*
 * Both ends over one page that was full of 0xee. After each step: what the macro said (1 notify or work, 0 not), then the page's first 16 octets.
 *   f N   put N requests and push     b N   take N requests, answer each, push
 *   F     final check for responses   B     final check for requests
 *   r N   take N responses
 */
static void ring(void)
{
	static unsigned char page[PAGE] __attribute__((aligned(8)));
	struct xen_displif_sring *shared = (void *)page;
	struct xen_displif_front_ring front;
	struct xen_displif_back_ring back;
	RING_IDX index = (RING_IDX)number();
	char *step;
	uint16_t id = 0;

	memset(page, 0xee, PAGE);
	SHARED_RING_INIT(shared);
	shared->req_prod = shared->rsp_prod = index;
	shared->req_event = shared->rsp_event = index + 1;
	FRONT_RING_ATTACH(&front, shared, index, PAGE);
	BACK_RING_ATTACH(&back, shared, index, PAGE);
	printf("%u", RING_SIZE(&front));
	while ((step = strtok(NULL, " \n")) != NULL) {
		int said = 0;

		if (*step == 'f') {
			for (uint64_t n = number(); n > 0; n--) {
				struct xendispl_req *req =
					RING_GET_REQUEST(&front, front.req_prod_pvt++);

				memset(req, 0, sizeof(*req));
				req->id = ++id;
				req->operation = XENDISPL_OP_PG_FLIP;
				req->op.pg_flip.fb_cookie = 0x1112131415161718ull + id;
			}
			RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, said);
		} else if (*step == 'b') {
			for (uint64_t n = number(); n > 0; n--) {
				struct xendispl_req req;
				struct xendispl_resp *resp;

				RING_COPY_REQUEST(&back, back.req_cons, &req);
				back.req_cons++;
				resp = RING_GET_RESPONSE(&back, back.rsp_prod_pvt++);
				memset(resp, 0, sizeof(*resp));
				resp->id = req.id;
				resp->operation = req.operation;
			}
			RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&back, said);
		} else if (*step == 'r') {
			front.rsp_cons += (RING_IDX)number();
			said = RING_HAS_UNCONSUMED_RESPONSES(&front) != 0;
		} else if (*step == 'F') {
			RING_FINAL_CHECK_FOR_RESPONSES(&front, said);
			said = said != 0;
		} else {
			RING_FINAL_CHECK_FOR_REQUESTS(&back, said);
			said = said != 0;
		}
		printf(" %d:", said);
		hex(page, 16);
	}
	printf(" ");
	hex(page, PAGE);
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
		} else if (strcmp(command, "ring") == 0) {
			ring();
		} else {
			fprintf(stderr, "no command %s\n", command);
			return 2;
		}
	}
	return 0;
}
