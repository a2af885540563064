/*
 * Every load and store of the driver and of the runtime's models passes here first: the compiler puts a call of ours before it
 * (-fsanitize=kernel-address with calls for all checks). A shadow octet for each eight octets of the arena says what may be touched, as in
 * mm/kasan; and whether the page is one that was lent, in which case the access becomes a door call.
 *
 * A store is known before it happens. So it is noted, and goes to the world with the next access to a lent page elsewhere, barrier, lock or other
 * door call; until then nobody else has run. Stores into one slot of 64 octets are gathered, and each run of words that was written becomes
 * one page.store. A load goes out at once, and what the world answers is put where the driver is about to read. Two loads of different
 * octets of one word with nothing between them are one fetch.
 */
#include "kernel.h"

/* The slab ends here; wasm.ts gives the module as much memory as it has touched. */
#define ARENA_MAX (24u << 20)
/* Accesses between two door calls. The longest honest run is the copy of a list of references. */
#define FUEL_MAX 20000000u
/* Below lies nothing: the linker puts the first global above (build.ts, --global-base). */
#define NULL_GUARD 65536u

extern u8 __heap_base;
static u8 shadow[ARENA_MAX >> 3];
static u32 arena, arena_end, memory_end;
u32 xk_fuel;

/* What was stored and not yet told: words of one 64-octet slot of one page. */
static struct { struct page *page; u32 slot; u32 words; } pending;
/* The word fetched last and which of its octets were read, by the running context since its last door call. */
static struct { u32 word; u32 octets; } fetched;

void xk_boot_access(void)
{
	arena = ((u32)&__heap_base + 4095) & ~4095u;
	arena_end = arena;
	memory_end = __builtin_wasm_memory_size(0) << 16;
}

u32 xk_used(void) { return arena_end - arena; }

/* Fresh memory of the arena; 0 when there is no more. */
static u32 grow(u32 size, u32 align)
{
	u32 at = (arena_end + align - 1) & ~(align - 1);
	if (at + size - arena > ARENA_MAX)
		return 0;
	while (at + size > memory_end) {
		if (__builtin_wasm_memory_grow(0, 16) == (u32)-1)
			return 0;
		memory_end += 16 << 16;
	}
	arena_end = at + size;
	return at;
}

void *xk_block(size_t size, size_t align) { return (void *)grow(size, align); }

bool xk_in_arena(u32 address) { return address - arena < arena_end - arena; }

/* ---- The runtime's own memory, by size. */

static struct own { struct own *next; } *own_free[512];

void *xk_own(size_t size)
{
	size = (size + 15) & ~15u;
	if (size / 16 < ARRAY_SIZE(own_free) && own_free[size / 16]) {
		struct own *own = own_free[size / 16];
		own_free[size / 16] = own->next;
		for (u32 i = 0; i < size / 4; i++)
			((u32 *)own)[i] = 0;
		return own;
	}
	u32 at = grow(size, 16);
	if (!at)
		xk_die(XK_DEATH_EXHAUSTED, "the fake kernel's arena is full");
	return (void *)at;
}

void xk_own_free(void *memory, size_t size)
{
	size = (size + 15) & ~15u;
	if (!memory || size / 16 >= ARRAY_SIZE(own_free))
		return;
	struct own *own = memory;
	own->next = own_free[size / 16];
	own_free[size / 16] = own;
}

/* ---- The shadow. */

/* Octets of a block: from its beginning, which is aligned, to its end, which need not be. */
void xk_shadow(const void *address, size_t size, u8 value)
{
	u8 *at = shadow + (((u32)address - arena) >> 3);
	for (size_t i = 0; i < size >> 3; i++)
		at[i] = value;
	if (size & 7)
		at[size >> 3] = value == SHADOW_OK ? size & 7 : value;
}

u8 xk_shadow_at(const void *address) { return shadow[((u32)address - arena) >> 3]; }

/* The whole range that is looked at, when it is more than one access. */
static struct { u32 at, size; } range;

/* `first` is the first octet that must not be touched. */
static void wild(const char *kind, const char *how, u32 first, u32 address, u32 size, bool write)
{
	char text[400], object[256];
	if (range.size) {
		address = range.at;
		size = range.size;
	}
	int head = snprintf(text, sizeof(text), "%s of %u octet%s at 0x%08x: %s%s", write ? "write" : "read", size, size == 1 ? "" : "s", address,
			    how, xk_describe(first, object, sizeof(object)));
	if (xk_current && xk_current->host.place && head < (int)sizeof(text))
		snprintf(text + head, sizeof(text) - head, "; last at %s", xk_current->host.place);
	xk_die(kind, text);
}

/* ---- Lent pages. */

bool xk_settled(void) { return !pending.words && !fetched.octets; }

static void page_store(struct page *page, u32 word, u32 *words, u32 count)
{
	struct xk_call call = { .op = "page.store", .in = { page->gfn, word }, .words = words, .count = count };
	xk_door(&call);
}

void xk_settle(void)
{
	fetched.octets = 0;
	if (!pending.words)
		return;
	struct page *page = pending.page;
	u32 first = pending.slot * 16, bits = pending.words, copy[16];
	pending.words = 0;
	for (u32 i = 0; i < 16; i++)
		copy[i] = ((u32 *)page->virt)[first + i];
	for (u32 from = 0; from < 16; from++) {
		u32 to = from;
		while (to < 16 && bits & 1u << to)
			to++;
		if (to > from)
			page_store(page, first + from, copy + from, to - from);
		from = to;
	}
}

static void page_load(struct page *page, u32 word, u32 count)
{
	struct xk_call call = {
		.op = "page.load", .in = { page->gfn, word, count },
		.words = (u32 *)(page->virt + word * 4), .count = count,
	};
	xk_door(&call);
}

static void lent_load(struct page *page, u32 address, u32 size)
{
	u32 offset = address - (u32)page->virt, word = offset >> 2, octets = ((1u << size) - 1) << (offset & 3);
	if (size <= 4 && (offset & 3) + size <= 4 && fetched.octets && fetched.word == (address & ~3u) &&
	    !(fetched.octets & octets) && !pending.words) {
		fetched.octets |= octets;
		return;
	}
	xk_settle();
	page_load(page, word, ((offset + size + 3) >> 2) - word);
	if (size <= 4) {
		fetched.word = address & ~3u;
		fetched.octets = octets & 15;
	}
}

static void lent_store(struct page *page, u32 address, u32 size)
{
	u32 offset = address - (u32)page->virt, slot = offset >> 6;
	if (pending.words && (pending.page != page || pending.slot != slot))
		xk_settle();
	fetched.octets = 0;
	pending.page = page;
	pending.slot = slot;
	for (u32 word = offset >> 2; word <= (offset + size - 1) >> 2; word++)
		if (word >> 4 == slot)
			pending.words |= 1u << (word & 15);
}

static void special(u32 address, u32 size, bool write, u8 value)
{
	if (value == SHADOW_LENT) {
		struct page *page = xk_page_at(address);
		if (write)
			lent_store(page, address, size);
		else
			lent_load(page, address, size);
		return;
	}
	if (value == SHADOW_CLEAN) {
		if (write)
			xk_page_dirty(xk_page_at(address));
		return;
	}
	if (value == SHADOW_FREED)
		wild(XK_DEATH_FREED, "freed memory", address, address, size, write);
	u32 first = value < 8 ? ((address + size - 1) & ~7u) + value : address;
	wild(XK_DEATH_BOUNDS, "outside of any object", max(first, address), address, size, write);
}

/* One access of at most 16 octets. */
static void access(u32 address, u32 size, bool write)
{
	if (++xk_fuel > FUEL_MAX)
		xk_die(XK_DEATH_LOOP, "20 million loads and stores without a lock, a barrier or a call");
	if (xk_in_arena(address)) {
		u8 value = shadow[(address + size - 1 - arena) >> 3];
		if (likely(value == SHADOW_OK))
			value = size > 8 ? shadow[(address - arena) >> 3] : SHADOW_OK;
		if (likely(value == SHADOW_OK))
			return;
		if (value < 8 && ((address + size - 1) & 7) < value)
			return;
		special(address, size, write, value);
		return;
	}
	if (address < NULL_GUARD)
		wild(XK_DEATH_NULL, "no memory is there", address, address, size, write);
	if (address + size > memory_end || address >= arena_end)
		wild(XK_DEATH_WILD, "no memory is there", address, address, size, write);
}

void xk_check(const void *pointer, size_t size, bool write)
{
	u32 address = (u32)pointer, end = address + size;
	while (address < end) {
		if (xk_in_arena(address) && xk_shadow_at((void *)address) == SHADOW_OK) {
			address = (address + 8) & ~7u;
			xk_fuel++;
			continue;
		}
		u32 step = min(end - address, 8 - (address & 7));
		if (xk_in_arena(address) && xk_shadow_at((void *)address) == SHADOW_LENT) {
			struct page *page = xk_page_at(address);
			u32 offset = address - (u32)page->virt;
			step = min(end - address, 4096 - offset);
			xk_settle();
			if (!write)
				page_load(page, offset >> 2, ((offset + step + 3) >> 2) - (offset >> 2));
		} else {
			range.at = (u32)pointer;
			range.size = size;
			access(address, step, write);
			range.size = 0;
		}
		address += step;
	}
}

void xk_stored(const void *pointer, size_t size)
{
	u32 address = (u32)pointer, end = address + size;
	if (size == 0 || !xk_in_arena(address) || xk_shadow_at(pointer) != SHADOW_LENT)
		return;
	while (address < end) {
		struct page *page = xk_page_at(address);
		u32 offset = address - (u32)page->virt, step = min(end - address, 4096 - offset);
		u32 word = offset >> 2, count = ((offset + step + 3) >> 2) - word, copy[1024];
		for (u32 i = 0; i < count; i++)
			copy[i] = ((u32 *)page->virt)[word + i];
		page_store(page, word, copy, count);
		address += step;
	}
}

bool xk_plain(const void *pointer)
{
	u32 address = (u32)pointer;
	return !xk_in_arena(address) ? address >= NULL_GUARD && address < arena_end : shadow[(address - arena) >> 3] == SHADOW_OK;
}

/* ---- What the compiler calls. */

#define HOOK(size) \
	void __asan_load##size(u32 address) { access(address, size, false); } \
	void __asan_store##size(u32 address) { access(address, size, true); } \
	void __asan_load##size##_noabort(u32 address) { access(address, size, false); } \
	void __asan_store##size##_noabort(u32 address) { access(address, size, true); }
HOOK(1)
HOOK(2)
HOOK(4)
HOOK(8)
HOOK(16)
void __asan_loadN(u32 address, u32 size) { xk_check((void *)address, size, false); }
/* Odd sizes: a structure's tail, a packed field. Of a lent page they are within one slot or the next. */
void __asan_storeN(u32 address, u32 size)
{
	for (u32 step; size > 0; address += step, size -= step) {
		step = min(size, 4 - (address & 3));
		access(address, step, true);
	}
}
void __asan_loadN_noabort(u32 address, u32 size) { xk_check((void *)address, size, false); }
void __asan_storeN_noabort(u32 address, u32 size) { __asan_storeN(address, size); }
void __asan_handle_no_return(void) { }
