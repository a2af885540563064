/* Buffers of other drivers: drivers/gpu/drm/drm_prime.c and drivers/dma-buf/dma-buf.c of 6.1, and a driver that exports some. */
#include "drm.h"

static struct dma_buf *buffers[64];

struct dma_buf *xk_dma_buf_of(u32 id) { return id - 1 < ARRAY_SIZE(buffers) ? buffers[id - 1] : NULL; }

/* The exporter: whole pages of the guest's memory, the picture at an offset into the first. */
s32 user_prime_export(u32 size, u32 offset)
{
	u32 id = 0;
	while (id < ARRAY_SIZE(buffers) && buffers[id])
		id++;
	if (size == 0 || offset >= PAGE_SIZE)
		return -EINVAL;
	if (id == ARRAY_SIZE(buffers))
		return -EMFILE;
	struct dma_buf *dma_buf = xk_own(sizeof(*dma_buf));
	dma_buf->count = DIV_ROUND_UP(offset + size, PAGE_SIZE);
	dma_buf->size = dma_buf->count * PAGE_SIZE;
	dma_buf->offset = offset;
	dma_buf->pages = xk_own(dma_buf->count * sizeof(*dma_buf->pages));
	dma_buf->refs = 1;
	for (u32 i = 0; i < dma_buf->count; i++) {
		dma_buf->pages[i] = xk_page_alloc(true, false);
		if (!dma_buf->pages[i]) {
			xk_dma_buf_put(dma_buf);
			return -ENOMEM;
		}
	}
	dma_buf->id = id + 1;
	buffers[id] = dma_buf;
	xk_current->host.result[0] = dma_buf->id;
	return 0;
}

s32 user_prime_close(u32 id)
{
	struct dma_buf *dma_buf = xk_dma_buf_of(id);
	if (!dma_buf)
		return -EBADF;
	buffers[id - 1] = NULL;
	xk_dma_buf_put(dma_buf);
	return 0;
}

void xk_dma_buf_put(struct dma_buf *dma_buf)
{
	if (--dma_buf->refs > 0)
		return;
	for (u32 i = 0; i < dma_buf->count; i++)
		xk_put_page(dma_buf->pages[i]);
	xk_own_free(dma_buf->pages, dma_buf->count * sizeof(*dma_buf->pages));
	xk_own_free(dma_buf, sizeof(*dma_buf));
}

/* ---- The importer. */

static struct dma_buf_attachment *attach_to(struct dma_buf *dma_buf, struct device *dev)
{
	struct dma_buf_attachment *attach = xk_kmalloc(sizeof(*attach), GFP_KERNEL | __GFP_ZERO, "dma-buf-attachment");
	if (!attach)
		return ERR_PTR(-ENOMEM);
	attach->dmabuf = dma_buf;
	attach->dev = dev;
	dma_buf->attachments++;
	return attach;
}

static void detach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	dma_buf->attachments--;
	xk_kfree(attach);
}

static void free_table(struct sg_table *sgt)
{
	xk_own_free(sgt->sgl, sgt->nents * sizeof(*sgt->sgl));
	xk_kfree(sgt);
}

struct sg_table *drm_prime_pages_to_sg(struct drm_device *dev, struct page **pages, unsigned int count)
{
	struct sg_table *sgt = xk_kmalloc(sizeof(*sgt), GFP_KERNEL | __GFP_ZERO, "sg-table");
	(void)dev;
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	sgt->sgl = xk_own(count * sizeof(*sgt->sgl));
	sgt->nents = sgt->orig_nents = count;
	for (u32 i = 0; i < count; i++) {
		sgt->sgl[i].page = pages[i];
		sgt->sgl[i].length = PAGE_SIZE;
	}
	return sgt;
}

static struct sg_table *map(struct dma_buf *dma_buf)
{
	struct sg_table *sgt = drm_prime_pages_to_sg(NULL, dma_buf->pages, dma_buf->count);
	if (IS_ERR(sgt))
		return sgt;
	sgt->sgl->offset = dma_buf->offset;
	sgt->sgl->length -= dma_buf->offset;
	return sgt;
}

int drm_prime_sg_to_page_array(struct sg_table *sgt, struct page **pages, int room)
{
	for (u32 i = 0; i < sgt->nents; i++) {
		if (WARN_ON((int)i >= room))
			return -1;
		pages[i] = sgt->sgl[i].page;
	}
	return 0;
}

static struct drm_gem_object *import(struct drm_device *dev, struct dma_buf *dma_buf)
{
	if (!dev->driver->gem_prime_import_sg_table)
		return ERR_PTR(-EINVAL);
	struct dma_buf_attachment *attach = attach_to(dma_buf, dev->dev);
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	dma_buf->refs++;
	struct sg_table *sgt = map(dma_buf);
	struct drm_gem_object *obj;
	if (IS_ERR(sgt))
		obj = ERR_CAST(sgt);
	else {
		obj = dev->driver->gem_prime_import_sg_table(dev, attach, sgt);
		if (!IS_ERR(obj)) {
			obj->import_attach = attach;
			return obj;
		}
		free_table(sgt);
	}
	detach(dma_buf, attach);
	xk_dma_buf_put(dma_buf);
	return obj;
}

int drm_gem_prime_fd_to_handle(struct drm_device *dev, struct drm_file *file, int fd, u32 *handle)
{
	struct dma_buf *dma_buf = xk_dma_buf_of((u32)fd);
	if (!dma_buf)
		return -EBADF;
	dma_buf->refs++;
	/* Seen before: the handle it has already. */
	for (u32 i = 0; i < file->room; i++)
		if (file->handles[i].obj && file->handles[i].obj->dma_buf == dma_buf) {
			*handle = i + 1;
			xk_dma_buf_put(dma_buf);
			return 0;
		}
	xk_mutex_lock(&dev->object_name_lock);
	struct drm_gem_object *obj = dev->driver->gem_prime_import ? dev->driver->gem_prime_import(dev, dma_buf) : import(dev, dma_buf);
	if (IS_ERR(obj)) {
		xk_mutex_unlock(&dev->object_name_lock);
		xk_dma_buf_put(dma_buf);
		return PTR_ERR(obj);
	}
	obj->dma_buf = dma_buf;
	dma_buf->refs++;
	int ret = xk_drm_handle_create_locked(file, obj, handle);
	(drm_gem_object_put)(obj);
	xk_dma_buf_put(dma_buf);
	return ret;
}

void drm_prime_gem_destroy(struct drm_gem_object *obj, struct sg_table *sg)
{
	struct dma_buf_attachment *attach = obj->import_attach;
	if (sg)
		free_table(sg);
	struct dma_buf *dma_buf = attach->dmabuf;
	detach(dma_buf, attach);
	xk_dma_buf_put(dma_buf);
}

int drm_gem_prime_handle_to_fd(struct drm_device *dev, struct drm_file *file, u32 handle, u32 flags, int *fd)
{
	(void)dev; (void)file; (void)handle; (void)flags; (void)fd;
	xk_die(XK_DEATH_MODEL, "exporting a buffer of the driver is not modelled");
}

int drm_gem_prime_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	return obj->funcs->mmap ? obj->funcs->mmap(obj, vma) : -EINVAL;
}
