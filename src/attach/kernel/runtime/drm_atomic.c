/*
 * Atomic commits of one-plane pipes: drm_atomic.c, drm_atomic_helper.c, drm_atomic_state_helper.c, drm_simple_kms_helper.c of 6.1. What
 * matters to a driver is kept: who holds framebuffers and for how long, the order disable, plane, enable, hardware done, clean-up;
 * that a blocking commit runs under the locks of all pipes and a page flip in a work without; and when the next flip is -EBUSY.
 */
#include "drm.h"

#define WAIT (10 * HZ)

static void free_commit(struct kref *kref)
{
	struct drm_crtc_commit *commit = container_of(kref, struct drm_crtc_commit, ref);
	xk_own_free(commit, sizeof(*commit));
}

static void commit_put(struct drm_crtc_commit *commit)
{
	if (commit)
		kref_put(&commit->ref, free_commit);
}

static struct drm_crtc_commit *commit_get(struct drm_crtc_commit *commit)
{
	kref_get(&commit->ref);
	return commit;
}

static void release_commit(struct completion *completion) { commit_put(container_of(completion, struct drm_crtc_commit, flip_done)); }

/* ---- States. */

struct drm_atomic_state *xk_drm_state(struct drm_device *dev)
{
	struct drm_atomic_state *state = xk_own(sizeof(*state));
	kref_init(&state->ref);
	state->dev = dev;
	state->allow_modeset = true;
	return state;
}

static void destroy_crtc_state(struct drm_crtc_state *state)
{
	if (state->commit) {
		if (state->event && state->commit->abort_completion)
			commit_put(state->commit);
		if (state->commit->event)
			xk_kfree(state->commit->event);
		state->commit->event = NULL;
		commit_put(state->commit);
	}
	xk_own_free(state, sizeof(*state));
}

static void destroy_plane_state(struct drm_plane_state *state)
{
	drm_framebuffer_put(state->fb);
	commit_put(state->commit);
	xk_own_free(state, sizeof(*state));
}

/* drm_atomic_state_default_clear(): the states that did not become, or are no longer, the current ones. */
static void free_state(struct kref *kref)
{
	struct drm_atomic_state *state = container_of(kref, struct drm_atomic_state, ref);
	for (u32 i = 0; i < state->count; i++) {
		destroy_crtc_state(state->swapped ? state->pipes[i].old_crtc : state->pipes[i].new_crtc);
		commit_put(state->pipes[i].commit);
	}
	for (u32 i = 0; i < state->count; i++)
		destroy_plane_state(state->swapped ? state->pipes[i].old_plane : state->pipes[i].new_plane);
	xk_own_free(state, sizeof(*state));
}

void xk_drm_state_put(struct drm_atomic_state *state) { kref_put(&state->ref, free_state); }

/* A pipe takes part: copies of its current states. The caller holds its locks. */
struct xk_pipe_state *xk_drm_pipe_state(struct drm_atomic_state *state, struct drm_simple_display_pipe *pipe)
{
	for (u32 i = 0; i < state->count; i++)
		if (state->pipes[i].pipe == pipe)
			return &state->pipes[i];
	struct xk_pipe_state *part = &state->pipes[state->count++];
	part->pipe = pipe;
	part->old_crtc = pipe->crtc.state;
	part->old_plane = pipe->plane.state;
	part->new_crtc = xk_own(sizeof(*part->new_crtc));
	part->new_plane = xk_own(sizeof(*part->new_plane));
	*part->new_crtc = *part->old_crtc;
	part->new_crtc->mode_changed = part->new_crtc->active_changed = part->new_crtc->connectors_changed = false;
	part->new_crtc->commit = NULL;
	part->new_crtc->event = NULL;
	part->new_crtc->state = state;
	*part->new_plane = *part->old_plane;
	if (part->new_plane->fb)
		drm_framebuffer_get(part->new_plane->fb);
	part->new_plane->commit = NULL;
	part->new_plane->state = state;
	return part;
}

void xk_drm_set_fb(struct drm_plane_state *plane, struct drm_crtc *crtc, struct drm_framebuffer *fb)
{
	struct drm_framebuffer *old = plane->fb;
	plane->crtc = crtc;
	if (fb)
		drm_framebuffer_get(fb);
	plane->fb = fb;
	drm_framebuffer_put(old);
}

void xk_drm_set_mode(struct drm_crtc_state *crtc, const struct drm_display_mode *mode)
{
	crtc->mode.hdisplay = mode ? mode->hdisplay : 0;
	crtc->mode.vdisplay = mode ? mode->vdisplay : 0;
	crtc->enable = mode != NULL;
}

static struct xk_pipe_state *part_of(struct drm_atomic_state *state, struct drm_plane *plane)
{
	for (u32 i = 0; i < state->count; i++)
		if (&state->pipes[i].pipe->plane == plane)
			return &state->pipes[i];
	return NULL;
}

struct drm_plane_state *drm_atomic_get_new_plane_state(struct drm_atomic_state *state, struct drm_plane *plane)
{
	struct xk_pipe_state *part = part_of(state, plane);
	return part ? part->new_plane : NULL;
}

struct drm_plane_state *drm_atomic_get_old_plane_state(struct drm_atomic_state *state, struct drm_plane *plane)
{
	struct xk_pipe_state *part = part_of(state, plane);
	return part ? part->old_plane : NULL;
}

static bool needs_modeset(const struct drm_crtc_state *state)
{
	return state->mode_changed || state->active_changed || state->connectors_changed;
}

/* ---- Checks. */

static bool shows(const struct drm_plane *plane, u32 format)
{
	for (u32 i = 0; i < plane->format_count; i++)
		if (plane->formats[i] == format)
			return true;
	return false;
}

/* drm_atomic_plane_check(), drm_atomic_crtc_check() */
static int check_core(struct xk_pipe_state *part)
{
	struct drm_plane_state *plane = part->new_plane;
	const struct drm_crtc_state *crtc = part->new_crtc;
	if (!plane->crtc != !plane->fb)
		return -EINVAL;
	if (plane->crtc) {
		u32 width = plane->fb->width << 16, height = plane->fb->height << 16;
		if (!shows(&part->pipe->plane, plane->fb->format->format))
			return -EINVAL;
		if (plane->src_w > width || plane->src_x > width - plane->src_w || plane->src_h > height ||
		    plane->src_y > height - plane->src_h)
			return -ENOSPC;
	}
	if (crtc->active && !crtc->enable)
		return -EINVAL;
	if (crtc->event && !crtc->active && !part->old_crtc->active)
		return -EINVAL;
	return 0;
}

/* drm_atomic_helper_check_modeset() */
static int check_modeset(struct xk_pipe_state *part)
{
	struct drm_crtc_state *crtc = part->new_crtc;
	const struct drm_crtc_state *old = part->old_crtc;
	if (crtc->mode.hdisplay != old->mode.hdisplay || crtc->mode.vdisplay != old->mode.vdisplay)
		crtc->mode_changed = true;
	if (crtc->enable != old->enable)
		crtc->mode_changed = crtc->connectors_changed = true;
	if (crtc->active != old->active)
		crtc->active_changed = true;
	if (crtc->enable != crtc->connector)
		return -EINVAL;
	/* No driver here calls drm_vblank_init(). */
	crtc->no_vblank = true;
	if (crtc->connector != old->connector)
		crtc->connectors_changed = true;
	struct drm_simple_display_pipe *pipe = part->pipe;
	if (crtc->enable && (crtc->mode_changed || crtc->connectors_changed) && pipe->funcs->mode_valid &&
	    pipe->funcs->mode_valid(pipe, &crtc->mode) != MODE_OK)
		return -EINVAL;
	return 0;
}

/* drm_atomic_helper_check_planes() with the checks of drm_simple_kms_helper.c: the plane must cover the pipe, which cannot do without it. */
static int check_pipe(struct xk_pipe_state *part)
{
	struct drm_simple_display_pipe *pipe = part->pipe;
	struct drm_plane_state *plane = part->new_plane;
	struct drm_crtc_state *crtc = part->new_crtc;
	plane->visible = plane->fb != NULL;
	if (plane->fb) {
		if (!crtc->enable)
			return -EINVAL;
		if (plane->src_w >> 16 != plane->crtc_w || plane->src_h >> 16 != plane->crtc_h)
			return -ERANGE;
		if (plane->crtc_x || plane->crtc_y || plane->crtc_w != crtc->mode.hdisplay || plane->crtc_h != crtc->mode.vdisplay)
			return -EINVAL;
		if (pipe->funcs->check) {
			int ret = pipe->funcs->check(pipe, plane, crtc);
			if (ret)
				return ret;
		}
	}
	return crtc->enable && !plane->crtc ? -EINVAL : 0;
}

int drm_atomic_helper_check(struct drm_device *dev, struct drm_atomic_state *state)
{
	int ret = 0;
	(void)dev;
	for (u32 i = 0; i < state->count && !ret; i++)
		ret = check_modeset(&state->pipes[i]);
	for (u32 i = 0; i < state->count && !ret; i++)
		ret = check_pipe(&state->pipes[i]);
	return ret;
}

/* ---- Commits. */

static int stall_checks(struct drm_crtc *crtc, bool nonblock)
{
	struct drm_crtc_commit *commit, *stall = NULL;
	int i = 0;
	/* Under commit_lock there. Nothing here is a door call, so nobody could come between. */
	list_for_each_entry(commit, &crtc->commit_list, commit_entry) {
		if (i == 0) {
			if (!try_wait_for_completion(&commit->flip_done) && nonblock)
				return -EBUSY;
		} else {
			stall = commit_get(commit);
			break;
		}
		i++;
	}
	if (!stall)
		return 0;
	if (!xk_wait_for_completion(&stall->cleanup_done, WAIT, "answer"))
		drm_err(crtc->dev, "[CRTC:%u] cleanup_done timed out", crtc->index);
	commit_put(stall);
	return 0;
}

static int setup_commit(struct drm_atomic_state *state, bool nonblock)
{
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		struct drm_crtc_state *crtc = part->new_crtc;
		struct drm_crtc_commit *commit = xk_own(sizeof(*commit));
		init_completion(&commit->flip_done);
		init_completion(&commit->hw_done);
		init_completion(&commit->cleanup_done);
		INIT_LIST_HEAD(&commit->commit_entry);
		kref_init(&commit->ref);
		commit->crtc = &part->pipe->crtc;
		crtc->commit = commit;
		int ret = stall_checks(&part->pipe->crtc, nonblock);
		if (ret)
			return ret;
		if (!part->old_crtc->active && !crtc->active) {
			xk_complete_all(&commit->flip_done);
			continue;
		}
		if (!crtc->event) {
			commit->event = xk_kmalloc(sizeof(*commit->event), GFP_KERNEL | __GFP_ZERO, "event");
			if (!commit->event)
				return -ENOMEM;
			crtc->event = commit->event;
		}
		crtc->event->base.completion = &commit->flip_done;
		crtc->event->base.completion_release = release_commit;
		commit_get(commit);
		commit->abort_completion = true;
		part->commit = commit_get(commit);
	}
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		if (nonblock && part->old_plane->commit && !try_wait_for_completion(&part->old_plane->commit->flip_done))
			return -EBUSY;
		part->new_plane->commit = commit_get(part->new_crtc->commit);
	}
	return 0;
}

static void swap_state(struct drm_atomic_state *state)
{
	for (u32 i = 0; i < state->count; i++)
		if (state->pipes[i].old_crtc->commit)
			(void)xk_wait_for_completion(&state->pipes[i].old_crtc->commit->hw_done, 0, "work");
	for (u32 i = 0; i < state->count; i++)
		if (state->pipes[i].old_plane->commit)
			(void)xk_wait_for_completion(&state->pipes[i].old_plane->commit->hw_done, 0, "work");
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		struct drm_crtc *crtc = &part->pipe->crtc;
		WARN_ON(crtc->state != part->old_crtc);
		crtc->state = part->new_crtc;
		part->new_crtc->state = NULL;
		part->old_crtc->state = state;
		list_add(&part->new_crtc->commit->commit_entry, &crtc->commit_list);
		part->new_crtc->commit->event = NULL;
		WARN_ON(part->pipe->plane.state != part->old_plane);
		part->pipe->plane.state = part->new_plane;
		part->new_plane->state = NULL;
		part->old_plane->state = state;
	}
	state->swapped = true;
}

static void wait_for(struct drm_crtc_commit *commit, const char *what)
{
	if (!commit)
		return;
	if (!xk_wait_for_completion(&commit->hw_done, WAIT, "answer") || !xk_wait_for_completion(&commit->flip_done, WAIT, "answer"))
		drm_err(commit->crtc->dev, "[%s:%u] commit wait timed out", what, commit->crtc->index);
}

/* drm_atomic_helper_commit_tail(), which drm_atomic_helper_commit() takes when the driver names no other. */
static void commit_modeset(struct drm_atomic_state *state)
{
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		if (needs_modeset(part->new_crtc) && part->old_crtc->active && part->pipe->funcs->disable)
			part->pipe->funcs->disable(part->pipe);
	}
	/* drm_atomic_helper_update_legacy_modeset_state() */
	for (u32 i = 0; i < state->count; i++) {
		struct drm_crtc *crtc = &state->pipes[i].pipe->crtc;
		const struct drm_plane_state *plane = state->pipes[i].new_plane;
		crtc->mode = state->pipes[i].new_crtc->mode;
		crtc->enabled = state->pipes[i].new_crtc->enable;
		if (plane->crtc == crtc) {
			crtc->x = (int)(plane->src_x >> 16);
			crtc->y = (int)(plane->src_y >> 16);
		}
	}
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		bool disabling = part->old_plane->crtc && !part->new_plane->crtc;
		if ((part->new_plane->crtc || disabling) && part->pipe->funcs->update)
			part->pipe->funcs->update(part->pipe, part->old_plane);
	}
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		if (needs_modeset(part->new_crtc) && part->new_crtc->active && part->pipe->funcs->enable)
			part->pipe->funcs->enable(part->pipe, part->pipe->crtc.state, part->pipe->plane.state);
	}
	/* drm_atomic_helper_fake_vblank() */
	for (u32 i = 0; i < state->count; i++) {
		struct drm_crtc_state *crtc = state->pipes[i].new_crtc;
		if (!crtc->no_vblank)
			continue;
		xk_spin_lock(&state->dev->event_lock);
		if (crtc->event) {
			drm_crtc_send_vblank_event(crtc->crtc, crtc->event);
			crtc->event = NULL;
		}
		xk_spin_unlock(&state->dev->event_lock);
	}
	/* drm_atomic_helper_commit_hw_done(): from here on the new states may be another commit's old ones. */
	for (u32 i = 0; i < state->count; i++) {
		struct xk_pipe_state *part = &state->pipes[i];
		struct drm_crtc_commit *commit = part->new_crtc->commit;
		commit_put(part->old_crtc->commit);
		part->old_crtc->commit = commit_get(commit);
		WARN_ON(part->new_crtc->event);
		xk_complete_all(&commit->hw_done);
	}
	/* Without drm_vblank_init() there is no vertical blank to wait for. */
}

static void commit_tail(struct drm_atomic_state *state)
{
	for (u32 i = 0; i < state->count; i++)
		wait_for(state->pipes[i].old_crtc->commit, "CRTC");
	for (u32 i = 0; i < state->count; i++)
		wait_for(state->pipes[i].old_plane->commit, "PLANE");
	commit_modeset(state);
	for (u32 i = 0; i < state->count; i++) {
		struct drm_crtc_commit *commit = state->pipes[i].old_crtc->commit;
		xk_complete_all(&commit->cleanup_done);
		list_del(&commit->commit_entry);
	}
	xk_drm_state_put(state);
}

static void commit_work(struct work_struct *work) { commit_tail(container_of(work, struct drm_atomic_state, commit_work)); }

int drm_atomic_helper_commit(struct drm_device *dev, struct drm_atomic_state *state, bool nonblock)
{
	int ret = setup_commit(state, nonblock);
	(void)dev;
	if (ret)
		return ret;
	xk_init_work(&state->commit_work, commit_work, "commit");
	swap_state(state);
	kref_get(&state->ref);
	if (nonblock)
		xk_schedule_work(&state->commit_work, 0);
	else
		commit_tail(state);
	return 0;
}

/* drm_atomic_commit(), drm_atomic_nonblocking_commit() */
int xk_drm_commit(struct drm_atomic_state *state, bool nonblock)
{
	const struct drm_mode_config_funcs *funcs = state->dev->mode_config.funcs;
	for (u32 i = 0; i < state->count; i++) {
		int ret = check_core(&state->pipes[i]);
		if (ret)
			return ret;
	}
	int ret = funcs->atomic_check ? funcs->atomic_check(state->dev, state) : 0;
	if (ret)
		return ret;
	for (u32 i = 0; i < state->count; i++)
		if (!state->allow_modeset && needs_modeset(state->pipes[i].new_crtc))
			return -EINVAL;
	return funcs->atomic_commit(state->dev, state, nonblock);
}

/* drm_atomic_helper_disable_all() under all locks. */
void (drm_atomic_helper_shutdown)(struct drm_device *dev)
{
	struct drm_atomic_state *state = xk_drm_state(dev);
	xk_drm_lock_all(dev);
	for (u32 i = 0; i < dev->mode_config.num_pipe; i++) {
		struct xk_pipe_state *part = xk_drm_pipe_state(state, dev->mode_config.pipes[i]);
		part->new_crtc->active = false;
		part->new_crtc->connector = false;
		xk_drm_set_mode(part->new_crtc, NULL);
		xk_drm_set_fb(part->new_plane, NULL, NULL);
	}
	int ret = state->count > 0 ? xk_drm_commit(state, false) : 0;
	if (ret)
		DRM_ERROR("Disabling all crtc's during unload failed with %i", ret);
	xk_drm_state_put(state);
	xk_drm_unlock_all(dev);
}
