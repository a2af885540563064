/* kmalloc and kfree, checked against mm/slub.c, mm/slab_common.c and lib/test_kasan.c of 6.1. */
#include "kernel.h"

/* kmalloc(0): mm/slab.h, ZERO_SIZE_PTR. */
#define ZERO_SIZE 16u
/* Up to here an object is the slab's (KMALLOC_MAX_CACHE_SIZE); above it is whole pages of the page allocator. */
#define SLAB_MAX 8192u
#define EDGE 16u
/* What memory that nobody cleared holds: POISON_INUSE of linux/poison.h. */
#define UNTOUCHED 0x5a

struct block {
	u32 data, size, room, object;
	bool freed;
	const char *kind, *place, *function, *freed_place, *freed_function;
	/* Whole pages: those that stand behind it. */
	struct page **pages;
	u32 page_count;
	struct block *older, *next_freed;
};
static struct block *newest, *freed_first, *freed_last;

static struct block *block_of(u32 address)
{
	for (struct block *block = newest; block; block = block->older)
		if (address - block->data < block->room + EDGE || block->data - address <= EDGE)
			return block;
	return NULL;
}

/* The block that begins at an address. Its own address stands before it, where nobody may store; whole pages have no such place. */
static struct block *block_at(u32 address)
{
	struct block *block;
	if (address & (PAGE_SIZE - 1) && !(address & 15) && xk_in_arena(address - 4)) {
		block = ((struct block **)address)[-1];
		if (xk_in_arena((u32)block) && block->data == address)
			return block;
	}
	for (block = newest; block && block->data != address; block = block->older)
		;
	return block;
}

const char *xk_describe(u32 address, char *text, size_t room)
{
	struct block *block = block_of(address);
	text[0] = 0;
	if (!block)
		return text;
	int at = (int)(address - block->data);
	size_t head = snprintf(text, room, ", octet %d of a %u-octet %s object made at %s in %s", at, block->size, block->kind,
			       block->place ?: "?", block->function ?: "?");
	if (block->freed && head < room)
		snprintf(text + head, room - head, ", freed at %s in %s", block->freed_place ?: "?", block->freed_function ?: "?");
	return text;
}

/* The oldest freed block that is big enough and not far too big, once the arena is full. */
static struct block *reuse(size_t size, bool whole)
{
	for (struct block **at = &freed_first; *at; at = &(*at)->next_freed) {
		struct block *block = *at;
		if (!block->pages != !whole || block->room < size || (whole ? block->room > size : block->room > 2 * size + 64))
			continue;
		*at = block->next_freed;
		if (freed_last == block) {
			freed_last = freed_first;
			while (freed_last && freed_last->next_freed)
				freed_last = freed_last->next_freed;
		}
		return block;
	}
	return NULL;
}

static struct block *block_new(size_t size)
{
	u32 room = (size + 15) & ~15u;
	u8 *at = xk_block(EDGE + room + EDGE, 16);
	struct block *block;
	if (!at) {
		block = reuse(size, false);
		if (!block)
			xk_die(XK_DEATH_EXHAUSTED, "the fake kernel's slab is full");
		return block;
	}
	block = xk_own(sizeof(*block));
	block->data = (u32)at + EDGE;
	block->room = room;
	((struct block **)block->data)[-1] = block;
	block->older = newest;
	newest = block;
	xk_shadow(at, EDGE, SHADOW_EDGE);
	xk_shadow(at + EDGE, room + EDGE, SHADOW_EDGE);
	return block;
}

static void fill(u32 data, size_t size, u8 value)
{
	for (u32 i = 0; i < size; i++)
		((u8 *)data)[i] = value;
}

static struct block *pages_new(size_t size)
{
	u32 at = (u32)xk_block(size, PAGE_SIZE);
	struct block *block;
	if (!at) {
		block = reuse(size, true);
		if (!block)
			xk_die(XK_DEATH_EXHAUSTED, "the fake kernel's slab is full");
		fill(block->data, size, 0);
		return block;
	}
	block = xk_own(sizeof(*block));
	block->data = at;
	block->size = block->room = size;
	block->pages = xk_own(size / PAGE_SIZE * sizeof(*block->pages));
	block->older = newest;
	newest = block;
	xk_shadow((void *)at, size, SHADOW_FREED);
	return block;
}

/* Free, and the last to be used again. */
static void retire(struct block *block)
{
	block->freed = true;
	block->next_freed = NULL;
	if (freed_last)
		freed_last->next_freed = block;
	else
		freed_first = block;
	freed_last = block;
}

/* Pages that lie one behind the other in linear memory: all of them, or none. */
static bool back(struct block *block, u32 count, bool zeroed)
{
	block->page_count = 0;
	for (u32 i = 0; i < count; i++) {
		struct page *page = xk_page_alloc(zeroed, false);
		if (!page) {
			while (block->page_count > 0)
				xk_put_page(block->pages[--block->page_count]);
			return false;
		}
		page->slab = block->size <= SLAB_MAX;
		block->pages[block->page_count++] = page;
	}
	return true;
}

static void place(struct block *block)
{
	if (xk_current) {
		block->place = xk_current->host.place;
		block->function = xk_current->host.function;
	}
}

void *xk_kmalloc(size_t size, gfp_t flags, const char *kind)
{
	if (size == 0)
		return (void *)ZERO_SIZE;
	if (flags & __GFP_DIRECT_RECLAIM)
		xk_might_sleep();
	u32 object = xk_object(kind);
	if (!object)
		return NULL;
	struct block *block;
	if (size % PAGE_SIZE) {
		block = block_new(size);
		block->size = size;
		xk_shadow((void *)block->data, size, SHADOW_OK);
		fill(block->data, size, flags & __GFP_ZERO ? 0 : UNTOUCHED);
	} else {
		block = pages_new(size);
		if (!back(block, size / PAGE_SIZE, flags & __GFP_ZERO)) {
			retire(block);
			xk_object_drop(object);
			return NULL;
		}
		for (u32 i = 0; i < block->page_count; i++)
			xk_page_map(block->pages[i], (char *)block->data + i * PAGE_SIZE);
	}
	block->freed = false;
	block->object = object;
	block->kind = kind;
	block->freed_place = block->freed_function = NULL;
	place(block);
	return (void *)block->data;
}

void xk_kfree(const void *pointer)
{
	u32 address = (u32)pointer;
	char text[320], object[256];
	if (address <= ZERO_SIZE)
		return;
	struct block *block = block_at(address);
	if (!block || block->freed) {
		snprintf(text, sizeof(text), "kfree of 0x%08x at %s in %s%s", address, xk_current->host.place ?: "?", xk_current->host.function ?: "?",
			 xk_describe(address, object, sizeof(object)));
		xk_die(block ? XK_DEATH_DOUBLE : XK_DEATH_WILD, text);
	}
	block->freed = true;
	block->freed_place = xk_current->host.place;
	block->freed_function = xk_current->host.function;
	u32 door = block->object;
	block->object = 0;
	if (block->pages) {
		for (u32 i = 0; i < block->page_count; i++)
			xk_page_unmap(block->pages[i]);
		/* Of the slab: free for the next kmalloc at once, whoever holds a reference to the page. */
		for (u32 i = 0; i < block->page_count; i++)
			if (block->pages[i]->slab)
				xk_page_force(block->pages[i]);
			else
				xk_put_page(block->pages[i]);
	} else
		xk_shadow((void *)block->data, block->room, SHADOW_FREED);
	retire(block);
	xk_object_drop(door);
}

char *xk_kvasprintf(gfp_t flags, const char *format, va_list list)
{
	va_list again;
	va_copy(again, list);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = xk_kmalloc(len + 1, flags, "kmalloc");
	if (text)
		vsnprintf(text, len + 1, format, list);
	return text;
}

char *xk_kasprintf(gfp_t flags, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	char *text = xk_kvasprintf(flags, format, list);
	va_end(list);
	return text;
}

char *xk_kstrdup(const char *text, gfp_t flags)
{
	if (!text)
		return NULL;
	char *copy = xk_kmalloc(strlen(text) + 1, flags, "kmalloc");
	if (copy)
		strcpy(copy, text);
	return copy;
}

void *xk_alloc_pages_exact(size_t size, gfp_t flags)
{
	/* Not the slab's: a page that is referenced elsewhere survives free_pages_exact(). */
	char *at = xk_kmalloc(PAGE_ALIGN(size), flags, "pages");
	for (u32 i = 0; at && i < PAGE_ALIGN(size); i += PAGE_SIZE)
		xk_page_at((u32)at + i)->slab = false;
	return at;
}

void xk_free_pages_exact(void *address, size_t size)
{
	(void)size;
	xk_kfree(address);
}

/* ---- drivers/base/devres.c: what is tied to a device goes when its driver is taken off, newest first. */

struct xk_devres { struct xk_devres *older; void *memory; };

void *xk_devm_kmalloc(struct device *dev, size_t size, gfp_t flags)
{
	void *memory = xk_kmalloc(size, flags, "devm");
	if (!memory)
		return NULL;
	struct xk_devres *res = xk_own(sizeof(*res));
	res->older = dev->devres;
	res->memory = memory;
	dev->devres = res;
	return memory;
}

char *xk_devm_kasprintf(struct device *dev, gfp_t flags, const char *format, ...)
{
	va_list list, again;
	va_start(list, format);
	va_copy(again, list);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = xk_devm_kmalloc(dev, len + 1, flags);
	if (text)
		vsnprintf(text, len + 1, format, list);
	va_end(list);
	return text;
}

void xk_devm_kfree(struct device *dev, const void *memory)
{
	for (struct xk_devres **at = &dev->devres; *at; at = &(*at)->older)
		if ((*at)->memory == memory) {
			struct xk_devres *res = *at;
			*at = res->older;
			xk_own_free(res, sizeof(*res));
			xk_kfree(memory);
			return;
		}
	WARN_ON("devm_kfree of what is not the device's");
}

void xk_devres_release_all(struct device *dev)
{
	xk_at("the driver core", "devres_release_all");
	while (dev->devres) {
		struct xk_devres *res = dev->devres;
		void *memory = res->memory;
		dev->devres = res->older;
		xk_own_free(res, sizeof(*res));
		xk_kfree(memory);
	}
}
