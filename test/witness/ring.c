/*
 * The macros of the installed xen/io/ring.h with the types of displif.h, one macro a command, on three pages.
 *
 * stdin: struct command, one after the other; INSTALL is followed by the page's new octets, and with `arg` 1 both ends begin anew. stdout: a
 * struct answer to each command but INSTALL and FLUSH. Answers are sent at FLUSH.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void barrier(void);
#define xen_mb() barrier()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include <xen/xen.h>
#include <xen/io/displif.h>
#include <xen/io/ring.h>

#define PAGE 4096
#define PAGES 3

/* The order is that of OPS in ring-duel.ts. */
enum op {
	INSTALL,
	FLUSH,
	INIT, /* SHARED_RING_INIT */
	ATTACH, /* FRONT_RING_ATTACH at `arg`, or BACK_RING_ATTACH at rsp_prod; *_INIT when that is 0 */
	POKE, /* word `arg` of the page becomes packet[0] */
	PUT,
	PUSH,
	UNCONSUMED,
	TAKE,
	FINAL_CHECK, /* with `arg` 1 the other end pushes just after the threshold was moved */
};

struct command {
	uint32_t op, page, back, arg;
	uint32_t packet[16];
};

struct answer {
	/* What the macro said, and what the push in a final check said. */
	uint32_t said, peer_said;
	/* The end's private indexes. */
	uint32_t prod, cons;
	/* RING_FREE_REQUESTS and RING_FULL, of the front alone. */
	uint32_t free, full;
	/* RING_*_PROD_OVERFLOW of the other end's producer as it stands in the page. */
	uint32_t overflow;
	uint32_t unused;
	uint32_t packet[16];
	uint32_t words[PAGE / 4];
};

union shared {
	struct xen_displif_sring sring;
	uint32_t words[PAGE / 4];
};

static union shared pages[PAGES];
static struct xen_displif_front_ring fronts[PAGES];
static struct xen_displif_back_ring backs[PAGES];

_Static_assert(sizeof(struct xendispl_req) == 64, "a packet is 16 words");
_Static_assert(sizeof(struct xendispl_resp) == 64, "a packet is 16 words");

/* The end that pushes at the next full barrier. */
static struct xen_displif_front_ring *front_in_gap;
static struct xen_displif_back_ring *back_in_gap;
static uint32_t said_in_gap;

static void barrier(void)
{
	struct xen_displif_front_ring *front = front_in_gap;
	struct xen_displif_back_ring *back = back_in_gap;

	__sync_synchronize();
	front_in_gap = NULL;
	back_in_gap = NULL;
	if (front != NULL)
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(front, said_in_gap);
	if (back != NULL)
		RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(back, said_in_gap);
}

static void front_step(const struct command *c, struct answer *a)
{
	struct xen_displif_front_ring *front = &fronts[c->page];
	struct xen_displif_sring *sring = &pages[c->page].sring;
	int more;

	switch (c->op) {
	case INIT:
		SHARED_RING_INIT(sring);
		break;
	case ATTACH:
		if (c->arg == 0)
			FRONT_RING_INIT(front, sring, PAGE);
		else
			FRONT_RING_ATTACH(front, sring, c->arg, PAGE);
		break;
	case PUT:
		memcpy(RING_GET_REQUEST(front, front->req_prod_pvt), c->packet, 64);
		front->req_prod_pvt++;
		break;
	case PUSH:
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(front, a->said);
		break;
	case UNCONSUMED:
		a->said = RING_HAS_UNCONSUMED_RESPONSES(front);
		break;
	case TAKE:
		RING_COPY_RESPONSE(front, front->rsp_cons, (struct xendispl_resp *)a->packet);
		front->rsp_cons++;
		break;
	case FINAL_CHECK:
		back_in_gap = c->arg ? &backs[c->page] : NULL;
		RING_FINAL_CHECK_FOR_RESPONSES(front, more);
		a->said = more;
		break;
	}
	a->prod = front->req_prod_pvt;
	a->cons = front->rsp_cons;
	a->free = RING_FREE_REQUESTS(front);
	a->full = RING_FULL(front);
	a->overflow = RING_RESPONSE_PROD_OVERFLOW(front, sring->rsp_prod);
}

static void back_step(const struct command *c, struct answer *a)
{
	struct xen_displif_back_ring *back = &backs[c->page];
	struct xen_displif_sring *sring = &pages[c->page].sring;
	int more;

	switch (c->op) {
	case ATTACH:
		if (sring->rsp_prod == 0)
			BACK_RING_INIT(back, sring, PAGE);
		else
			BACK_RING_ATTACH(back, sring, sring->rsp_prod, PAGE);
		break;
	case PUT:
		memcpy(RING_GET_RESPONSE(back, back->rsp_prod_pvt), c->packet, 64);
		back->rsp_prod_pvt++;
		break;
	case PUSH:
		RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(back, a->said);
		break;
	case UNCONSUMED:
		a->said = RING_HAS_UNCONSUMED_REQUESTS(back);
		break;
	case TAKE:
		RING_COPY_REQUEST(back, back->req_cons, (struct xendispl_req *)a->packet);
		back->req_cons++;
		break;
	case FINAL_CHECK:
		front_in_gap = c->arg ? &fronts[c->page] : NULL;
		RING_FINAL_CHECK_FOR_REQUESTS(back, more);
		a->said = more;
		break;
	}
	a->prod = back->rsp_prod_pvt;
	a->cons = back->req_cons;
	a->overflow = RING_REQUEST_PROD_OVERFLOW(back, sring->req_prod);
}

static void read_all(void *into, size_t size)
{
	if (fread(into, size, 1, stdin) != 1) {
		fprintf(stderr, "a command ends early\n");
		exit(2);
	}
}

int main(void)
{
	struct command c;

	for (int i = 0; i < PAGES; i++) {
		FRONT_RING_INIT(&fronts[i], &pages[i].sring, PAGE);
		BACK_RING_INIT(&backs[i], &pages[i].sring, PAGE);
	}
	while (fread(&c, sizeof(c), 1, stdin) == 1) {
		struct answer a = { 0 };

		if (c.page >= PAGES || c.op > FINAL_CHECK) {
			fprintf(stderr, "no command %u for page %u\n", c.op, c.page);
			return 2;
		}
		if (c.op == INSTALL) {
			if (c.arg == 1) {
				FRONT_RING_INIT(&fronts[c.page], &pages[c.page].sring, PAGE);
				BACK_RING_INIT(&backs[c.page], &pages[c.page].sring, PAGE);
			}
			read_all(&pages[c.page], PAGE);
			continue;
		}
		if (c.op == FLUSH) {
			fflush(stdout);
			continue;
		}
		said_in_gap = 0;
		if (c.op == POKE)
			pages[c.page].words[c.arg % (PAGE / 4)] = c.packet[0];
		if (c.back)
			back_step(&c, &a);
		else
			front_step(&c, &a);
		front_in_gap = NULL;
		back_in_gap = NULL;
		a.peer_said = said_in_gap;
		memcpy(a.words, &pages[c.page], PAGE);
		fwrite(&a, sizeof(a), 1, stdout);
	}
	return 0;
}
