/* LD_PRELOAD stand-in for the few libxen* calls that a store daemon makes, so
 * it runs with no hypervisor.  State lives in $XSTUB_DIR:
 *   page.N      4096-byte shared store ring page of domain N
 *   alive.N     exists while domain N exists; contents: r (running) s (shutdown) d (dying), then a number that no other life of N has
 *   evtchn.sock dgram socket: a 4-byte port sent here is a pending event for the daemon
 *   dom.N.sock  dgram socket of guest N: gets 4 bytes per notify
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdarg.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <dlfcn.h>
#include <dirent.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <xenctrl.h>

static const char *dir(void) { const char *d = getenv("XSTUB_DIR"); return d ? d : "."; }
static int real_open(const char *p, int fl, mode_t m)
{
    static int (*f)(const char *, int, ...);
    if (!f) f = dlsym(RTLD_NEXT, "open");
    return f(p, fl, m);
}
static const char *redir(const char *p, char *buf)
{
    if (!strcmp(p, "/proc/xen/xsd_kva")) { sprintf(buf, "%s/page.0", dir()); return buf; }
    if (!strcmp(p, "/proc/xen/xsd_port")) { sprintf(buf, "%s/port.0", dir()); return buf; }
    return p;
}
int open(const char *p, int fl, ...)
{
    char b[256]; va_list ap; va_start(ap, fl); mode_t m = (fl & (O_CREAT|O_TMPFILE)) ? va_arg(ap, mode_t) : 0; va_end(ap);
    return real_open(redir(p, b), fl, m);
}
int open64(const char *p, int fl, ...)
{
    char b[256]; va_list ap; va_start(ap, fl); mode_t m = (fl & (O_CREAT|O_TMPFILE)) ? va_arg(ap, mode_t) : 0; va_end(ap);
    return real_open(redir(p, b), fl, m);
}

/* ---- event channels ---- */
struct xe { int fd; };
static struct xe gxe = { -1 };
void *xenevtchn_open(void *l, unsigned f)
{
    (void)l; (void)f;
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    gxe.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s/evtchn.sock", dir());
    unlink(a.sun_path);
    if (bind(gxe.fd, (void *)&a, sizeof a)) { perror("stub bind"); return NULL; }
    return &gxe;
}
void *xenevtchn_fdopen(void *l, int fd, unsigned f) { (void)l; (void)f; gxe.fd = fd; return &gxe; }
int xenevtchn_close(void *h) { (void)h; return 0; }
int xenevtchn_fd(void *h) { (void)h; return gxe.fd; }
static void note(int domid, uint32_t port)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "%s/dom.%d.sock", dir(), domid);
    sendto(gxe.fd, &port, 4, MSG_DONTWAIT, (void *)&a, sizeof a);
}
int xenevtchn_notify(void *h, uint32_t port)
{
    int saved = errno;
    (void)h; if (port > 1000) note(port - 1000, port);
    if (port > 1000) errno = saved;
    return 0;
}
int xenevtchn_bind_interdomain(void *h, uint32_t domid, uint32_t remote) { (void)h; (void)remote; return 1000 + domid; }
int xenevtchn_bind_unbound_port(void *h, uint32_t domid) { (void)h; return 1000 + domid; }
int xenevtchn_bind_virq(void *h, unsigned v) { (void)h; (void)v; return 1; }
int xenevtchn_unbind(void *h, uint32_t p) { (void)h; (void)p; return 0; }
int xenevtchn_unmask(void *h, uint32_t p) { (void)h; (void)p; return 0; }
/* Some of the daemon's answers are whatever errno held: what stands for a hypercall here must not change it.
 * The daemon looks only whether the port is the VIRQ's. Take all that is pending at once, so that a VIRQ never waits behind others. */
int xenevtchn_pending(void *h)
{
    uint32_t p, best = 0; int saved = errno; (void)h;
    while (recv(gxe.fd, &p, 4, MSG_DONTWAIT) == 4)
        if (p == 1 || best == 0) best = p;
    errno = saved;
    return best ? (int)best : -1;
}
/* The daemon slows down guests that write a lot while others have transactions open. Its clock runs fast here, so that nobody has to wait. */
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*f)(clockid_t, struct timespec *);
    if (!f) f = dlsym(RTLD_NEXT, "clock_gettime");
    int r = f(id, ts);
    if (!r && id == CLOCK_MONOTONIC) {
        uint64_t ns = ((uint64_t)ts->tv_sec * 1000000000u + ts->tv_nsec) * 1000u;
        ts->tv_sec = ns / 1000000000u;
        ts->tv_nsec = ns % 1000000000u;
    }
    return r;
}

/* ---- grant mapping ---- */
static void *map_page(int domid)
{
    char b[256]; sprintf(b, "%s/page.%d", dir(), domid);
    int fd = real_open(b, O_RDWR, 0);
    if (fd < 0) { errno = ESRCH; return NULL; }
    void *p = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}
void *xengnttab_open(void *l, unsigned f) { (void)l; (void)f; return &gxe; }
int xengnttab_close(void *h) { (void)h; return 0; }
int xengnttab_set_max_grants(void *h, uint32_t n) { (void)h; (void)n; return 0; }
void *xengnttab_map_grant_ref(void *h, uint32_t domid, uint32_t ref, int prot) { (void)h; (void)ref; (void)prot; return map_page(domid); }
int xengnttab_unmap(void *h, void *p, uint32_t n) { (void)h; return munmap(p, 4096 * n); }
void *xc_map_foreign_range(xc_interface *x, uint32_t domid, int size, int prot, unsigned long mfn)
{ (void)x; (void)size; (void)prot; (void)mfn; return map_page(domid); }

/* ---- domain info ---- */
static int state(int domid)
{
    char b[256], c = 'r'; sprintf(b, "%s/alive.%d", dir(), domid);
    if (domid == 0) return 'r';
    int fd = real_open(b, O_RDONLY, 0);
    if (fd < 0) return 0;
    if (read(fd, &c, 1) != 1) c = 'r';
    close(fd);
    return c;
}
static int next(unsigned first)
{
    int best = -1; DIR *d = opendir(dir()); struct dirent *e; unsigned n;
    if (first == 0) { if (d) closedir(d); return 0; }
    while (d && (e = readdir(d)))
        if (sscanf(e->d_name, "alive.%u", &n) == 1 && n >= first && (best < 0 || n < (unsigned)best)) best = n;
    if (d) closedir(d);
    return best;
}
xc_interface *xc_interface_open(xentoollog_logger *l, xentoollog_logger *b, unsigned f) { (void)l; (void)b; (void)f; return (void *)&gxe; }
int xc_interface_close(xc_interface *x) { (void)x; return 0; }
static int getinfo(uint32_t first, xc_dominfo_t *i)
{
    int n = next(first), saved = errno;
    if (n < 0) { errno = ESRCH; return -1; }
    memset(i, 0, sizeof *i);
    i->domid = n; int s = state(n);
    i->dying = s == 'd'; i->shutdown = s == 's'; i->running = s == 'r';
    errno = saved;
    return 1;
}
int xc_domain_getinfo(xc_interface *x, uint32_t first, unsigned max, xc_dominfo_t *i)
{
    (void)x;
    return max ? getinfo(first, i) : 0;
}
int xc_domain_getinfolist(xc_interface *x, uint32_t first, unsigned max, xc_domaininfo_t *i)
{
    (void)x; if (!max) return 0;
    int n = next(first);
    if (n < 0) return 0;
    memset(i, 0, sizeof *i);
    i->domain = n; int s = state(n);
    i->flags = s == 'd' ? XEN_DOMINF_dying : s == 's' ? XEN_DOMINF_shutdown : XEN_DOMINF_running;
    return 1;
}
/* ---- newer libxenmanage ---- */
void *xenmanage_open(void *l, unsigned f) { (void)l; (void)f; return &gxe; }
int xenmanage_close(void *h) { (void)h; return 0; }
static uint64_t uid(int d)
{
    char b[256], text[32] = ""; sprintf(b, "%s/alive.%d", dir(), d);
    int fd = d ? real_open(b, O_RDONLY, 0) : -1;
    if (fd >= 0) { if (read(fd, text, sizeof text - 1) < 0) text[0] = 0; close(fd); }
    return ((uint64_t)(text[0] ? atoi(text + 1) : 0) << 16) + d + 1;
}
static unsigned mstate(int d) { int s = state(d); return !s ? 8 : s == 'd' ? 1|4 : s == 's' ? 1|2 : 1; }
static struct { unsigned st; uint64_t id; } seen[33000];
int xenmanage_get_domain_info(void *h, unsigned domid, unsigned *st, unsigned *caps, uint64_t *id)
{
    (void)h; int s = state(domid);
    if (!s) { errno = ESRCH; return -1; }
    if (st) *st = mstate(domid);
    if (domid < 1000 && (!seen[domid].st || seen[domid].st == 8)) { seen[domid].st = mstate(domid); seen[domid].id = uid(domid); }
    if (caps) *caps = domid == 0 ? 7 : 0;
    if (id) *id = uid(domid);
    return 0;
}
int xenmanage_poll_changed_domain(void *h, unsigned *domid, unsigned *st, unsigned *caps, uint64_t *id)
{
    (void)h;
    for (int d = 0; d < 1000; d++) {
        unsigned s = mstate(d); if (s == 8 && (seen[d].st == 0 || seen[d].st == 8)) continue;
        uint64_t u = s == 8 ? seen[d].id : uid(d);
        if (s == seen[d].st && u == seen[d].id) continue;
        if (s != 8 && seen[d].st && seen[d].st != 8 && u != seen[d].id) { s = 8; u = seen[d].id; }
        seen[d].st = s; seen[d].id = u;
        *domid = d; if (st) *st = s; if (caps) *caps = d == 0 ? 7 : 0; if (id) *id = u;
        return 0;
    }
    errno = ENOENT; return -1;
}
/* oxenstored raises RLIMIT_NOFILE above the hard limit; pretend that worked */
#include <sys/resource.h>
int setrlimit(__rlimit_resource_t r, const struct rlimit *l) { (void)r; (void)l; return 0; }
int setrlimit64(__rlimit_resource_t r, const struct rlimit64 *l) { (void)r; (void)l; return 0; }
