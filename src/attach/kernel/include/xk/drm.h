/* As much of DRM as a driver of one-plane pipes sees: devices, clients, GEM, framebuffers, atomic states, connectors. */
#ifndef XK_DRM_H
#define XK_DRM_H

#include <xk/memory.h>

#define DRM_ERROR(format, ...) xk_printk(3, "[drm:%s] *ERROR* " format, __func__, ##__VA_ARGS__)
#define DRM_INFO(format, ...) xk_printk(6, "[drm] " format, ##__VA_ARGS__)
#define DRM_WARN(format, ...) xk_printk(4, "[drm] " format, ##__VA_ARGS__)
#define DRM_DEBUG(format, ...) xk_no_printk(format, ##__VA_ARGS__)
#define DRM_DEBUG_DRIVER DRM_DEBUG
#define DRM_DEBUG_KMS DRM_DEBUG
#define DRM_DEV_ERROR(dev, format, ...) DRM_ERROR(format, ##__VA_ARGS__)
#define drm_err(drm, format, ...) xk_printk(3, "[drm] *ERROR* " format, ##__VA_ARGS__)
#define drm_warn(drm, format, ...) xk_printk(4, "[drm] " format, ##__VA_ARGS__)
#define drm_info(drm, format, ...) xk_printk(6, "[drm] " format, ##__VA_ARGS__)
#define drm_dbg(drm, format, ...) xk_no_printk(format, ##__VA_ARGS__)
#define drm_dbg_kms drm_dbg
#define drm_dbg_driver drm_dbg

struct drm_device;
struct drm_file;
struct drm_framebuffer;
struct drm_gem_object;
struct drm_crtc;
struct drm_plane;
struct drm_connector;
struct drm_atomic_state;
struct drm_simple_display_pipe;
struct file;
struct drm_printer;

/* drm_fourcc.h */
#define fourcc_code(a, b, c, d) ((u32)(a) | ((u32)(b) << 8) | ((u32)(c) << 16) | ((u32)(d) << 24))
#define DRM_FORMAT_RGB565 fourcc_code('R', 'G', '1', '6')
#define DRM_FORMAT_RGB888 fourcc_code('R', 'G', '2', '4')
#define DRM_FORMAT_BGR888 fourcc_code('B', 'G', '2', '4')
#define DRM_FORMAT_XRGB8888 fourcc_code('X', 'R', '2', '4')
#define DRM_FORMAT_ARGB8888 fourcc_code('A', 'R', '2', '4')
#define DRM_FORMAT_XBGR8888 fourcc_code('X', 'B', '2', '4')
#define DRM_FORMAT_ABGR8888 fourcc_code('A', 'B', '2', '4')
#define DRM_FORMAT_XRGB4444 fourcc_code('X', 'R', '1', '2')
#define DRM_FORMAT_ARGB4444 fourcc_code('A', 'R', '1', '2')
#define DRM_FORMAT_XRGB1555 fourcc_code('X', 'R', '1', '5')
#define DRM_FORMAT_ARGB1555 fourcc_code('A', 'R', '1', '5')
#define DRM_FORMAT_YUYV fourcc_code('Y', 'U', 'Y', 'V')
#define DRM_FORMAT_MOD_LINEAR 0ULL
struct drm_format_info {
	u32 format;
	u8 num_planes;
	u8 cpp[4];
	/* Pixels that share their octets: 2 for YUYV. */
	u8 hsub;
	bool has_alpha;
};

/* drm_drv.h, drm_device.h */
#define DRIVER_GEM 1
#define DRIVER_MODESET 2
#define DRIVER_ATOMIC 32
struct drm_mode_create_dumb { u32 height, width, bpp, flags, handle, pitch; u64 size; };
struct file_operations { struct module *owner; };
#define DEFINE_DRM_GEM_FOPS(name) static const struct file_operations name = { NULL }
struct drm_driver {
	u32 driver_features;
	int (*open)(struct drm_device *dev, struct drm_file *file);
	void (*postclose)(struct drm_device *dev, struct drm_file *file);
	void (*lastclose)(struct drm_device *dev);
	void (*release)(struct drm_device *dev);
	struct drm_gem_object *(*gem_create_object)(struct drm_device *dev, size_t size);
	int (*prime_handle_to_fd)(struct drm_device *dev, struct drm_file *file, u32 handle, u32 flags, int *fd);
	int (*prime_fd_to_handle)(struct drm_device *dev, struct drm_file *file, int fd, u32 *handle);
	struct drm_gem_object *(*gem_prime_import)(struct drm_device *dev, struct dma_buf *dma_buf);
	struct drm_gem_object *(*gem_prime_import_sg_table)(struct drm_device *dev, struct dma_buf_attachment *attach, struct sg_table *sgt);
	int (*gem_prime_mmap)(struct drm_gem_object *obj, struct vm_area_struct *vma);
	int (*dumb_create)(struct drm_file *file, struct drm_device *dev, struct drm_mode_create_dumb *args);
	int (*dumb_map_offset)(struct drm_file *file, struct drm_device *dev, u32 handle, u64 *offset);
	int (*dumb_destroy)(struct drm_file *file, struct drm_device *dev, u32 handle);
	const struct file_operations *fops;
	const char *name, *desc, *date;
	int major, minor, patchlevel;
};
/* drm_modeset_lock.h: a ww_mutex there. Who takes several takes them in one order here, so nobody has to back off. */
struct drm_modeset_lock { struct mutex mutex; };
struct drm_modeset_acquire_ctx { u32 flags; };

struct drm_mode_fb_cmd2 {
	u32 fb_id, width, height, pixel_format, flags;
	u32 handles[4], pitches[4], offsets[4];
	u64 modifier[4];
};
struct drm_mode_config_funcs {
	struct drm_framebuffer *(*fb_create)(struct drm_device *dev, struct drm_file *file, const struct drm_mode_fb_cmd2 *mode_cmd);
	void (*output_poll_changed)(struct drm_device *dev);
	int (*atomic_check)(struct drm_device *dev, struct drm_atomic_state *state);
	int (*atomic_commit)(struct drm_device *dev, struct drm_atomic_state *state, bool nonblock);
};
struct drm_mode_config_helper_funcs;
struct drm_mode_config {
	struct mutex mutex;
	struct drm_modeset_lock connection_mutex;
	int min_width, min_height, max_width, max_height;
	const struct drm_mode_config_funcs *funcs;
	const struct drm_mode_config_helper_funcs *helper_private;
	u32 preferred_depth;
	bool fb_modifiers_not_supported;
	/* Framebuffers by fb_list, pipes in the order of their making. */
	struct list_head fb_list;
	u32 last_fb_id;
	struct drm_simple_display_pipe *pipes[8];
	struct drm_connector *connectors[8];
	u32 num_pipe, num_connector;
};
struct drm_minor { int index; };
struct drm_device {
	struct kref ref;
	struct device *dev;
	const struct drm_driver *driver;
	void *dev_private;
	struct drm_minor *primary;
	bool registered, unplugged;
	spinlock_t event_lock;
	struct mutex object_name_lock;
	struct drm_mode_config mode_config;
	struct list_head link;
	u32 minor_object;
};
static inline bool drm_firmware_drivers_only(void) { return false; }
struct drm_device *drm_dev_alloc(const struct drm_driver *driver, struct device *parent);
void drm_dev_get(struct drm_device *dev);
void drm_dev_put(struct drm_device *dev);
int drm_dev_register(struct drm_device *dev, unsigned long flags);
void drm_dev_unregister(struct drm_device *dev);
void drm_dev_unplug(struct drm_device *dev);
bool drm_dev_enter(struct drm_device *dev, int *idx);
void drm_dev_exit(int idx);
static inline bool drm_dev_is_unplugged(struct drm_device *dev)
{
	int idx;
	if (!drm_dev_enter(dev, &idx))
		return true;
	drm_dev_exit(idx);
	return false;
}
#define drm_dev_alloc(driver, parent) (XK_AT, drm_dev_alloc(driver, parent))
#define drm_dev_put(dev) (XK_AT, drm_dev_put(dev))
#define drm_dev_register(dev, flags) (XK_AT, drm_dev_register(dev, flags))
#define drm_dev_unplug(dev) (XK_AT, drm_dev_unplug(dev))

/* drm_file.h */
struct drm_pending_event {
	struct completion *completion;
	void (*completion_release)(struct completion *completion);
	struct drm_file *file_priv;
	struct list_head link, pending_link;
};
struct drm_pending_vblank_event {
	struct drm_pending_event base;
	u32 user_data, crtc, space;
};
struct drm_file {
	struct drm_device *dev;
	u32 id;
	struct xk_handle { struct drm_gem_object *obj; u32 object; } *handles;
	u32 room;
	struct mutex fbs_lock;
	struct list_head fbs, pending_event_list, event_list, link;
	struct xk_queue event_wait;
	int event_space;
};

/* drm_gem.h */
struct drm_gem_object_funcs {
	void (*free)(struct drm_gem_object *obj);
	int (*open)(struct drm_gem_object *obj, struct drm_file *file);
	void (*close)(struct drm_gem_object *obj, struct drm_file *file);
	void (*print_info)(struct drm_printer *p, unsigned int indent, const struct drm_gem_object *obj);
	int (*pin)(struct drm_gem_object *obj);
	void (*unpin)(struct drm_gem_object *obj);
	struct sg_table *(*get_sg_table)(struct drm_gem_object *obj);
	int (*vmap)(struct drm_gem_object *obj, struct iosys_map *map);
	void (*vunmap)(struct drm_gem_object *obj, struct iosys_map *map);
	int (*mmap)(struct drm_gem_object *obj, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};
struct drm_gem_object {
	struct kref refcount;
	unsigned int handle_count;
	struct drm_device *dev;
	/* shmem_file_setup(): the page cache behind drm_gem_get_pages(). */
	struct xk_shmem *filp;
	size_t size;
	struct dma_buf *dma_buf;
	struct dma_buf_attachment *import_attach;
	const struct drm_gem_object_funcs *funcs;
	u32 object;
};
int drm_gem_object_init(struct drm_device *dev, struct drm_gem_object *obj, size_t size);
void drm_gem_private_object_init(struct drm_device *dev, struct drm_gem_object *obj, size_t size);
void drm_gem_object_release(struct drm_gem_object *obj);
void drm_gem_object_get(struct drm_gem_object *obj);
void drm_gem_object_put(struct drm_gem_object *obj);
int drm_gem_handle_create(struct drm_file *file, struct drm_gem_object *obj, u32 *handle);
int drm_gem_handle_delete(struct drm_file *file, u32 handle);
struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle);
struct page **drm_gem_get_pages(struct drm_gem_object *obj);
void drm_gem_put_pages(struct drm_gem_object *obj, struct page **pages, bool dirty, bool accessed);
void drm_gem_vm_open(struct vm_area_struct *vma);
void drm_gem_vm_close(struct vm_area_struct *vma);
#define drm_gem_object_init(dev, obj, size) (XK_AT, drm_gem_object_init(dev, obj, size))
#define drm_gem_object_put(obj) (XK_AT, drm_gem_object_put(obj))
#define drm_gem_object_put_unlocked(obj) drm_gem_object_put(obj)
#define drm_gem_handle_create(file, obj, handle) (XK_AT, drm_gem_handle_create(file, obj, handle))
#define drm_gem_get_pages(obj) (XK_AT, drm_gem_get_pages(obj))
#define drm_gem_put_pages(obj, pages, dirty, accessed) (XK_AT, drm_gem_put_pages(obj, pages, dirty, accessed))

/* drm_prime.h */
int drm_gem_prime_handle_to_fd(struct drm_device *dev, struct drm_file *file, u32 handle, u32 flags, int *fd);
int drm_gem_prime_fd_to_handle(struct drm_device *dev, struct drm_file *file, int fd, u32 *handle);
int drm_gem_prime_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
struct sg_table *drm_prime_pages_to_sg(struct drm_device *dev, struct page **pages, unsigned int count);
int drm_prime_sg_to_page_array(struct sg_table *sgt, struct page **pages, int room);
void drm_prime_gem_destroy(struct drm_gem_object *obj, struct sg_table *sg);

/* drm_framebuffer.h, drm_gem_framebuffer_helper.h */
struct drm_framebuffer_funcs {
	void (*destroy)(struct drm_framebuffer *fb);
	int (*create_handle)(struct drm_framebuffer *fb, struct drm_file *file, unsigned int *handle);
	int (*dirty)(struct drm_framebuffer *fb, struct drm_file *file, unsigned flags, unsigned color, void *clips, unsigned count);
};
struct drm_framebuffer {
	struct drm_device *dev;
	struct kref refcount;
	u32 id;
	struct list_head head, filp_head;
	const struct drm_format_info *format;
	const struct drm_framebuffer_funcs *funcs;
	unsigned int pitches[4], offsets[4];
	u64 modifier;
	unsigned int width, height;
	int flags;
	struct drm_gem_object *obj[4];
};
struct drm_framebuffer *drm_gem_fb_create_with_funcs(struct drm_device *dev, struct drm_file *file,
						     const struct drm_mode_fb_cmd2 *cmd, const struct drm_framebuffer_funcs *funcs);
void drm_gem_fb_destroy(struct drm_framebuffer *fb);
#define drm_gem_fb_create_with_funcs(dev, file, cmd, funcs) (XK_AT, drm_gem_fb_create_with_funcs(dev, file, cmd, funcs))
#define drm_gem_fb_destroy(fb) (XK_AT, drm_gem_fb_destroy(fb))
void drm_framebuffer_put(struct drm_framebuffer *fb);
static inline void drm_framebuffer_get(struct drm_framebuffer *fb) { kref_get(&fb->refcount); }

/* drm_modes.h, drm_connector.h, video/videomode.h */
enum drm_mode_status { MODE_OK = 0, MODE_NOMODE, MODE_BAD = -2, MODE_ERROR = -1 };
enum drm_connector_status { connector_status_connected = 1, connector_status_disconnected = 2, connector_status_unknown = 3 };
#define DRM_MODE_TYPE_PREFERRED 8
#define DRM_MODE_TYPE_DRIVER 64
struct drm_display_mode {
	u16 hdisplay, vdisplay;
	int clock;
	u8 type;
	struct list_head head;
};
struct videomode {
	unsigned long pixelclock;
	u32 hactive, hfront_porch, hback_porch, hsync_len;
	u32 vactive, vfront_porch, vback_porch, vsync_len;
	u32 flags;
};
struct drm_connector_helper_funcs {
	int (*get_modes)(struct drm_connector *connector);
	int (*detect_ctx)(struct drm_connector *connector, struct drm_modeset_acquire_ctx *ctx, bool force);
	enum drm_mode_status (*mode_valid)(struct drm_connector *connector, struct drm_display_mode *mode);
};
struct drm_connector_state;
struct drm_connector_funcs {
	enum drm_connector_status (*detect)(struct drm_connector *connector, bool force);
	int (*fill_modes)(struct drm_connector *connector, u32 max_width, u32 max_height);
	void (*destroy)(struct drm_connector *connector);
	void (*reset)(struct drm_connector *connector);
	struct drm_connector_state *(*atomic_duplicate_state)(struct drm_connector *connector);
	void (*atomic_destroy_state)(struct drm_connector *connector, struct drm_connector_state *state);
};
#define DRM_MODE_CONNECTOR_VIRTUAL 15
#define DRM_CONNECTOR_POLL_CONNECT 2
#define DRM_CONNECTOR_POLL_DISCONNECT 4
struct drm_connector {
	struct drm_device *dev;
	const struct drm_connector_funcs *funcs;
	const struct drm_connector_helper_funcs *helper_private;
	u8 polled;
	enum drm_connector_status status;
	struct list_head modes, probed_modes;
};
int drm_connector_init(struct drm_device *dev, struct drm_connector *connector, const struct drm_connector_funcs *funcs, int type);
void drm_connector_cleanup(struct drm_connector *connector);
static inline void drm_connector_helper_add(struct drm_connector *connector, const struct drm_connector_helper_funcs *funcs)
{
	connector->helper_private = funcs;
}
struct drm_display_mode *drm_mode_create(struct drm_device *dev);
void drm_display_mode_from_videomode(const struct videomode *vm, struct drm_display_mode *mode);
void drm_mode_probed_add(struct drm_connector *connector, struct drm_display_mode *mode);
int drm_helper_probe_single_connector_modes(struct drm_connector *connector, u32 max_width, u32 max_height);
void drm_atomic_helper_connector_reset(struct drm_connector *connector);
struct drm_connector_state *drm_atomic_helper_connector_duplicate_state(struct drm_connector *connector);
void drm_atomic_helper_connector_destroy_state(struct drm_connector *connector, struct drm_connector_state *state);
#define drm_mode_create(dev) (XK_AT, drm_mode_create(dev))

/* drm_crtc.h, drm_plane.h, drm_atomic.h, drm_simple_kms_helper.h */
struct drm_crtc_commit {
	struct drm_crtc *crtc;
	struct kref ref;
	struct completion flip_done, hw_done, cleanup_done;
	struct list_head commit_entry;
	struct drm_pending_vblank_event *event;
	bool abort_completion;
};
struct drm_crtc_state {
	struct drm_crtc *crtc;
	bool enable, active, connector;
	bool mode_changed, active_changed, connectors_changed, no_vblank;
	struct drm_display_mode mode;
	struct drm_pending_vblank_event *event;
	struct drm_crtc_commit *commit;
	struct drm_atomic_state *state;
};
struct drm_plane_state {
	struct drm_plane *plane;
	struct drm_crtc *crtc;
	struct drm_framebuffer *fb;
	int crtc_x, crtc_y;
	u32 crtc_w, crtc_h, src_x, src_y, src_w, src_h;
	bool visible;
	struct drm_crtc_commit *commit;
	struct drm_atomic_state *state;
};
struct drm_crtc {
	struct drm_device *dev;
	struct drm_modeset_lock mutex;
	struct drm_plane *primary;
	int x, y;
	bool enabled;
	struct drm_display_mode mode;
	struct drm_crtc_state *state;
	struct list_head commit_list;
	u32 index;
};
struct drm_plane {
	struct drm_device *dev;
	struct drm_plane_state *state;
	u32 formats[32];
	u32 format_count;
};
struct drm_encoder { struct drm_device *dev; };
struct drm_simple_display_pipe_funcs {
	enum drm_mode_status (*mode_valid)(struct drm_simple_display_pipe *pipe, const struct drm_display_mode *mode);
	void (*enable)(struct drm_simple_display_pipe *pipe, struct drm_crtc_state *crtc_state, struct drm_plane_state *plane_state);
	void (*disable)(struct drm_simple_display_pipe *pipe);
	int (*check)(struct drm_simple_display_pipe *pipe, struct drm_plane_state *plane_state, struct drm_crtc_state *crtc_state);
	void (*update)(struct drm_simple_display_pipe *pipe, struct drm_plane_state *old_plane_state);
	int (*prepare_fb)(struct drm_simple_display_pipe *pipe, struct drm_plane_state *plane_state);
	void (*cleanup_fb)(struct drm_simple_display_pipe *pipe, struct drm_plane_state *plane_state);
	int (*enable_vblank)(struct drm_simple_display_pipe *pipe);
	void (*disable_vblank)(struct drm_simple_display_pipe *pipe);
};
struct drm_simple_display_pipe {
	struct drm_crtc crtc;
	struct drm_plane plane;
	struct drm_encoder encoder;
	struct drm_connector *connector;
	const struct drm_simple_display_pipe_funcs *funcs;
};
/* One commit: of each pipe that takes part, the state that is not the current one: the new before the swap, the old after it. */
struct xk_pipe_state {
	struct drm_simple_display_pipe *pipe;
	struct drm_crtc_state *old_crtc, *new_crtc;
	struct drm_plane_state *old_plane, *new_plane;
	struct drm_crtc_commit *commit;
};
struct drm_atomic_state {
	struct kref ref;
	struct drm_device *dev;
	bool allow_modeset, swapped;
	struct xk_pipe_state pipes[8];
	u32 count;
	struct work_struct commit_work;
};
int drm_simple_display_pipe_init(struct drm_device *dev, struct drm_simple_display_pipe *pipe,
				 const struct drm_simple_display_pipe_funcs *funcs, const u32 *formats, unsigned int format_count,
				 const u64 *format_modifiers, struct drm_connector *connector);
void drm_mode_config_init(struct drm_device *dev);
void drm_mode_config_cleanup(struct drm_device *dev);
void drm_mode_config_reset(struct drm_device *dev);
static inline int drmm_mode_config_init(struct drm_device *dev) { drm_mode_config_init(dev); return 0; }
static inline void drm_kms_helper_poll_init(struct drm_device *dev) { (void)dev; }
static inline void drm_kms_helper_poll_fini(struct drm_device *dev) { (void)dev; }
int drm_atomic_helper_check(struct drm_device *dev, struct drm_atomic_state *state);
int drm_atomic_helper_commit(struct drm_device *dev, struct drm_atomic_state *state, bool nonblock);
void drm_atomic_helper_shutdown(struct drm_device *dev);
struct drm_plane_state *drm_atomic_get_new_plane_state(struct drm_atomic_state *state, struct drm_plane *plane);
struct drm_plane_state *drm_atomic_get_old_plane_state(struct drm_atomic_state *state, struct drm_plane *plane);
void drm_crtc_send_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *event);
#define drm_atomic_helper_shutdown(dev) (XK_AT, drm_atomic_helper_shutdown(dev))

#endif
