/* What clients ask of /dev/dri/card: drm_ioctl.c, drm_file.c, drm_dumb_buffers.c, drm_crtc.c, drm_plane.c of 6.1. */
#include "drm.h"
#include <xk/xen.h>

/* The longest queue of events of a client: file_priv->event_space. */
#define EVENT_SPACE 4096

extern int xk_module_init(void);
extern void xk_module_exit(void);

static LIST_HEAD(clients);
static u32 last_client;

/* A system call ends: nothing that it stored is kept back. */
static s32 done(s32 status)
{
	xk_settle();
	return status;
}

static struct drm_file *client_of(u32 id)
{
	struct drm_file *file;
	list_for_each_entry(file, &clients, link)
		if (file->id == id)
			return file;
	return NULL;
}

/* drm_ioctl(): nothing is asked of a device that was unplugged. */
static s32 enter(u32 client, struct drm_file **file)
{
	*file = client_of(client);
	if (!*file)
		return -EBADF;
	return (*file)->dev->unplugged ? -ENODEV : 0;
}

s32 user_init(void)
{
	xk_watch_start();
	return done(xk_module_init());
}

s32 user_exit(void)
{
	xk_module_exit();
	xk_watch_stop();
	return done(0);
}

s32 user_bind(u32 dev) { return done(xk_bus_bind(dev)); }

/* A device that the bus has taken away meanwhile is not bound any more, which is all that is asked for. */
s32 user_unbind(u32 dev)
{
	s32 err = xk_bus_unbind(dev);
	return done(err == -ENODEV ? 0 : err);
}

s32 user_open(u32 number)
{
	struct xenbus_device *bus = xk_bus_device(number);
	struct drm_device *dev = bus ? xk_drm_acquire(&bus->dev) : NULL;
	if (!dev)
		return done(-ENODEV);
	struct drm_file *file = xk_kmalloc(sizeof(*file), GFP_KERNEL | __GFP_ZERO, "client");
	if (!file) {
		(drm_dev_put)(dev);
		return done(-ENOMEM);
	}
	file->dev = dev;
	file->id = ++last_client;
	file->event_space = EVENT_SPACE;
	mutex_init(&file->fbs_lock);
	INIT_LIST_HEAD(&file->fbs);
	INIT_LIST_HEAD(&file->pending_event_list);
	INIT_LIST_HEAD(&file->event_list);
	list_add_tail(&file->link, &clients);
	int ret = dev->driver->open ? dev->driver->open(dev, file) : 0;
	if (ret) {
		list_del(&file->link);
		xk_kfree(file);
		(drm_dev_put)(dev);
		return done(ret);
	}
	xk_current->host.result[0] = file->id;
	return done(0);
}

/* drm_release(), drm_file_free() */
s32 user_close(u32 client)
{
	struct drm_file *file = client_of(client);
	if (!file)
		return -EBADF;
	struct drm_device *dev = file->dev;
	list_del(&file->link);
	xk_drm_events_release(file);
	xk_drm_fb_release(file);
	xk_drm_gem_release(file);
	if (dev->driver->postclose)
		dev->driver->postclose(dev, file);
	xk_kfree(file);
	(drm_dev_put)(dev);
	return done(0);
}

static void tell_object(struct drm_file *file, u32 handle, u32 pitch, u64 size)
{
	u32 *result = xk_current->host.result;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	result[0] = handle;
	result[1] = pitch;
	result[2] = lower_32_bits(size);
	result[3] = upper_32_bits(size);
	result[4] = (u32)obj;
	(drm_gem_object_put)(obj);
}

s32 user_dumb_create(u32 client, u32 width, u32 height, u32 bpp)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	/* drm_mode_create_dumb(): overflow of any of the products is refused. */
	if (!width || !height || !bpp || bpp > U32_MAX - 8)
		return done(-EINVAL);
	u32 cpp = DIV_ROUND_UP(bpp, 8);
	if (cpp > U32_MAX / width)
		return done(-EINVAL);
	u32 stride = cpp * width;
	if (height > U32_MAX / stride || PAGE_ALIGN(height * stride) == 0)
		return done(-EINVAL);
	struct drm_mode_create_dumb args = { .width = width, .height = height, .bpp = bpp };
	ret = file->dev->driver->dumb_create(file, file->dev, &args);
	if (ret == 0)
		tell_object(file, args.handle, args.pitch, args.size);
	return done(ret);
}

s32 user_dumb_destroy(u32 client, u32 handle)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	if (file->dev->driver->dumb_destroy)
		return done(file->dev->driver->dumb_destroy(file, file->dev, handle));
	return done(drm_gem_handle_delete(file, handle));
}

s32 user_prime_import(u32 client, u32 dmabuf)
{
	struct drm_file *file;
	u32 handle;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	ret = drm_gem_prime_fd_to_handle(file->dev, file, (int)dmabuf, &handle);
	if (ret == 0)
		tell_object(file, handle, 0, xk_dma_buf_of(dmabuf)->size);
	return done(ret);
}

s32 user_addfb(u32 client, u32 handle, u32 width, u32 height, u32 fourcc, u32 pitch)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	struct drm_mode_fb_cmd2 cmd = {
		.width = width, .height = height, .pixel_format = fourcc, .handles = { handle }, .pitches = { pitch },
	};
	return done(xk_drm_addfb(file, &cmd));
}

s32 user_rmfb(u32 client, u32 fb)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	return ret ? ret : done(xk_drm_rmfb(file, fb));
}

static struct drm_simple_display_pipe *pipe_of(struct drm_file *file, u32 connector)
{
	struct drm_mode_config *config = &file->dev->mode_config;
	return connector < config->num_pipe ? config->pipes[connector] : NULL;
}

/* drm_mode_setcrtc() and __drm_atomic_helper_set_config(), under the locks of all pipes. */
static s32 set_crtc(struct drm_file *file, u32 connector, u32 fb_id, u32 x, u32 y, const struct drm_display_mode *mode)
{
	struct drm_device *dev = file->dev;
	struct drm_simple_display_pipe *pipe = pipe_of(file, connector);
	struct drm_framebuffer *fb = NULL;
	s32 ret = 0;
	if (x & 0xffff0000 || y & 0xffff0000)
		return -ERANGE;
	if (!pipe)
		return -ENOENT;
	xk_drm_lock_all(dev);
	if (mode) {
		fb = xk_drm_fb_lookup(dev, fb_id);
		if (!fb)
			ret = -ENOENT;
		/* drm_crtc_check_viewport() */
		else if (mode->hdisplay > fb->width || mode->vdisplay > fb->height || x > fb->width - mode->hdisplay ||
			 y > fb->height - mode->vdisplay)
			ret = -ENOSPC;
	}
	if (ret == 0) {
		struct drm_atomic_state *state = xk_drm_state(dev);
		struct xk_pipe_state *part = xk_drm_pipe_state(state, pipe);
		xk_drm_set_mode(part->new_crtc, mode);
		part->new_crtc->active = mode != NULL;
		part->new_crtc->connector = mode != NULL;
		xk_drm_set_fb(part->new_plane, mode ? &pipe->crtc : NULL, fb);
		if (mode) {
			part->new_plane->crtc_w = mode->hdisplay;
			part->new_plane->crtc_h = mode->vdisplay;
			part->new_plane->src_x = x << 16;
			part->new_plane->src_y = y << 16;
			part->new_plane->src_w = (u32)mode->hdisplay << 16;
			part->new_plane->src_h = (u32)mode->vdisplay << 16;
		}
		ret = xk_drm_commit(state, false);
		xk_drm_state_put(state);
	}
	drm_framebuffer_put(fb);
	xk_drm_unlock_all(dev);
	return ret;
}

s32 user_mode_set(u32 client, u32 connector, u32 fb, u32 x, u32 y, u32 width, u32 height)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	struct drm_display_mode mode = { .hdisplay = (u16)width, .vdisplay = (u16)height };
	if (ret)
		return ret;
	if (width > U16_MAX || height > U16_MAX)
		return -EINVAL;
	return done(set_crtc(file, connector, fb, x, y, &mode));
}

s32 user_mode_off(u32 client, u32 connector)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	return ret ? ret : done(set_crtc(file, connector, 0, 0, 0, NULL));
}

/* drm_mode_page_flip_ioctl() and drm_atomic_helper_page_flip() */
static s32 flip(struct drm_file *file, struct drm_simple_display_pipe *pipe, u32 fb_id, u32 user_data)
{
	struct drm_plane_state *plane = pipe->plane.state;
	struct drm_framebuffer *fb;
	if (!plane->fb)
		return -EBUSY;
	fb = xk_drm_fb_lookup(file->dev, fb_id);
	if (!fb)
		return -ENOENT;
	s32 ret = 0;
	u32 width = fb->width << 16, height = fb->height << 16;
	if (plane->src_w > width || plane->src_x > width - plane->src_w || plane->src_h > height || plane->src_y > height - plane->src_h)
		ret = -ENOSPC;
	else if (plane->fb->format->format != fb->format->format)
		ret = -EINVAL;
	struct drm_pending_vblank_event *event = NULL;
	if (ret == 0) {
		event = xk_kmalloc(sizeof(*event), GFP_KERNEL | __GFP_ZERO, "event");
		if (!event)
			ret = -ENOMEM;
	}
	if (ret == 0) {
		event->user_data = user_data;
		event->crtc = pipe->crtc.index;
		ret = xk_drm_event_reserve(file, event);
		if (ret)
			xk_kfree(event);
	}
	if (ret == 0) {
		struct drm_atomic_state *state = xk_drm_state(file->dev);
		struct xk_pipe_state *part = xk_drm_pipe_state(state, pipe);
		part->new_crtc->event = event;
		xk_drm_set_fb(part->new_plane, &pipe->crtc, fb);
		state->allow_modeset = false;
		ret = part->new_crtc->active ? xk_drm_commit(state, true) : -EINVAL;
		xk_drm_state_put(state);
		if (ret)
			xk_drm_event_cancel(file, event);
	}
	drm_framebuffer_put(fb);
	return ret;
}

s32 user_page_flip(u32 client, u32 connector, u32 fb, u32 user_data)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	struct drm_simple_display_pipe *pipe = pipe_of(file, connector);
	if (!pipe)
		return done(-ENOENT);
	xk_drm_lock(&pipe->crtc.mutex);
	ret = flip(file, pipe, fb, user_data);
	xk_drm_unlock(&pipe->crtc.mutex);
	return done(ret);
}

s32 user_read_event(u32 client, u32 timeout)
{
	struct drm_file *file = client_of(client);
	if (!file)
		return -EBADF;
	while (list_empty(&file->event_list))
		if (!xk_sleep_on(&file->event_wait, timeout, "answer") && list_empty(&file->event_list))
			return done(-ETIMEDOUT);
	xk_spin_lock(&file->dev->event_lock);
	struct drm_pending_vblank_event *event = list_first_entry(&file->event_list, struct drm_pending_vblank_event, base.link);
	file->event_space += 32;
	list_del(&event->base.link);
	xk_spin_unlock(&file->dev->event_lock);
	xk_current->host.result[0] = event->user_data;
	xk_current->host.result[1] = event->crtc;
	xk_kfree(event);
	return done(0);
}

s32 user_modes(u32 client, u32 connector)
{
	struct drm_file *file;
	s32 ret = enter(client, &file);
	if (ret)
		return ret;
	struct drm_mode_config *config = &file->dev->mode_config;
	if (connector >= config->num_connector)
		return done(-ENOENT);
	xk_mutex_lock(&config->mutex);
	xk_drm_connector_status(config->connectors[connector], xk_current->host.result);
	xk_mutex_unlock(&config->mutex);
	return done(0);
}
