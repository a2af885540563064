/*
 * The grant table as drivers use it: drivers/xen/grant-table.c of 6.1. The free list is the world's, where reference 0 to 7 are reserved.
 * A grant that is still mapped when it is ended goes on a list that a timer looks at once a second, ten at a time; its page is kept.
 */
#include "kernel.h"
#include <xk/xen.h>

#define RESERVED 8
#define FREE_PER_ITERATION 10

struct deferred {
	struct deferred *next;
	grant_ref_t ref;
	u16 warn_delay;
	struct page *page;
};
static struct deferred *first;
static bool timer_pending;
/* By reference: the frame number its entry names (gnttab_interface->read_frame). */
static u32 *frames[256];

static u32 *frame(grant_ref_t ref)
{
	u32 **at = &frames[ref >> 9 & 255];
	if (!*at)
		*at = xk_own(512 * sizeof(**at));
	return &(*at)[ref & 511];
}

/* The count is a u16 there as well: more than 65535 references are cut. */
int xk_grant_reserve(u16 count, grant_ref_t *head)
{
	u32 batch;
	if (xk_ask_for("grant.reserve", count, 0, 0, 0, &batch) < 0)
		return -ENOSPC;
	*head = batch;
	return 0;
}

int xk_grant_claim(grant_ref_t *head)
{
	u32 ref;
	return xk_ask_for("grant.claim", *head, 0, 0, 0, &ref) < 0 ? -ENOSPC : (int)ref;
}

void xk_grant_release(grant_ref_t head) { xk_ask("grant.release", head, 0, 0, 0); }

void xk_grant_access(grant_ref_t ref, domid_t domid, unsigned long gfn, int readonly)
{
	xk_page_lend(xk_page_of(gfn));
	*frame(ref) = gfn;
	if (xk_ask("grant.access", ref, domid, gfn, readonly) < 0)
		xk_printk(4, "g.e. %#x is not free", ref);
}

int xk_grant_access_new(domid_t domid, unsigned long gfn, int readonly)
{
	u32 ref;
	if (xk_ask_for("grant.claim", 0, 0, 0, 0, &ref) < 0)
		return -ENOSPC;
	xk_grant_access(ref, domid, gfn, readonly);
	return (int)ref;
}

/* The compare-and-exchange: 1 when it was ended, 0 while it is in use. */
static int end(grant_ref_t ref) { return xk_ask("grant.end", ref, 0, 0, 0) >= 0; }

/* put_free_entry_locked() takes no reserved reference. */
void xk_grant_free(grant_ref_t ref)
{
	if (ref >= RESERVED)
		xk_ask("grant.free", ref, 0, 0, 0);
}

int xk_grant_end_ref(grant_ref_t ref)
{
	if (end(ref))
		return 1;
	xk_printk(4, "WARNING: g.e. %#x still in use!", ref);
	return 0;
}

int xk_grant_try_end(grant_ref_t ref)
{
	int ended = end(ref);
	if (ended)
		xk_grant_free(ref);
	return ended;
}

static void handle_deferred(void *unused)
{
	(void)unused;
	while (first) {
		xk_sleep(xk_fresh_wake(), HZ, "work");
		struct deferred *seen = NULL;
		for (u32 count = 0; count < FREE_PER_ITERATION && first && first != seen; count++) {
			struct deferred *entry = first;
			first = entry->next;
			if (end(entry->ref)) {
				xk_grant_free(entry->ref);
				xk_put_page(entry->page);
				xk_own_free(entry, sizeof(*entry));
				continue;
			}
			if (!--entry->warn_delay)
				xk_printk(6, "g.e. %#x still pending", entry->ref);
			if (!seen)
				seen = entry;
			struct deferred **at = &first;
			while (*at)
				at = &(*at)->next;
			entry->next = NULL;
			*at = entry;
		}
	}
	timer_pending = false;
}

static void defer(grant_ref_t ref, struct page *page)
{
	if (!page) {
		page = xk_page_of(*frame(ref));
		xk_get_page(page);
	}
	struct deferred *entry = xk_own(sizeof(*entry)), **at = &first;
	entry->ref = ref;
	entry->page = page;
	entry->warn_delay = 60;
	while (*at)
		at = &(*at)->next;
	*at = entry;
	if (!timer_pending) {
		timer_pending = true;
		xk_start(xk_task_new(handle_deferred, NULL, "gnttab-timer"));
	}
}

void xk_grant_end(grant_ref_t ref, struct page *page)
{
	if (xk_grant_try_end(ref))
		xk_put_page(page);
	else
		defer(ref, page);
}

/* One operation at the door for each of the batch: it goes on after a failed one, as Xen does. GNTST_eagain is not answered here. */
int xk_grant_map(struct gnttab_map_grant_ref *ops, struct page **pages, unsigned int count)
{
	for (u32 i = 0; i < count; i++) {
		struct xk_call call = { .op = "grant.map", .in = { ops[i].dom, ops[i].ref, xk_kaddr_to_pfn(ops[i].host_addr), ops[i].flags } };
		ops[i].status = (s16)xk_door(&call);
		if (ops[i].status != GNTST_okay)
			continue;
		ops[i].handle = call.out[0];
		ops[i].dev_bus_addr = 0;
		pages[i]->foreign = true;
	}
	return 0;
}

int xk_grant_unmap(struct gnttab_unmap_grant_ref *ops, struct page **pages, unsigned int count)
{
	for (u32 i = 0; i < count; i++)
		ops[i].status = (s16)xk_ask("grant.unmap", ops[i].handle, xk_kaddr_to_pfn(ops[i].host_addr), 0, 0);
	for (u32 i = 0; i < count; i++)
		pages[i]->foreign = false;
	return 0;
}
