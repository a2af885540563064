/* Events for clients: drivers/gpu/drm/drm_file.c, drm_vblank.c of 6.1. */
#include "drm.h"

#define EVENT_LENGTH 32

int xk_drm_event_reserve(struct drm_file *file, struct drm_pending_vblank_event *event)
{
	int ret = 0;
	xk_spin_lock(&file->dev->event_lock);
	if (file->event_space < EVENT_LENGTH)
		ret = -ENOMEM;
	else {
		file->event_space -= EVENT_LENGTH;
		list_add(&event->base.pending_link, &file->pending_event_list);
		event->base.file_priv = file;
	}
	xk_spin_unlock(&file->dev->event_lock);
	return ret;
}

void xk_drm_event_cancel(struct drm_file *file, struct drm_pending_vblank_event *event)
{
	xk_spin_lock(&file->dev->event_lock);
	if (event->base.file_priv) {
		event->base.file_priv->event_space += EVENT_LENGTH;
		list_del(&event->base.pending_link);
	}
	xk_spin_unlock(&file->dev->event_lock);
	xk_kfree(event);
}

/* drm_send_event_helper(): the commit is told, then the client; an event without client ends here. */
void drm_crtc_send_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *event)
{
	WARN_ON(crtc->dev->event_lock.owner != (u32)xk_current);
	if (event->base.completion) {
		xk_complete_all(event->base.completion);
		event->base.completion_release(event->base.completion);
		event->base.completion = NULL;
	}
	struct drm_file *file = event->base.file_priv;
	if (!file) {
		xk_kfree(event);
		return;
	}
	list_del(&event->base.pending_link);
	list_add_tail(&event->base.link, &file->event_list);
	xk_wake_all(&file->event_wait);
}

void xk_drm_events_release(struct drm_file *file)
{
	struct drm_pending_event *event, *after;
	xk_spin_lock(&file->dev->event_lock);
	list_for_each_entry_safe(event, after, &file->pending_event_list, pending_link) {
		list_del(&event->pending_link);
		event->file_priv = NULL;
	}
	while (!list_empty(&file->event_list)) {
		event = list_first_entry(&file->event_list, struct drm_pending_event, link);
		list_del(&event->link);
		xk_kfree(event);
	}
	xk_spin_unlock(&file->dev->event_lock);
}
