/* Framebuffers: drivers/gpu/drm/drm_framebuffer.c, drm_gem_framebuffer_helper.c, drm_fourcc.c of 6.1. */
#include "drm.h"

static const struct drm_format_info formats[] = {
	{ DRM_FORMAT_RGB565, 1, { 2 }, 1, false },
	{ DRM_FORMAT_RGB888, 1, { 3 }, 1, false },
	{ DRM_FORMAT_BGR888, 1, { 3 }, 1, false },
	{ DRM_FORMAT_XRGB8888, 1, { 4 }, 1, false },
	{ DRM_FORMAT_ARGB8888, 1, { 4 }, 1, true },
	{ DRM_FORMAT_XBGR8888, 1, { 4 }, 1, false },
	{ DRM_FORMAT_ABGR8888, 1, { 4 }, 1, true },
	{ DRM_FORMAT_XRGB4444, 1, { 2 }, 1, false },
	{ DRM_FORMAT_ARGB4444, 1, { 2 }, 1, true },
	{ DRM_FORMAT_XRGB1555, 1, { 2 }, 1, false },
	{ DRM_FORMAT_ARGB1555, 1, { 2 }, 1, true },
	{ DRM_FORMAT_YUYV, 1, { 2 }, 2, false },
};

const struct drm_format_info *xk_drm_format(u32 fourcc)
{
	for (u32 i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].format == fourcc)
			return &formats[i];
	return NULL;
}

/* With a reference; NULL also for one that is being destroyed. */
struct drm_framebuffer *xk_drm_fb_lookup(struct drm_device *dev, u32 id)
{
	struct drm_framebuffer *fb;
	list_for_each_entry(fb, &dev->mode_config.fb_list, head)
		if (fb->id == id && kref_read(&fb->refcount) > 0) {
			drm_framebuffer_get(fb);
			return fb;
		}
	return NULL;
}

static void free_fb(struct kref *kref)
{
	struct drm_framebuffer *fb = container_of(kref, struct drm_framebuffer, refcount);
	fb->id = 0;
	fb->funcs->destroy(fb);
}

void drm_framebuffer_put(struct drm_framebuffer *fb)
{
	if (fb)
		kref_put(&fb->refcount, free_fb);
}

struct drm_framebuffer *(drm_gem_fb_create_with_funcs)(struct drm_device *dev, struct drm_file *file,
						       const struct drm_mode_fb_cmd2 *cmd, const struct drm_framebuffer_funcs *funcs)
{
	struct drm_framebuffer *fb = xk_kmalloc(sizeof(*fb), GFP_KERNEL | __GFP_ZERO, "framebuffer");
	if (!fb)
		return ERR_PTR(-ENOMEM);
	const struct drm_format_info *info = xk_drm_format(cmd->pixel_format);
	struct drm_gem_object *obj = drm_gem_object_lookup(file, cmd->handles[0]);
	if (!obj) {
		xk_kfree(fb);
		return ERR_PTR(-ENOENT);
	}
	u64 least = (u64)(cmd->height - 1) * cmd->pitches[0] + (u64)cmd->width * info->cpp[0] + cmd->offsets[0];
	if (obj->size < least) {
		(drm_gem_object_put)(obj);
		xk_kfree(fb);
		return ERR_PTR(-EINVAL);
	}
	fb->dev = dev;
	fb->format = info;
	fb->funcs = funcs;
	fb->width = cmd->width;
	fb->height = cmd->height;
	fb->pitches[0] = cmd->pitches[0];
	fb->offsets[0] = cmd->offsets[0];
	fb->obj[0] = obj;
	INIT_LIST_HEAD(&fb->filp_head);
	kref_init(&fb->refcount);
	fb->id = ++dev->mode_config.last_fb_id;
	list_add(&fb->head, &dev->mode_config.fb_list);
	return fb;
}

/* It puts the object, takes the framebuffer off the device's list, and frees it. */
void (drm_gem_fb_destroy)(struct drm_framebuffer *fb)
{
	(drm_gem_object_put)(fb->obj[0]);
	list_del(&fb->head);
	xk_kfree(fb);
}

static int check(struct drm_device *dev, const struct drm_mode_fb_cmd2 *cmd)
{
	const struct drm_mode_config *config = &dev->mode_config;
	const struct drm_format_info *info = xk_drm_format(cmd->pixel_format);
	if ((int)cmd->width < config->min_width || (int)cmd->width > config->max_width || (int)cmd->height < config->min_height ||
	    (int)cmd->height > config->max_height)
		return -EINVAL;
	if (!info || cmd->width == 0 || cmd->height == 0)
		return -EINVAL;
	if (!cmd->handles[0])
		return -EINVAL;
	if ((u64)cmd->height * cmd->pitches[0] + cmd->offsets[0] > UINT_MAX)
		return -ERANGE;
	return cmd->pitches[0] < (u64)cmd->width * info->cpp[0] ? -EINVAL : 0;
}

int xk_drm_addfb(struct drm_file *file, struct drm_mode_fb_cmd2 *cmd)
{
	struct drm_device *dev = file->dev;
	int ret = check(dev, cmd);
	if (ret)
		return ret;
	struct drm_framebuffer *fb = dev->mode_config.funcs->fb_create(dev, file, cmd);
	if (IS_ERR(fb))
		return PTR_ERR(fb);
	cmd->fb_id = fb->id;
	xk_current->host.result[0] = fb->id;
	xk_current->host.result[4] = (u32)fb;
	xk_mutex_lock(&file->fbs_lock);
	list_add(&fb->filp_head, &file->fbs);
	xk_mutex_unlock(&file->fbs_lock);
	return 0;
}

/*
 * Take it off the planes that show it. A one-plane pipe refuses to be active without its plane, so the pipe goes off: the second round of
 * atomic_remove_fb() in the kernel, which the first one always ends in here.
 */
static int atomic_remove(struct drm_framebuffer *fb)
{
	struct drm_device *dev = fb->dev;
	int ret = 0;
	struct drm_atomic_state *state = xk_drm_state(dev);
	xk_drm_lock_all(dev);
	for (u32 i = 0; i < dev->mode_config.num_pipe; i++) {
		struct drm_simple_display_pipe *pipe = dev->mode_config.pipes[i];
		if (pipe->plane.state->fb != fb)
			continue;
		struct xk_pipe_state *part = xk_drm_pipe_state(state, pipe);
		part->new_crtc->active = false;
		part->new_crtc->connector = false;
		xk_drm_set_mode(part->new_crtc, NULL);
		xk_drm_set_fb(part->new_plane, NULL, NULL);
	}
	if (state->count > 0)
		ret = xk_drm_commit(state, false);
	xk_drm_state_put(state);
	xk_drm_unlock_all(dev);
	return ret;
}

/* drm_framebuffer_remove(), with the reference of the client's list. The kernel runs it in a work that it waits for. */
static void remove(struct drm_framebuffer *fb)
{
	if (kref_read(&fb->refcount) > 1) {
		int ret = atomic_remove(fb);
		WARN(ret, "atomic remove_fb failed with %i", ret);
	}
	drm_framebuffer_put(fb);
}

int xk_drm_rmfb(struct drm_file *file, u32 id)
{
	struct drm_framebuffer *fb = xk_drm_fb_lookup(file->dev, id), *own;
	bool found = false;
	if (!fb)
		return -ENOENT;
	xk_mutex_lock(&file->fbs_lock);
	list_for_each_entry(own, &file->fbs, filp_head)
		if (own == fb)
			found = true;
	if (found)
		list_del_init(&fb->filp_head);
	xk_mutex_unlock(&file->fbs_lock);
	drm_framebuffer_put(fb);
	if (!found)
		return -ENOENT;
	remove(fb);
	return 0;
}

/* The client is gone: those that nobody shows go first, the shown ones with a commit each. */
void xk_drm_fb_release(struct drm_file *file)
{
	struct drm_framebuffer *fb, *after;
	LIST_HEAD(shown);
	list_for_each_entry_safe(fb, after, &file->fbs, filp_head)
		if (kref_read(&fb->refcount) > 1)
			list_move_tail(&fb->filp_head, &shown);
		else {
			list_del_init(&fb->filp_head);
			drm_framebuffer_put(fb);
		}
	while (!list_empty(&shown)) {
		fb = list_first_entry(&shown, struct drm_framebuffer, filp_head);
		list_del_init(&fb->filp_head);
		remove(fb);
	}
}
