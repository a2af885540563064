/* The slab, pages, device-managed memory, scatter lists and DMA buffers. */
#ifndef XK_MEMORY_H
#define XK_MEMORY_H

#include <xk/wait.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)

#define __GFP_ZERO 0x100u
#define __GFP_HIGH 0x20u
#define __GFP_NOWARN 0x2000u
/* May sleep. GFP_ATOMIC has it not. */
#define __GFP_DIRECT_RECLAIM 0x400u
#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_NOIO __GFP_DIRECT_RECLAIM
#define GFP_NOWAIT 0u
#define GFP_ATOMIC __GFP_HIGH

/* linux/slab.h. An object knows the line that made it; freed ones are poisoned and stay unused for as long as the arena lasts. */
void *xk_kmalloc(size_t size, gfp_t flags, const char *kind);
void xk_kfree(const void *object);
static inline void *xk_kcalloc(size_t count, size_t size, gfp_t flags, const char *kind)
{
	return size && count > SIZE_MAX / size ? NULL : xk_kmalloc(count * size, flags, kind);
}
#define kmalloc(size, flags) (XK_AT, xk_kmalloc(size, flags, "kmalloc"))
#define kzalloc(size, flags) (XK_AT, xk_kmalloc(size, (flags) | __GFP_ZERO, "kmalloc"))
#define kcalloc(n, size, flags) (XK_AT, xk_kcalloc(n, size, (flags) | __GFP_ZERO, "kmalloc"))
#define kmalloc_array(n, size, flags) (XK_AT, xk_kcalloc(n, size, flags, "kmalloc"))
#define kvmalloc(size, flags) (XK_AT, xk_kmalloc(size, flags, "kmalloc"))
#define kvzalloc(size, flags) kzalloc(size, flags)
#define kvcalloc(n, size, flags) kcalloc(n, size, flags)
#define kvmalloc_array(n, size, flags) (XK_AT, xk_kcalloc(n, size, flags, "page-array"))
#define kzalloc_obj(object, ...) ((__typeof__(object) *)kzalloc(sizeof(object), GFP_KERNEL))
#define kfree(object) (XK_AT, xk_kfree(object))
#define kvfree(object) (XK_AT, xk_kfree(object))
char *xk_kvasprintf(gfp_t flags, const char *format, va_list list);
__printf(2, 3) char *xk_kasprintf(gfp_t flags, const char *format, ...);
char *xk_kstrdup(const char *text, gfp_t flags);
#define kasprintf(flags, format, ...) (XK_AT, xk_kasprintf(flags, format, ##__VA_ARGS__))
#define kstrdup(text, flags) (XK_AT, xk_kstrdup(text, flags))

/* linux/device.h */
struct device_driver { const char *name; };
struct device {
	const char *name;
	struct device_driver *driver;
	void *driver_data;
	struct xk_devres *devres;
};
static inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }
static inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }
static inline const char *dev_name(const struct device *dev) { return dev->name; }
void *xk_devm_kmalloc(struct device *dev, size_t size, gfp_t flags);
__printf(3, 4) char *xk_devm_kasprintf(struct device *dev, gfp_t flags, const char *format, ...);
void xk_devm_kfree(struct device *dev, const void *object);
void xk_devres_release_all(struct device *dev);
#define devm_kzalloc(dev, size, flags) (XK_AT, xk_devm_kmalloc(dev, size, (flags) | __GFP_ZERO))
#define devm_kmalloc(dev, size, flags) (XK_AT, xk_devm_kmalloc(dev, size, flags))
#define devm_kcalloc(dev, n, size, flags) (XK_AT, xk_devm_kmalloc(dev, (n) * (size), (flags) | __GFP_ZERO))
#define devm_kasprintf(dev, flags, format, ...) (XK_AT, xk_devm_kasprintf(dev, flags, format, ##__VA_ARGS__))
#define devm_kfree(dev, object) (XK_AT, xk_devm_kfree(dev, object))
#define dev_err(dev, format, ...) xk_printk(3, "vdispl %s: " format, dev_name(dev), ##__VA_ARGS__)
#define dev_warn(dev, format, ...) xk_printk(4, "vdispl %s: " format, dev_name(dev), ##__VA_ARGS__)
#define dev_info(dev, format, ...) xk_printk(6, "vdispl %s: " format, dev_name(dev), ##__VA_ARGS__)
#define dev_dbg(dev, format, ...) xk_no_printk("vdispl %s: " format, dev_name(dev), ##__VA_ARGS__)
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
static inline int dma_coerce_mask_and_coherent(struct device *dev, u64 mask) { (void)dev; (void)mask; return 0; }
static inline int dma_set_mask_and_coherent(struct device *dev, u64 mask) { (void)dev; (void)mask; return 0; }

/*
 * linux/mm.h. A page of the domain in the tester's world, or one of its frame numbers without memory behind it. Frame numbers of the kernel
 * and of Xen are the same: the guest is auto-translated.
 */
struct page {
	u32 gfn;
	int refs;
	/* Where it lies in linear memory, if it does. */
	char *virt;
	/* Of the slab: kfree() gives it back whatever its count says. */
	bool slab;
	/* It was zero when it was handed out; it was stored to since; it was freed though somebody still counts on it. */
	bool zeroed, dirty, gone;
	/* A foreign page stands behind the frame number. */
	bool foreign;
};
struct page *xk_page_alloc(bool zeroed, bool mapped);
void xk_get_page(struct page *page);
void xk_put_page(struct page *page);
/* The page of a frame number that this kernel knows; NULL for any other. */
struct page *xk_page_of(u32 gfn);
struct page *xk_virt_to_page(const void *address);
void *xk_pfn_to_kaddr(unsigned long pfn);
#define get_page(page) (XK_AT, xk_get_page(page))
#define put_page(page) (XK_AT, xk_put_page(page))
#define virt_to_page(address) (XK_AT, xk_virt_to_page(address))
#define pfn_to_kaddr(pfn) xk_pfn_to_kaddr(pfn)
#define page_to_pfn(page) ((unsigned long)(page)->gfn)
#define page_address(page) ((void *)(page)->virt)
#define pfn_to_page(pfn) xk_page_of(pfn)
void *xk_alloc_pages_exact(size_t size, gfp_t flags);
void xk_free_pages_exact(void *address, size_t size);
#define alloc_pages_exact(size, flags) (XK_AT, xk_alloc_pages_exact(size, flags))
#define free_pages_exact(address, size) (XK_AT, xk_free_pages_exact(address, size))
#define get_zeroed_page(flags) ((unsigned long)alloc_pages_exact(PAGE_SIZE, (flags) | __GFP_ZERO))
#define __get_free_page(flags) ((unsigned long)alloc_pages_exact(PAGE_SIZE, flags))
#define free_page(address) free_pages_exact((void *)(address), PAGE_SIZE)

/* Mappings of user processes and of scattered pages: nothing of the protocol happens there. */
typedef struct { u32 bits; } pgprot_t;
struct vm_area_struct;
struct vm_operations_struct {
	void (*open)(struct vm_area_struct *);
	void (*close)(struct vm_area_struct *);
};
struct vm_area_struct {
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_flags, vm_pgoff;
	pgprot_t vm_page_prot;
};
#define VM_PFNMAP 0x400
#define VM_MIXEDMAP 0x10000000
#define VM_DONTEXPAND 0x40000
#define VM_DONTDUMP 0x4000000
#define VM_IO 0x4000
#define VM_MAP 4
#define PAGE_KERNEL ((pgprot_t){ 0 })
static inline pgprot_t vm_get_page_prot(unsigned long flags) { return (pgprot_t){ (u32)flags }; }
static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long set) { vma->vm_flags |= set; }
static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long clear) { vma->vm_flags &= ~clear; }
static inline int vm_map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long count)
{
	(void)vma; (void)pages; (void)count;
	return 0;
}
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void vunmap(const void *address);
struct iosys_map { void *vaddr; bool is_iomem; };
static inline void iosys_map_set_vaddr(struct iosys_map *map, void *vaddr) { map->vaddr = vaddr; map->is_iomem = false; }

/* linux/scatterlist.h: an entry is one page. */
struct scatterlist {
	struct page *page;
	unsigned int offset, length;
};
struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents, orig_nents;
};

/* linux/dma-buf.h */
struct dma_buf {
	size_t size;
	int refs, attachments;
	u32 id, count, offset;
	struct page **pages;
};
struct dma_buf_attachment {
	struct dma_buf *dmabuf;
	struct device *dev;
};

#endif
