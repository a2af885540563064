/* Mode configuration, connectors and one-plane pipes: drm_mode_config.c, drm_connector.c, drm_probe_helper.c, drm_simple_kms_helper.c of 6.1. */
#include "drm.h"

void drm_mode_config_init(struct drm_device *dev)
{
	mutex_init(&dev->mode_config.mutex);
	mutex_init(&dev->mode_config.connection_mutex.mutex);
	INIT_LIST_HEAD(&dev->mode_config.fb_list);
}

static void free_left(struct drm_framebuffer *fb)
{
	fb->id = 0;
	fb->funcs->destroy(fb);
}

/* Connectors, framebuffers that nobody removed, planes and pipes. The second time there is nothing left. */
void drm_mode_config_cleanup(struct drm_device *dev)
{
	struct drm_mode_config *config = &dev->mode_config;
	while (config->num_connector > 0) {
		struct drm_connector *connector = config->connectors[--config->num_connector];
		connector->funcs->destroy(connector);
	}
	/* drm_framebuffer_free() of what is left would be a use of a device that is going: the kernel warns and does it. */
	if (config->fb_list.next)
		while (WARN_ON(!list_empty(&config->fb_list)))
			free_left(list_first_entry(&config->fb_list, struct drm_framebuffer, head));
	while (config->num_pipe > 0) {
		struct drm_simple_display_pipe *pipe = config->pipes[--config->num_pipe];
		if (pipe->plane.state) {
			drm_framebuffer_put(pipe->plane.state->fb);
			xk_own_free(pipe->plane.state, sizeof(*pipe->plane.state));
			pipe->plane.state = NULL;
		}
		if (pipe->crtc.state) {
			xk_own_free(pipe->crtc.state, sizeof(*pipe->crtc.state));
			pipe->crtc.state = NULL;
		}
	}
}

/* Everything off, with the state of a device that was just found. */
void drm_mode_config_reset(struct drm_device *dev)
{
	for (u32 i = 0; i < dev->mode_config.num_pipe; i++) {
		struct drm_simple_display_pipe *pipe = dev->mode_config.pipes[i];
		pipe->plane.state = xk_own(sizeof(*pipe->plane.state));
		pipe->plane.state->plane = &pipe->plane;
		pipe->crtc.state = xk_own(sizeof(*pipe->crtc.state));
		pipe->crtc.state->crtc = &pipe->crtc;
	}
	for (u32 i = 0; i < dev->mode_config.num_connector; i++) {
		struct drm_connector *connector = dev->mode_config.connectors[i];
		if (connector->funcs->reset)
			connector->funcs->reset(connector);
	}
}

int drm_simple_display_pipe_init(struct drm_device *dev, struct drm_simple_display_pipe *pipe,
				 const struct drm_simple_display_pipe_funcs *funcs, const u32 *formats, unsigned int format_count,
				 const u64 *format_modifiers, struct drm_connector *connector)
{
	(void)format_modifiers;
	if (dev->mode_config.num_pipe == ARRAY_SIZE(dev->mode_config.pipes) || format_count > ARRAY_SIZE(pipe->plane.formats))
		return -EINVAL;
	pipe->funcs = funcs;
	pipe->connector = connector;
	pipe->crtc.dev = pipe->plane.dev = pipe->encoder.dev = dev;
	pipe->crtc.primary = &pipe->plane;
	mutex_init(&pipe->crtc.mutex.mutex);
	INIT_LIST_HEAD(&pipe->crtc.commit_list);
	for (u32 i = 0; i < format_count; i++)
		pipe->plane.formats[i] = formats[i];
	pipe->plane.format_count = format_count;
	pipe->crtc.index = dev->mode_config.num_pipe;
	dev->mode_config.pipes[dev->mode_config.num_pipe++] = pipe;
	return 0;
}

/* ---- Connectors and modes. */

int drm_connector_init(struct drm_device *dev, struct drm_connector *connector, const struct drm_connector_funcs *funcs, int type)
{
	(void)type;
	if (dev->mode_config.num_connector == ARRAY_SIZE(dev->mode_config.connectors))
		return -EINVAL;
	connector->dev = dev;
	connector->funcs = funcs;
	connector->status = connector_status_unknown;
	INIT_LIST_HEAD(&connector->modes);
	INIT_LIST_HEAD(&connector->probed_modes);
	dev->mode_config.connectors[dev->mode_config.num_connector++] = connector;
	return 0;
}

static void remove_modes(struct list_head *modes)
{
	while (!list_empty(modes)) {
		struct drm_display_mode *mode = list_first_entry(modes, struct drm_display_mode, head);
		list_del(&mode->head);
		xk_kfree(mode);
	}
}

void drm_connector_cleanup(struct drm_connector *connector)
{
	remove_modes(&connector->modes);
	remove_modes(&connector->probed_modes);
}

void drm_atomic_helper_connector_reset(struct drm_connector *connector) { (void)connector; }
struct drm_connector_state *drm_atomic_helper_connector_duplicate_state(struct drm_connector *connector)
{
	(void)connector;
	return NULL;
}
void drm_atomic_helper_connector_destroy_state(struct drm_connector *connector, struct drm_connector_state *state)
{
	(void)connector; (void)state;
}

struct drm_display_mode *(drm_mode_create)(struct drm_device *dev)
{
	(void)dev;
	return xk_kmalloc(sizeof(struct drm_display_mode), GFP_KERNEL | __GFP_ZERO, "drm-mode");
}

void drm_display_mode_from_videomode(const struct videomode *vm, struct drm_display_mode *mode)
{
	mode->hdisplay = vm->hactive;
	mode->vdisplay = vm->vactive;
	mode->clock = vm->pixelclock / 1000;
}

void drm_mode_probed_add(struct drm_connector *connector, struct drm_display_mode *mode)
{
	list_add_tail(&mode->head, &connector->probed_modes);
}

static struct drm_simple_display_pipe *pipe_of(struct drm_connector *connector)
{
	struct drm_mode_config *config = &connector->dev->mode_config;
	for (u32 i = 0; i < config->num_pipe; i++)
		if (config->pipes[i]->connector == connector)
			return config->pipes[i];
	return NULL;
}

int drm_helper_probe_single_connector_modes(struct drm_connector *connector, u32 max_width, u32 max_height)
{
	const struct drm_connector_helper_funcs *funcs = connector->helper_private;
	struct drm_simple_display_pipe *pipe = pipe_of(connector);
	int count = 0;
	(void)max_width; (void)max_height;
	connector->status = funcs->detect_ctx ? (enum drm_connector_status)funcs->detect_ctx(connector, NULL, true) : connector_status_connected;
	remove_modes(&connector->modes);
	if (connector->status == connector_status_disconnected)
		return 0;
	funcs->get_modes(connector);
	while (!list_empty(&connector->probed_modes)) {
		struct drm_display_mode *mode = list_first_entry(&connector->probed_modes, struct drm_display_mode, head);
		list_del(&mode->head);
		if (pipe && pipe->funcs->mode_valid && pipe->funcs->mode_valid(pipe, mode) != MODE_OK) {
			xk_kfree(mode);
			continue;
		}
		list_add_tail(&mode->head, &connector->modes);
		count++;
	}
	return count;
}

void xk_drm_connector_status(struct drm_connector *connector, u32 *result)
{
	int count = connector->funcs->fill_modes(connector, ~0u, ~0u);
	result[0] = connector->status;
	result[1] = count;
	if (count > 0) {
		struct drm_display_mode *mode = list_first_entry(&connector->modes, struct drm_display_mode, head);
		result[2] = mode->hdisplay;
		result[3] = mode->vdisplay;
	}
}
