/* GEM objects, their handles, and the shared memory behind them: drivers/gpu/drm/drm_gem.c and mm/shmem.c of 6.1. */
#include "drm.h"

/* A shmem file: pages stay in its cache until it is closed, whoever else holds them. */
struct xk_shmem { struct page **pages; u32 count; };

void drm_gem_private_object_init(struct drm_device *dev, struct drm_gem_object *obj, size_t size)
{
	BUG_ON((size & (PAGE_SIZE - 1)) != 0);
	obj->dev = dev;
	obj->filp = NULL;
	kref_init(&obj->refcount);
	obj->handle_count = 0;
	obj->size = size;
}

int (drm_gem_object_init)(struct drm_device *dev, struct drm_gem_object *obj, size_t size)
{
	drm_gem_private_object_init(dev, obj, size);
	u32 object = xk_object("gem-object");
	if (!object)
		return -ENOMEM;
	obj->object = object;
	obj->filp = xk_own(sizeof(*obj->filp));
	return 0;
}

static void close_file(struct xk_shmem *file)
{
	for (u32 i = 0; i < file->count; i++)
		xk_put_page(file->pages[i]);
	xk_own_free(file->pages, file->count * sizeof(*file->pages));
	xk_own_free(file, sizeof(*file));
}

void drm_gem_object_release(struct drm_gem_object *obj)
{
	struct xk_shmem *file = obj->filp;
	u32 object = obj->object;
	obj->filp = NULL;
	obj->object = 0;
	if (file)
		close_file(file);
	if (object)
		xk_object_drop(object);
}

void drm_gem_object_get(struct drm_gem_object *obj) { kref_get(&obj->refcount); }

static void free_object(struct kref *kref)
{
	struct drm_gem_object *obj = container_of(kref, struct drm_gem_object, refcount);
	if (!WARN_ON(!obj->funcs->free))
		obj->funcs->free(obj);
}

void (drm_gem_object_put)(struct drm_gem_object *obj)
{
	if (obj)
		kref_put(&obj->refcount, free_object);
}

/* One reference of the page cache's and one of the table's for each page; all or none. */
struct page **(drm_gem_get_pages)(struct drm_gem_object *obj)
{
	struct xk_shmem *file = obj->filp;
	u32 count = obj->size >> PAGE_SHIFT;
	if (WARN_ON(!file))
		return ERR_PTR(-EINVAL);
	struct page **pages = xk_kcalloc(count, sizeof(*pages), GFP_KERNEL, "page-array");
	if (!pages)
		return ERR_PTR(-ENOMEM);
	if (!file->pages) {
		file->pages = xk_own(count * sizeof(*pages));
		file->count = count;
	}
	for (u32 i = 0; i < count; i++) {
		if (!file->pages[i])
			file->pages[i] = xk_page_alloc(true, false);
		if (!file->pages[i]) {
			while (i-- > 0)
				xk_put_page(pages[i]);
			xk_kfree(pages);
			return ERR_PTR(-ENOMEM);
		}
		pages[i] = file->pages[i];
		xk_get_page(pages[i]);
	}
	return pages;
}

void (drm_gem_put_pages)(struct drm_gem_object *obj, struct page **pages, bool dirty, bool accessed)
{
	(void)dirty; (void)accessed;
	for (u32 i = 0; i < obj->size >> PAGE_SHIFT; i++)
		xk_put_page(pages[i]);
	xk_kfree(pages);
}

void drm_gem_vm_open(struct vm_area_struct *vma) { (void)vma; }
void drm_gem_vm_close(struct vm_area_struct *vma) { (void)vma; }

/* ---- Handles. A handle counts in handle_count; all of them together hold one reference. */

static void handle_put(struct drm_gem_object *obj)
{
	struct drm_device *dev = obj->dev;
	bool final = false;
	if (WARN_ON(obj->handle_count == 0))
		return;
	xk_mutex_lock(&dev->object_name_lock);
	if (--obj->handle_count == 0) {
		if (obj->dma_buf) {
			xk_dma_buf_put(obj->dma_buf);
			obj->dma_buf = NULL;
		}
		final = true;
	}
	xk_mutex_unlock(&dev->object_name_lock);
	if (final)
		(drm_gem_object_put)(obj);
}

/* drm_gem_handle_create_tail(): lets object_name_lock go. */
int xk_drm_handle_create_locked(struct drm_file *file, struct drm_gem_object *obj, u32 *handle)
{
	if (obj->handle_count++ == 0)
		drm_gem_object_get(obj);
	/* idr_alloc() may find no memory. */
	u32 object = xk_object("gem-handle");
	xk_mutex_unlock(&obj->dev->object_name_lock);
	if (!object) {
		handle_put(obj);
		return -ENOMEM;
	}
	u32 at = 0;
	while (at < file->room && file->handles[at].obj)
		at++;
	if (at == file->room) {
		u32 room = file->room * 2 + 8;
		struct xk_handle *handles = xk_own(room * sizeof(*handles));
		for (u32 i = 0; i < file->room; i++)
			handles[i] = file->handles[i];
		xk_own_free(file->handles, file->room * sizeof(*handles));
		file->handles = handles;
		file->room = room;
	}
	file->handles[at].obj = obj;
	file->handles[at].object = object;
	*handle = at + 1;
	if (obj->funcs->open) {
		int ret = obj->funcs->open(obj, file);
		if (ret) {
			file->handles[at].obj = NULL;
			xk_object_drop(object);
			handle_put(obj);
			return ret;
		}
	}
	return 0;
}

int (drm_gem_handle_create)(struct drm_file *file, struct drm_gem_object *obj, u32 *handle)
{
	xk_mutex_lock(&obj->dev->object_name_lock);
	return xk_drm_handle_create_locked(file, obj, handle);
}

struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = handle - 1 < file->room ? file->handles[handle - 1].obj : NULL;
	if (obj)
		drm_gem_object_get(obj);
	return obj;
}

int drm_gem_handle_delete(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = handle - 1 < file->room ? file->handles[handle - 1].obj : NULL;
	if (!obj)
		return -EINVAL;
	u32 object = file->handles[handle - 1].object;
	file->handles[handle - 1].obj = NULL;
	if (obj->funcs->close)
		obj->funcs->close(obj, file);
	handle_put(obj);
	xk_object_drop(object);
	return 0;
}

void xk_drm_gem_release(struct drm_file *file)
{
	for (u32 i = 0; i < file->room; i++)
		drm_gem_handle_delete(file, i + 1);
	xk_own_free(file->handles, file->room * sizeof(*file->handles));
	file->handles = NULL;
	file->room = 0;
}
