/*
 * Pages of the domain: mm/page_alloc.c, drivers/xen/unpopulated-alloc.c of 6.1. Their frame numbers are the world's. A page that the driver
 * touches has its place in linear memory; pixel pages have none.
 */
#include "kernel.h"
#include <xk/xen.h>

/* By frame number, 1024 to a table. */
static struct page **known[1024];
/* By place in linear memory. */
static struct page **placed[1024];

static struct page **slot(struct page ***table, u32 number)
{
	struct page ***at = &table[number >> 10 & 1023];
	if (!*at)
		*at = xk_own(1024 * sizeof(**at));
	return &(*at)[number & 1023];
}

struct page *xk_page_of(u32 gfn) { return *slot(known, gfn); }
struct page *xk_page_at(u32 address) { return *slot(placed, address >> PAGE_SHIFT); }

static struct page *page_new(u32 gfn)
{
	struct page *page = xk_own(sizeof(*page));
	page->gfn = gfn;
	page->refs = 1;
	*slot(known, gfn) = page;
	return page;
}

struct page *xk_page_alloc(bool zeroed, bool mapped)
{
	u32 gfn;
	if (xk_ask_for("page.alloc", zeroed, 0, 0, 0, &gfn) < 0)
		return NULL;
	struct page *page = page_new(gfn);
	page->zeroed = zeroed;
	if (mapped) {
		char *at = xk_block(PAGE_SIZE, PAGE_SIZE);
		if (!at)
			xk_die(XK_DEATH_EXHAUSTED, "the fake kernel's arena is full");
		xk_page_map(page, at);
	}
	return page;
}

/* The page has a place from now on. What it holds is what the world says, which is zero if it was asked for so. */
void xk_page_map(struct page *page, char *virt)
{
	struct xk_call call = { .op = "page.load", .in = { page->gfn, 0, 1024 }, .words = (u32 *)virt, .count = 1024 };
	page->virt = virt;
	*slot(placed, (u32)virt >> PAGE_SHIFT) = page;
	xk_shadow(virt, PAGE_SIZE, SHADOW_CLEAN);
	if (!page->zeroed)
		xk_door(&call);
}

void xk_page_unmap(struct page *page)
{
	if (!page->virt)
		return;
	xk_settle();
	xk_shadow(page->virt, PAGE_SIZE, SHADOW_FREED);
	page->virt = NULL;
}

void xk_page_dirty(struct page *page)
{
	page->dirty = true;
	xk_shadow(page->virt, PAGE_SIZE, SHADOW_OK);
}

/* Another domain may look at it from now on, until it is freed. What was written so far is written into the world's page first. */
void xk_page_lend(struct page *page)
{
	if (!page || !page->virt || xk_shadow_at(page->virt) == SHADOW_LENT)
		return;
	xk_shadow(page->virt, PAGE_SIZE, SHADOW_LENT);
	if (page->dirty)
		xk_stored(page->virt, PAGE_SIZE);
	page->dirty = false;
}

static void page_free(struct page *page)
{
	u32 gfn = page->gfn;
	xk_page_unmap(page);
	if (*slot(known, gfn) == page)
		*slot(known, gfn) = NULL;
	xk_own_free(page, sizeof(*page));
	xk_ask("page.free", gfn, 0, 0, 0);
}

void xk_page_force(struct page *page)
{
	u32 gfn = page->gfn;
	if (--page->refs == 0)
		return page_free(page);
	/* Somebody counts on it, in vain: who puts the last reference frees nothing. */
	xk_page_unmap(page);
	page->gone = true;
	if (*slot(known, gfn) == page)
		*slot(known, gfn) = NULL;
	xk_ask("page.free", gfn, 0, 0, 0);
}

void xk_get_page(struct page *page)
{
	if (page)
		page->refs++;
}

void xk_put_page(struct page *page)
{
	if (!page || --page->refs > 0)
		return;
	if (page->gone)
		xk_own_free(page, sizeof(*page));
	else
		page_free(page);
}

struct page *xk_virt_to_page(const void *address)
{
	struct page *page = xk_page_at((u32)address);
	if (!page || !page->virt)
		xk_die(XK_DEATH_MODEL, "virt_to_page of memory that is no page of the kernel's");
	return page;
}

/* A page that has no place has an address all the same, far above linear memory: it is handed to Xen and cannot be touched. */
#define NOWHERE 0x40000000u

void *xk_pfn_to_kaddr(unsigned long pfn)
{
	struct page *page = xk_page_of(pfn);
	return page && page->virt ? page->virt : (void *)(NOWHERE + (pfn << PAGE_SHIFT));
}

u32 xk_kaddr_to_pfn(u32 address)
{
	if (address >= NOWHERE)
		return (address - NOWHERE) >> PAGE_SHIFT;
	return xk_virt_to_page((void *)address)->gfn;
}

int xk_unpopulated_alloc(unsigned int count, struct page **pages)
{
	for (u32 i = 0; i < count; i++) {
		u32 gfn;
		s32 status = xk_ask_for("balloon.take", 0, 0, 0, 0, &gfn);
		if (status < 0) {
			while (i > 0)
				xk_unpopulated_free(1, &pages[--i]);
			return status;
		}
		pages[i] = page_new(gfn);
	}
	return 0;
}

void xk_unpopulated_free(unsigned int count, struct page **pages)
{
	for (u32 i = 0; i < count; i++) {
		struct page *page = pages[i];
		u32 gfn = page->gfn;
		if (*slot(known, gfn) == page)
			*slot(known, gfn) = NULL;
		xk_own_free(page, sizeof(*page));
		xk_ask("balloon.give", gfn, 0, 0, 0);
	}
}

/* Scattered pages in a row: only for looking at pixels, which nobody does here. */
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	(void)pages; (void)flags; (void)prot;
	return xk_kmalloc(count * PAGE_SIZE - 16, GFP_KERNEL, "vmap");
}

void vunmap(const void *address) { xk_kfree(address); }
