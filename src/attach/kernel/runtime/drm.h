/* What the sources of the DRM model share. */
#ifndef XK_RUNTIME_DRM_H
#define XK_RUNTIME_DRM_H

#include "kernel.h"
#include <xk/drm.h>

/* drm_minor_acquire(): the registered device on top of a bus device, with a reference; NULL when there is none. */
struct drm_device *xk_drm_acquire(struct device *parent);

void xk_drm_lock(struct drm_modeset_lock *lock);
void xk_drm_unlock(struct drm_modeset_lock *lock);
void xk_drm_lock_all(struct drm_device *dev);
void xk_drm_unlock_all(struct drm_device *dev);

/* drm_framebuffer.c */
const struct drm_format_info *xk_drm_format(u32 fourcc);
struct drm_framebuffer *xk_drm_fb_lookup(struct drm_device *dev, u32 id);
int xk_drm_addfb(struct drm_file *file, struct drm_mode_fb_cmd2 *cmd);
int xk_drm_rmfb(struct drm_file *file, u32 id);
void xk_drm_fb_release(struct drm_file *file);

/* drm_atomic.c */
struct drm_atomic_state *xk_drm_state(struct drm_device *dev);
void xk_drm_state_put(struct drm_atomic_state *state);
struct xk_pipe_state *xk_drm_pipe_state(struct drm_atomic_state *state, struct drm_simple_display_pipe *pipe);
void xk_drm_set_fb(struct drm_plane_state *plane, struct drm_crtc *crtc, struct drm_framebuffer *fb);
void xk_drm_set_mode(struct drm_crtc_state *crtc, const struct drm_display_mode *mode);
int xk_drm_commit(struct drm_atomic_state *state, bool nonblock);

/* drm_event.c */
int xk_drm_event_reserve(struct drm_file *file, struct drm_pending_vblank_event *event);
void xk_drm_event_cancel(struct drm_file *file, struct drm_pending_vblank_event *event);
void xk_drm_events_release(struct drm_file *file);

/* drm_gem.c */
int xk_drm_handle_create_locked(struct drm_file *file, struct drm_gem_object *obj, u32 *handle);
void xk_drm_gem_release(struct drm_file *file);

/* drm_prime.c */
void xk_dma_buf_put(struct dma_buf *dma_buf);
struct dma_buf *xk_dma_buf_of(u32 id);

/* drm_ioctl.c */
void xk_drm_connector_status(struct drm_connector *connector, u32 *result);

#endif
