/* What every kernel source may use without asking: types, error pointers, lists, bit operations, strings, printk. */
#ifndef XK_BASE_H
#define XK_BASE_H

typedef unsigned char u8, __u8, uint8_t, u_char;
typedef unsigned short u16, __u16, uint16_t;
typedef unsigned int u32, __u32, uint32_t, uint;
typedef unsigned long long u64, __u64, uint64_t;
typedef signed char s8, __s8, int8_t;
typedef short s16, __s16, int16_t;
typedef int s32, __s32, int32_t;
typedef long long s64, __s64, int64_t, loff_t;
typedef u16 __le16, __be16;
typedef u32 __le32, __be32;
typedef u64 __le64, __be64;
typedef unsigned long size_t, uintptr_t, ulong, pgoff_t;
typedef long ssize_t, intptr_t, ptrdiff_t;
typedef u64 phys_addr_t, dma_addr_t, resource_size_t;
typedef unsigned int gfp_t, fmode_t, umode_t;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
struct kref { int refcount; };

#define __force
#define __user
#define __iomem
#define __kernel
#define __rcu
#define __init
#define __exit
#define __initdata
#define __initconst
#define __read_mostly
#define __always_inline inline __attribute__((always_inline))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __scanf(a, b)
#define __cold
#define __counted_by(field)
#define noinline __attribute__((noinline))
#define fallthrough __attribute__((fallthrough))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define offsetof(type, field) __builtin_offsetof(type, field)
#define container_of(pointer, type, field) ((type *)((char *)(pointer) - offsetof(type, field)))
#define sizeof_field(type, field) sizeof(((type *)0)->field)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define round_up(x, y) ((((x) - 1) | ((__typeof__(x))((y) - 1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y) - 1)))
#define ALIGN(x, a) round_up(x, a)
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define min(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(x, low, high) min(max(x, low), high)
#define swap(a, b) do { __typeof__(a) _s = (a); (a) = (b); (b) = _s; } while (0)
#define U8_MAX 0xff
#define U16_MAX 0xffff
#define U32_MAX 0xffffffffU
#define INT_MAX 0x7fffffff
#define UINT_MAX 0xffffffffU
#define ULONG_MAX 0xffffffffUL
#define SIZE_MAX 0xffffffffUL
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define cpu_to_le32(x) (x)
#define le32_to_cpu(x) (x)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define static_assert(test, ...) _Static_assert(test, #test)
#define BUILD_BUG_ON(test) _Static_assert(!(test), #test)
#define __stringify_1(x...) #x
#define __stringify(x...) __stringify_1(x)
#define IS_ENABLED(option) 0

/* linux/errno.h; the numbers of xen/errno.h are the same. */
enum {
	EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES, EFAULT,
	EBUSY = 16, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY,
	EFBIG = 27, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK,
	ENOSYS = 38, ENODATA = 61, EPROTO = 71, EOVERFLOW = 75, EILSEQ = 84, ENOTCONN = 107, EISCONN = 106,
	EOPNOTSUPP = 95, ETIMEDOUT = 110, ECONNREFUSED = 111, EALREADY = 114, EINPROGRESS = 115, ECANCELED = 125,
	ERESTARTSYS = 512, EPROBE_DEFER = 517, ENOTSUPP = 524,
};

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)
static inline void *ERR_PTR(long error) { return (void *)error; }
static inline long PTR_ERR(const void *pointer) { return (long)pointer; }
static inline bool IS_ERR(const void *pointer) { return IS_ERR_VALUE(pointer); }
static inline bool IS_ERR_OR_NULL(const void *pointer) { return !pointer || IS_ERR(pointer); }
static inline void *ERR_CAST(const void *pointer) { return (void *)pointer; }
static inline int PTR_ERR_OR_ZERO(const void *pointer) { return IS_ERR(pointer) ? (int)PTR_ERR(pointer) : 0; }

/* linux/list.h */
struct list_head { struct list_head *next, *prev; };
#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define LIST_POISON1 ((void *)0x100)
#define LIST_POISON2 ((void *)0x122)
static inline void INIT_LIST_HEAD(struct list_head *list) { list->next = list->prev = list; }
static inline void __list_add(struct list_head *item, struct list_head *prev, struct list_head *next)
{
	next->prev = item;
	item->next = next;
	item->prev = prev;
	prev->next = item;
}
static inline void list_add(struct list_head *item, struct list_head *head) { __list_add(item, head, head->next); }
static inline void list_add_tail(struct list_head *item, struct list_head *head) { __list_add(item, head->prev, head); }
static inline void __list_del_entry(struct list_head *item)
{
	item->next->prev = item->prev;
	item->prev->next = item->next;
}
static inline void list_del(struct list_head *item)
{
	__list_del_entry(item);
	item->next = LIST_POISON1;
	item->prev = LIST_POISON2;
}
static inline void list_del_init(struct list_head *item)
{
	__list_del_entry(item);
	INIT_LIST_HEAD(item);
}
static inline void list_move_tail(struct list_head *item, struct list_head *head)
{
	__list_del_entry(item);
	list_add_tail(item, head);
}
static inline int list_empty(const struct list_head *head) { return READ_ONCE(head->next) == head; }
#define list_entry(pointer, type, field) container_of(pointer, type, field)
#define list_first_entry(head, type, field) list_entry((head)->next, type, field)
#define list_first_entry_or_null(head, type, field) (list_empty(head) ? NULL : list_first_entry(head, type, field))
#define list_next_entry(item, field) list_entry((item)->field.next, __typeof__(*(item)), field)
#define list_for_each_entry(item, head, field) \
	for (item = list_first_entry(head, __typeof__(*item), field); &item->field != (head); item = list_next_entry(item, field))
#define list_for_each_entry_safe(item, after, head, field) \
	for (item = list_first_entry(head, __typeof__(*item), field), after = list_next_entry(item, field); \
	     &item->field != (head); item = after, after = list_next_entry(after, field))

/* linux/string.h */
void *memset(void *to, int value, size_t count);
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
char *strchr(const char *text, int octet);
char *strcpy(char *to, const char *from);
ssize_t strscpy(char *to, const char *from, size_t room);

/* linux/kernel.h, linux/printk.h */
typedef __builtin_va_list va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_end(list) __builtin_va_end(list)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_copy(to, from) __builtin_va_copy(to, from)
int vsnprintf(char *to, size_t room, const char *format, va_list list);
__printf(3, 4) int snprintf(char *to, size_t room, const char *format, ...);
__printf(3, 4) int scnprintf(char *to, size_t room, const char *format, ...);
__printf(2, 3) int sprintf(char *to, const char *format, ...);
int vsscanf(const char *text, const char *format, va_list list);
int sscanf(const char *text, const char *format, ...);
unsigned long simple_strtoul(const char *text, char **end, unsigned int base);
int kstrtouint(const char *text, unsigned int base, unsigned int *value);
int kstrtoint(const char *text, unsigned int base, int *value);
/* One line of the kernel's log: a driver.note. `level` as KERN_*: 0 to 7. */
__printf(2, 3) void xk_printk(int level, const char *format, ...);
/* Evaluates nothing and still lets the compiler check: for what a kernel prints only when asked to. */
#define xk_no_printk(format, ...) ({ if (0) xk_printk(7, format, ##__VA_ARGS__); })
#define KBUILD_MODNAME "xen_drm_front"
#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_err(format, ...) xk_printk(3, pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) xk_printk(4, pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) xk_printk(5, pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) xk_printk(6, pr_fmt(format), ##__VA_ARGS__)
#define pr_debug(format, ...) xk_no_printk(format, ##__VA_ARGS__)
#define pr_err_once pr_err
#define pr_warn_once pr_warn
#define pr_err_ratelimited pr_err
#define pr_warn_ratelimited pr_warn
#define printk(format, ...) xk_printk(6, format, ##__VA_ARGS__)
#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_INFO ""
#define KERN_DEBUG ""

/*
 * Where the driver is: kept in the running context by the macros around those kernel functions that make, free, lend or wait, so that
 * an object knows the line that made it and a finding the last line that was passed.
 */
void xk_at(const char *place, const char *function);
#define XK_AT xk_at(__FILE_NAME__ ":" __stringify(__LINE__), __func__)

/* linux/bug.h: BUG() ends the kernel, WARN() is a line of the log at level 4 that begins with WARNING. */
__attribute__((noreturn)) void xk_bug(const char *place, const char *function, const char *test);
void xk_warn(const char *place, const char *function, const char *test);
#define BUG() xk_bug(__FILE_NAME__ ":" __stringify(__LINE__), __func__, "BUG()")
#define BUG_ON(test) do { if (unlikely(test)) xk_bug(__FILE_NAME__ ":" __stringify(__LINE__), __func__, "BUG_ON(" #test ")"); } while (0)
#define WARN_ON(test) ({ \
	bool _warn = !!(test); \
	if (unlikely(_warn)) \
		xk_warn(__FILE_NAME__ ":" __stringify(__LINE__), __func__, "WARN_ON(" #test ")"); \
	unlikely(_warn); })
#define WARN_ON_ONCE(test) WARN_ON(test)
#define WARN(test, format, ...) ({ bool _w = WARN_ON(test); if (_w) xk_printk(4, format, ##__VA_ARGS__); _w; })
#define WARN_ONCE WARN

/*
 * linux/atomic.h, linux/kref.h. Plain: contexts change at door calls only. `xk_kref_get` says so when a count comes back from 0, which
 * lib/refcount.c would.
 */
static inline int atomic_read(const atomic_t *v) { return v->counter; }
static inline void atomic_set(atomic_t *v, int value) { v->counter = value; }
static inline void atomic_inc(atomic_t *v) { v->counter++; }
static inline void atomic_dec(atomic_t *v) { v->counter--; }
static inline int atomic_inc_return(atomic_t *v) { return ++v->counter; }
static inline bool atomic_dec_and_test(atomic_t *v) { return --v->counter == 0; }
static inline void kref_init(struct kref *kref) { kref->refcount = 1; }
static inline void kref_get(struct kref *kref)
{
	if (kref->refcount <= 0)
		xk_warn(__FILE_NAME__, __func__, "refcount_t: addition on 0; use-after-free.");
	kref->refcount++;
}
static inline int kref_put(struct kref *kref, void (*release)(struct kref *))
{
	if (kref->refcount <= 0) {
		xk_warn(__FILE_NAME__, __func__, "refcount_t: underflow; use-after-free.");
		return 0;
	}
	if (--kref->refcount > 0)
		return 0;
	release(kref);
	return 1;
}
static inline unsigned int kref_read(const struct kref *kref) { return (unsigned int)kref->refcount; }

/* asm/barrier.h, virt_*: what the peer's processor sees. The smp_* ones are barriers just the same. */
void xk_rmb(void);
void xk_wmb(void);
void xk_mb(void);
#define barrier() __asm__ __volatile__("" ::: "memory")
#define rmb() xk_rmb()
#define wmb() xk_wmb()
#define mb() xk_mb()
#define smp_rmb() xk_rmb()
#define smp_wmb() xk_wmb()
#define smp_mb() xk_mb()
#define virt_rmb() xk_rmb()
#define virt_wmb() xk_wmb()
#define virt_mb() xk_mb()
#define virt_store_mb(var, value) do { WRITE_ONCE(var, value); xk_mb(); } while (0)
#define cpu_relax() barrier()

/* linux/module.h, linux/init.h */
struct module;
#define THIS_MODULE ((struct module *)0)
#define MODULE_DESCRIPTION(text)
#define MODULE_AUTHOR(text)
#define MODULE_LICENSE(text)
#define MODULE_ALIAS(text)
#define MODULE_IMPORT_NS(name)
#define MODULE_DEVICE_TABLE(type, name)
#define MODULE_PARM_DESC(name, text)
#define module_param(name, type, perm)
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define module_init(function) int xk_module_init(void) { return function(); }
#define module_exit(function) void xk_module_exit(void) { function(); }

#endif
