/* Guests for a test that cannot open datagram sockets: frames on stdin and stdout, ring pages and event channels on the other side.
 *
 * A frame is op (u8), domain (u8), length (u16, little endian), octets.
 *   in:  'g' the domain has appeared (its page file exists)   'x' it has gone   's' octets for the store   'v' tell the store to look at the domains
 *   out: 'r' octets from the store   'v' it was told
 * Works in $XSTUB_DIR as laid out by store-stub.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define GUESTS 16

static struct guest {
    struct xenstore_domain_interface *ring;
    int fd;
    unsigned char *out;
    size_t len;
} guests[GUESTS];

static const char *dir;
static int out_fd = -1;

static void die(const char *what) { perror(what); exit(1); }

static void address(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    snprintf(a->sun_path, sizeof a->sun_path, "%s/%s", dir, name);
}

static void notify(uint32_t port)
{
    struct sockaddr_un a;
    address(&a, "evtchn.sock");
    if (sendto(out_fd, &port, 4, 0, (void *)&a, sizeof a) != 4) die("notify");
}

static void put(const void *data, size_t len)
{
    const char *p = data;
    while (len) {
        ssize_t n = write(1, p, len);
        if (n < 0 && errno != EINTR) exit(0);
        if (n > 0) { p += n; len -= n; }
    }
}

static void frame(char op, unsigned domain, const void *data, unsigned len)
{
    unsigned char head[4] = { op, domain, len & 255, len >> 8 };
    put(head, 4);
    put(data, len);
}

static int get(void *data, size_t len)
{
    char *p = data;
    while (len) {
        ssize_t n = read(0, p, len);
        if (n == 0) return 0;
        if (n < 0 && errno != EINTR) die("read");
        if (n > 0) { p += n; len -= n; }
    }
    return 1;
}

/* Move what fits in both directions. */
static void pump(unsigned domain)
{
    struct guest *g = &guests[domain];
    int told = 0;
    if (!g->ring) return;
    for (;;) {
        uint32_t cons = g->ring->rsp_cons, prod = g->ring->rsp_prod;
        __sync_synchronize();
        /* XS_INTRODUCE may set all indices to 0 between the two loads. */
        if (cons == prod || prod - cons > XENSTORE_RING_SIZE) break;
        int full = prod - cons == XENSTORE_RING_SIZE;
        char data[XENSTORE_RING_SIZE];
        unsigned at = MASK_XENSTORE_IDX(cons), n = prod - cons;
        if (n > XENSTORE_RING_SIZE - at) n = XENSTORE_RING_SIZE - at;
        memcpy(data, g->ring->rsp + at, n);
        __sync_synchronize();
        /* Before anybody hears of it: what he does next may restart the ring. */
        g->ring->rsp_cons = cons + n;
        frame('r', domain, data, n);
        if (full) told = 1;
    }
    while (g->len) {
        uint32_t cons = g->ring->req_cons, prod = g->ring->req_prod;
        __sync_synchronize();
        unsigned at = MASK_XENSTORE_IDX(prod), n = XENSTORE_RING_SIZE - (prod - cons);
        if (n > XENSTORE_RING_SIZE - at) n = XENSTORE_RING_SIZE - at;
        if (n > g->len) n = g->len;
        if (!n) break;
        memcpy(g->ring->req + at, g->out, n);
        memmove(g->out, g->out + n, g->len -= n);
        __sync_synchronize();
        g->ring->req_prod = prod + n;
        told = 1;
    }
    if (told) notify(1000 + domain);
}

static void appear(unsigned domain)
{
    char name[32], path[256];
    struct sockaddr_un a;
    struct guest *g = &guests[domain];
    snprintf(path, sizeof path, "%s/page.%u", dir, domain);
    int fd = open(path, O_RDWR);
    if (fd < 0) die(path);
    g->ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (g->ring == MAP_FAILED) die("mmap");
    close(fd);
    snprintf(name, sizeof name, "dom.%u.sock", domain);
    address(&a, name);
    unlink(a.sun_path);
    g->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (g->fd < 0 || bind(g->fd, (void *)&a, sizeof a)) die("bind");
    g->len = 0;
}

static void vanish(unsigned domain)
{
    struct guest *g = &guests[domain];
    if (!g->ring) return;
    munmap(g->ring, 4096);
    close(g->fd);
    free(g->out);
    memset(g, 0, sizeof *g);
}

int main(void)
{
    dir = getenv("XSTUB_DIR");
    if (!dir) return 1;
    out_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (out_fd < 0) die("socket");
    for (;;) {
        struct pollfd fds[GUESTS + 1] = { { .fd = 0, .events = POLLIN } };
        unsigned owner[GUESTS + 1], n = 1, i;
        for (i = 0; i < GUESTS; i++)
            if (guests[i].ring) {
                owner[n] = i;
                fds[n++] = (struct pollfd){ .fd = guests[i].fd, .events = POLLIN };
            }
        if (poll(fds, n, -1) < 0 && errno != EINTR) die("poll");
        for (i = 1; i < n; i++)
            if (fds[i].revents) {
                uint32_t port;
                while (recv(fds[i].fd, &port, 4, MSG_DONTWAIT) == 4) {}
                pump(owner[i]);
            }
        if (fds[0].revents) {
            unsigned char head[4];
            if (!get(head, 4)) return 0;
            unsigned domain = head[1] % GUESTS, len = head[2] | head[3] << 8;
            struct guest *g = &guests[domain];
            switch (head[0]) {
            case 'g': appear(domain); break;
            case 'x': vanish(domain); break;
            case 'v': notify(1); frame('v', 0, "", 0); break;
            case 's':
                g->out = realloc(g->out, g->len + len);
                if (!g->out || !get(g->out + g->len, len)) return 1;
                g->len += len;
                pump(domain);
                break;
            }
        }
    }
}
