/* Contexts, the door, the log, and what the kernel dies of. */
#include "kernel.h"

#define STACK 32768
#define REWIND 8192

struct xk_task *xk_current;
static struct xk_task *free_tasks;
static u32 last_wake;

static struct xk_task *task_of(struct xk_context *context) { return (struct xk_task *)context; }

static struct xk_task *task_new(void)
{
	struct xk_task *task = free_tasks;
	if (task)
		free_tasks = task->next_free;
	else
		task = xk_own(sizeof(*task) + REWIND + STACK);
	u32 stack = (u32)task + sizeof(*task) + REWIND + STACK;
	*task = (struct xk_task){ 0 };
	task->host.rewind_at = (u32)(task + 1);
	task->host.rewind_end = task->host.rewind_at + REWIND;
	task->host.stack = (stack & ~15u) - 16;
	return task;
}

struct xk_task *xk_task_new(void (*run)(void *), void *arg, const char *name)
{
	struct xk_task *task = task_new();
	task->run = run;
	task->arg = arg;
	snprintf(task->name, sizeof(task->name), "%s", name);
	return task;
}

void xk_start(struct xk_task *task)
{
	struct xk_call call = { .op = "task.start", .text = { task->name }, .start = &task->host };
	if (xk_door(&call) < 0)
		xk_die(XK_DEATH_MODEL, "the host could not start a task");
}

struct xk_context *xk_context(void) { return &task_new()->host; }

void xk_context_end(struct xk_context *context)
{
	task_of(context)->next_free = free_tasks;
	free_tasks = task_of(context);
}

/* The C stack pointer is a global of the module, which asyncify neither saves nor restores. */
__asm__(".globaltype __stack_pointer, i32\n");

static u32 stack_pointer(void)
{
	u32 value;
	__asm__ volatile("global.get __stack_pointer\n\tlocal.set %0" : "=r"(value));
	return value;
}

void xk_switch(struct xk_context *context)
{
	xk_current = task_of(context);
	__asm__ volatile("local.get %0\n\tglobal.set __stack_pointer" : : "r"(context->stack));
}

void xk_thread(struct xk_context *context)
{
	struct xk_task *task = task_of(context);
	task->run(task->arg);
	xk_settle();
}

/* Called by name, so that the linker does not wrap each export in a call of its own. */
extern void __wasm_call_ctors(void);

void xk_boot(void)
{
	__wasm_call_ctors();
	xk_boot_access();
}

/* ---- The door. */

static const char *from(struct xk_task *task, char *text, size_t room)
{
	if (!task || !task->host.place)
		return NULL;
	snprintf(text, room, "%s %s", task->host.place, task->host.function);
	return text;
}

/* Calls that a handler or a holder of a spin lock makes at most: a whole event page is some hundreds. The kernel's watchdog takes 20 seconds to bark. */
#define ATOMIC_CALLS 20000

s32 xk_door(struct xk_call *call)
{
	struct xk_task *task = xk_current;
	if (!xk_settled())
		xk_settle();
	if (task && task->atomic > 0 && ++task->atomic_calls > ATOMIC_CALLS)
		xk_die(XK_DEATH_LOOP, "20,000 accesses to shared pages by an interrupt handler, or with a spin lock held: soft lockup");
	if (task)
		task->host.stack = stack_pointer();
	xk_fuel = 0;
	xk_call(call);
	return call->status;
}

s32 xk_ask_for(const char *op, u32 a, u32 b, u32 c, u32 d, u32 *out)
{
	struct xk_call call = { .op = op, .in = { a, b, c, d } };
	xk_door(&call);
	if (out)
		*out = call.out[0];
	return call.status;
}

s32 xk_ask(const char *op, u32 a, u32 b, u32 c, u32 d) { return xk_ask_for(op, a, b, c, d, NULL); }

u32 xk_object(const char *kind)
{
	char place[128];
	struct xk_call call = { .op = "object.make", .text = { kind, from(xk_current, place, sizeof(place)) ?: "" } };
	return xk_door(&call) < 0 ? 0 : call.out[0];
}

void xk_object_drop(u32 object) { xk_ask("object.drop", object, 0, 0, 0); }

u32 xk_fresh_wake(void) { return ++last_wake; }

void xk_wake(u32 wake) { xk_ask("completion.complete", wake, 0, 0, 0); }

bool xk_sleep(u32 wake, u32 timeout, const char *why)
{
	/* ports, token, completion, display, timeout, why */
	struct xk_call call = { .op = "wait", .in = { wake, 0, timeout }, .text = { "", why } };
	return xk_door(&call) >= 0;
}

void xk_rmb(void) { xk_ask("memory.rmb", 0, 0, 0, 0); }
void xk_wmb(void) { xk_ask("memory.wmb", 0, 0, 0, 0); }
void xk_mb(void) { xk_ask("memory.mb", 0, 0, 0, 0); }

void xk_at(const char *place, const char *function)
{
	xk_current->host.place = place;
	xk_current->host.function = function;
}

/* ---- The log. */

static void note(int level, const char *format, va_list list)
{
	char text[512];
	int head = snprintf(text, sizeof(text), "<%d>", level);
	vsnprintf(text + head, sizeof(text) - head, format, list);
	size_t len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = 0;
	struct xk_call call = { .op = "driver.note", .text = { text } };
	xk_door(&call);
}

void xk_printk(int level, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	note(level, format, list);
	va_end(list);
}

void xk_warn(const char *place, const char *function, const char *test)
{
	xk_printk(4, "WARNING: %s %s: %s", place, function, test);
}

void xk_bug(const char *place, const char *function, const char *test)
{
	char text[256];
	snprintf(text, sizeof(text), "%s at %s in %s", test, place, function);
	xk_die(XK_DEATH_BUG, text);
}
