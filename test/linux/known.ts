/**
 * What the suite finds in the Linux driver, each finding confirmed by reading the driver's source: the baselines and docs/LINUX.md are made from this.
 *
 * `lists` are baseline entries: a rule, the form of what it says, and the form of the cases' ids when it is not every case. An expectation that is not
 * met because of a defect stands with that defect.
 */

export interface Defect {
	id: string;
	title: string;
	/** Entries of the catalogue of bugs, src/spec/bugs.ts. */
	bugs: readonly string[];
	/**
	 * - `bug`: the driver is wrong by the protocol, by the rules of its kernel, or by the promises that every PV driver owes.
	 * - `strictness`: the rule or scenario asks for more than the driver's interface to its clients or to its kernel lets it give.
	 */
	verdict: "bug" | "strictness";
	/** Functions of the driver where it is wrong, the telling line of the first by a part of its text. */
	where: { file: string; function: string; line: string };
	/** What the source does, and why that is wrong. */
	says: string;
	lists: readonly { rule: string; message?: string; case?: string }[];
	/** Case whose story the document tells. */
	story: string;
}

const FRONT = "drivers/gpu/drm/xen/xen_drm_front.c";
const GEM = "drivers/gpu/drm/xen/xen_drm_front_gem.c";
const KMS = "drivers/gpu/drm/xen/xen_drm_front_kms.c";
const EVTCHNL = "drivers/gpu/drm/xen/xen_drm_front_evtchnl.c";
const CFG = "drivers/gpu/drm/xen/xen_drm_front_cfg.c";
const SHBUF = "drivers/xen/xen-front-pgdir-shbuf.c";

/** An expectation of these cases is not met because of the defect. */
const unmet = (message: string, ...cases: string[]) =>
	cases.map((one) => ({ rule: "expectation", message, case: one }));

export const DEFECTS: readonly Defect[] = [
	{
		id: "L01",
		title: "Each event channel is closed twice",
		bugs: [],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "evtchnl_free",
			line: "xenbus_free_evtchn(front_info->xb_dev, evtchnl->port)",
		},
		says: "`unbind_from_irqhandler` closes the port of a channel itself (`__unbind_from_irq` calls `xen_evtchn_close`); the line after it closes the same number again. In between the number is free: another driver may have got it, and loses its port. Else the hypercall fails and an error node is written.",
		lists: [
			{
				rule: "give-back-once",
				message: "evtchn.close port=* gives back a port that is not open",
			},
			{
				rule: "port-use",
				message: "evtchn.close port=*: port * is not open, or not its own",
			},
		],
		story: "connect.unbind-connected",
	},
	{
		id: "L02",
		title: "A create that fails early leaks the buffer object",
		bugs: ["B01"],
		verdict: "bug",
		where: { file: GEM, function: "gem_create", line: "fail:" },
		says: "Every failure after `gem_create_obj` goes to a label that prints and returns the error. The page array is freed on one of the paths, the object on none.",
		lists: [
			{
				rule: "leak-objects",
				message: '* object* never given back; *gem_create_obj" by fe*',
			},
			...unmet("fe.objects changed over gem.create", "balloon.*", "grants.*"),
		],
		story: "balloon.take-fails[pages=469,nth=469]",
	},
	{
		id: "L03",
		title: "Unwinding ends grant reference 0, once for each slot not filled",
		bugs: ["B07"],
		verdict: "bug",
		where: {
			file: SHBUF,
			function: "alloc_storage",
			line: "buf->grefs = kcalloc",
		},
		says: "The list of references is zero-filled, and `xen_front_pgdir_shbuf_free` takes every value but INVALID_GRANT_REF, which is all ones, for a grant of its own. Reference 0 belongs to the console.",
		lists: [
			{
				rule: "reserved-references",
				message: "grant.end ref=0 by * touches reference 0*",
			},
		],
		story: "grants.table-full[free=1]",
	},
	{
		id: "L04",
		title: "A shared buffer whose allocation failed is freed twice",
		bugs: [],
		verdict: "bug",
		where: {
			file: SHBUF,
			function: "xen_front_pgdir_shbuf_alloc",
			line: "xen_front_pgdir_shbuf_free(buf);",
		},
		says: "On failure `xen_front_pgdir_shbuf_alloc` frees the list of references and the directory and leaves both pointers as they are; its caller `xen_drm_front_dbuf_create` goes on to `dbuf_free`, which walks the freed list and frees both again.",
		lists: [
			{
				rule: "survives",
				message:
					'task "gem.create" crashed: use-after-free*xen-front-pgdir-shbuf.c:* in alloc_storage*',
			},
			...unmet("fe.pages changed over gem.create", "grants.*"),
		],
		story: "grants.table-full[free=1]",
	},
	{
		id: "L05",
		title: "A failure in the middle of the transport leaks all before it",
		bugs: ["B08"],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "xen_drm_front_evtchnl_create_all",
			line: "front_info->num_evt_pairs = cfg->num_connectors",
		},
		says: "The number of channel pairs is stored when all of them are made, and the clean-up counts up to it: to 0. The array is freed, what it named is lost.",
		lists: [
			"leak-grants",
			"leak-objects",
			"leak-pages",
			"leak-ports",
			"leak-references",
		]
			.map((rule): { rule: string; case: string } => ({
				rule,
				case: "grants.transport-fails*",
			}))
			.concat(
				unmet("fe.grants is not as expected", "grants.transport-fails*"),
				unmet("fe.ports is not as expected", "grants.transport-fails*"),
			),
		story:
			"grants.transport-fails[call=evtchn.alloc-unbound,nth=3,error=-ENOSPC]",
	},
	{
		id: "L06",
		title:
			"Removed, or closed by its backend, before Connected, it keeps everything",
		bugs: ["B10"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_drv_fini",
			line: "if (!drm_info)",
		},
		says: "All that takes the transport down stands behind the question whether the DRM device is there, which it is only from Connected on. Rings, grants, ports, interrupts and the published nodes of a frontend that is Initialised stay, also when a later connection makes them anew.",
		lists: [
			{ rule: "leak-grants", message: "*never given back; *by grant.access *" },
			{
				rule: "leak-pages",
				message: "*never given back; *by page.alloc zeroed *",
			},
			{
				rule: "leak-ports",
				message: "*never given back; *by evtchn.alloc-unbound *",
			},
			{
				rule: "leak-references",
				message: "*never given back; *by grant.claim *",
			},
			{
				rule: "closed-is-empty",
				message: "the frontend of device * went to Closed with *",
			},
			{
				rule: "leak-objects",
				message: '*never given back; *name="xen_drm_front_evtchnl.c:*',
			},
			...unmet(
				"fe.grants is not as expected",
				"connect.*",
				"hostile-backend.versions-*",
				"hostile-backend.state-jumps-connected*",
				"grants.store-full*",
				"sweeps.*",
				"versions.*",
			),
			...unmet(
				"fe.ports is not as expected",
				"connect.*",
				"hostile-backend.versions-*",
				"grants.store-full*",
				"sweeps.*",
				"versions.*",
			),
			...unmet(
				"fe.pages is not as expected",
				"hostile-backend.versions-*",
				"hostile-backend.state-jumps-connected*",
			),
			...unmet("fe.node(*) is not as expected", "connect.unbind-initialised*"),
		],
		story: "connect.unbind-initialised",
	},
	{
		id: "L07",
		title: "It stands in Initialised for ever when the backend gives up there",
		bugs: ["B11"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "displback_disconnect",
			line: "if (!front_info->drm_info)",
		},
		says: "A backend that goes to Closed, or back to InitWait, while the frontend is Initialised is not answered: there is no DRM device to disconnect, and the branch for InitWait wants state Initialising, which nobody sets.",
		lists: [
			{
				rule: "reconnects",
				message:
					"device * stands at frontend Initialised, backend Closed for *",
			},
			...unmet(
				"fe.state is not as expected",
				"backend-death.restarted-while-initialised",
				"grants.backend-cannot-bind*",
				"hostile-backend.versions-unusable*",
				"sweeps.backend-*",
				"versions.none-in-common",
			),
			...unmet(
				"be.state is not as expected",
				"backend-death.restarted-while-initialised",
				"sweeps.backend-*",
			),
			...unmet(
				"device 0 of fe did not become Connected within *",
				"versions.read-anew",
			),
		],
		story: "backend-death.restarted-while-initialised",
	},
	{
		id: "L08",
		title: "Request slots are not cleared",
		bugs: ["B13"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "be_prepare_req",
			line: "req = RING_GET_REQUEST",
		},
		says: "A request is built where it lies, and only its own fields are stored: what the last request or response left in the slot travels on. The flags of DBUF_CREATE are or-ed to it.",
		lists: [
			{ rule: "reserved-zero" },
			...unmet("mode.set sent another request", "buffers.used-slots"),
		],
		story: "buffers.used-slots",
	},
	{
		id: "L09",
		title: "A full ring is overwritten",
		bugs: ["B14"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "be_prepare_req",
			line: "req = RING_GET_REQUEST",
		},
		says: "Nobody asks whether a slot is free. Each call waits 3 s and goes on; after as many unanswered requests as there are slots the next one is written over a request that the backend has not read, and `req_prod` leaves its window.",
		lists: [
			{ rule: "ring-bounds" },
			...unmet("gem.create failed", "buffers.full-ring"),
			...unmet("no response came to gem.create", "buffers.full-ring"),
			{
				rule: "asked-for",
				message: "fb.destroy succeeded, and its FB_DETACH of * was not sent *",
				case: "framebuffers.ring-full",
			},
		],
		story: "buffers.full-ring",
	},
	{
		id: "L10",
		title:
			"Time-out and destroy end grants and free pages that the backend may have mapped",
		bugs: ["B18"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_front_dbuf_destroy",
			line: "if (!be_alloc)",
		},
		says: "When no answer comes in time, DBUF_CREATE and DBUF_DESTROY give the buffer up as if it had been refused. `gnttab_end_foreign_access` gets no page, so a grant that is still in use is ended later and its page goes back to the allocator now. `xenbus_teardown_ring` does the same with ring pages.",
		lists: [
			{ rule: "page-lifetime" },
			...unmet(
				"fe.grants is not as expected",
				"buffers.silent-backend",
				"framebuffers.display-holds",
				"hostile-backend.*",
			),
			...unmet(
				"fe.grants changed otherwise over gem.create",
				"hostile-backend.no-reply-create*",
			),
		],
		story: "hostile-backend.no-reply-create[pages=1]",
	},
	{
		id: "L11",
		title: "No version is chosen, and version 2 is used all the same",
		bugs: ["B22"],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "xen_drm_front_evtchnl_publish_all",
			line: "xenbus_transaction_start",
		},
		says: "The backend's list is not read and no choice is written, which means version 1. An imported buffer sends `data_ofs` whatever the list says.",
		lists: [
			{ rule: "version-chosen" },
			...unmet("fe.node(version) is not as expected", "versions.choice"),
			...unmet("prime.import succeeded", "versions.import-in-version-1"),
			...unmet(
				"fe.pages changed over prime.import",
				"versions.import-in-version-1",
			),
		],
		story: "versions.import-in-version-1",
	},
	{
		id: "L12",
		title: "Indexes of the backend are believed",
		bugs: ["B23"],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "evtchnl_interrupt_evt",
			line: "prod = page->in_prod",
		},
		says: "`rsp_prod` and `in_prod` are looped to, whatever they are, with a spin lock held and interrupts off: up to 2^32 turns over slots that were taken before. `in_cons`, the frontend's own, is read back from the shared page.",
		lists: [
			{ rule: "bad-index" },
			{
				rule: "survives",
				message: 'task "irq/* vdispl" crashed: endless-loop*',
			},
			...unmet(
				"fe.state is not as expected",
				"hostile-backend.index-left-standing*",
			),
			...unmet(
				"fe.ring(0).in_cons is not as expected",
				"hostile-backend.frontends-words*",
			),
		],
		story: "hostile-backend.in-prod-ahead[ahead=4294967295]",
	},
	{
		id: "L13",
		title: "A client that closes its file after an unbind meets freed memory",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_front_gem_object_free",
			line: "dbuf_free(&drm_info->front_info->dbuf_list",
		},
		says: "`front_info` is device-managed and goes with the unbind; the DRM device lives on until the last client has closed its file, and then looks for its buffers in the list that `front_info` held. With backend-allocated buffers `xen_drm_drv_release` also switches the state of the device that is gone.",
		lists: [
			{
				rule: "survives",
				message:
					'task "*" crashed: use-after-free*devm object made at xen_drm_front.c:* in xen_drv_probe*',
			},
			...unmet(
				"fe.state is not as expected",
				"connect.unbind-in-a-flip",
				"guests.independent",
			),
		],
		story: "connect.unbind-with-buffers",
	},
	{
		id: "L14",
		title: "Channels are freed under a request that waits",
		bugs: [],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "evtchnl_free",
			line: "complete_all(&evtchnl->u.req.completion)",
		},
		says: "When the backend goes, waiters are woken and the channels are freed at once. A dumb create is under no `drm_dev_enter`, so it wakes up in freed memory: it reads the response's status there and unlocks a mutex that is no more.",
		lists: [
			{
				rule: "survives",
				message:
					'task "gem.create" crashed: use-after-free*in xen_drm_front_evtchnl_create_all*',
			},
			...unmet(
				"fe.state is not as expected",
				"hostile-backend.closes-mid-request*",
			),
		],
		story: "hostile-backend.closes-mid-request[state=Closed]",
	},
	{
		id: "L15",
		title: "A buffer that the backend never had is destroyed there",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_front_gem_object_free",
			line: "xen_drm_front_dbuf_destroy(drm_info->front_info",
		},
		says: "When a create was refused or could not be sent, dropping the last reference of the object sends DBUF_DESTROY for its cookie: of a buffer that does not exist, or that another guest of the same backend has under that address.",
		lists: [
			{
				rule: "cookies",
				message:
					"DBUF_DESTROY on connector * names the buffer *, which is not live",
			},
			...unmet(
				"fe.waiting is not as expected",
				"buffers.silent-backend",
				"hostile-backend.closes-mid-request*",
			),
			...unmet(
				"the next request on connector 0 is no DBUF_CREATE but DBUF_DESTROY *",
				"hostile-backend.reply-twice-in-flight",
				"hostile-backend.answers-out-of-order",
			),
		],
		story: "hostile-backend.refuses-everything[status=-ENOMEM]",
	},
	{
		id: "L16",
		title: "A page that could not be unmapped goes back to the balloon",
		bugs: ["B05"],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "dbuf_free",
			line: "xen_front_pgdir_shbuf_unmap(&buf->shbuf)",
		},
		says: "The result of the unmap is printed and dropped; with the object its frame numbers go back, one of them with the backend's page still behind it.",
		lists: [
			{
				rule: "balloon-books",
				message:
					"balloon.give gfn=* returns a frame number at which a foreign page is mapped *",
			},
			{
				rule: "give-back-once",
				message: "balloon.give gfn=* gives back a frame number *",
			},
			{ rule: "leak-balloon", case: "grants.unmap-fails*" },
			{ rule: "leak-mappings", case: "grants.unmap-fails*" },
			...unmet("fe.maps is not as expected", "grants.unmap-fails*"),
			...unmet("fe.ballooned is not as expected", "grants.unmap-fails*"),
			...unmet("be.grants is not as expected", "grants.unmap-fails*"),
		],
		story: "grants.unmap-fails[nth=5]",
	},
	{
		id: "L17",
		title: "SET_CONFIG tells of the framebuffer, not of the mode",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "display_enable",
			line: "xen_drm_front_mode_set(pipeline, crtc->x, crtc->y",
		},
		says: "Width and height are those of the framebuffer, x and y the place in it where the picture begins. A framebuffer larger than the connector, or a picture that begins within it, becomes a mode outside the connector, which the backend refuses.",
		lists: [
			{
				rule: "sizes-agree",
				message:
					"SET_CONFIG on connector * sets a mode of * on a connector of *",
			},
			{
				rule: "asked-for",
				message: "the SET_CONFIG that was sent for mode.set says *",
			},
			...unmet("mode.set sent a request", "config.outside*"),
			...unmet("mode.set succeeded", "config.outside*"),
			...unmet(
				"the response to SET_CONFIG * is not as expected",
				"config.*",
				"connect.read-anew-connectors",
			),
			...unmet("display(0).shown is not as expected", "config.*"),
		],
		story: "config.two-connectors",
	},
	{
		id: "L18",
		title: "A refused mode is reported as set",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "display_enable",
			line: "Failed to enable display",
		},
		says: "A refused or unanswered SET_CONFIG is printed and a flag is set that nobody returns to the client; its call succeeds. (Of DRM's enable callback nothing else can be had: the mode would have to be asked for in the check.)",
		lists: [
			{ rule: "refused-undone", message: "mode.set succeeded although *" },
			...unmet("mode.set succeeded", "hostile-backend.*"),
		],
		story: "hostile-backend.refuses-everything[status=-ENOMEM]",
	},
	{
		id: "L19",
		title: "A positive status of DBUF_CREATE is taken for success",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_front_dbuf_create",
			line: "ret = be_stream_wait_io(evtchnl)",
		},
		says: "Only a status below 0 is a failure here, while the other requests fail on anything but 0.",
		lists: [
			{
				rule: "refused-undone",
				message:
					"gem.create succeeded although the backend answered its DBUF_CREATE with *",
			},
			...unmet("join succeeded", "hostile-backend.positive-status*"),
			...unmet(
				"fe.pages is not as expected",
				"hostile-backend.positive-status*",
			),
		],
		story: "hostile-backend.positive-status[status=1]",
	},
	{
		id: "L20",
		title: "A flip that was refused is reported as done",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "display_send_page_flip",
			line: "Failed to send page flip request",
		},
		says: "When the backend refuses a flip, or does not answer, the client gets its event at once, as if the picture had changed.",
		lists: [
			{
				rule: "flips-paired",
				message:
					"page.flip was reported as done before the event of the flip came",
			},
			...unmet("page.flip succeeded", "hostile-backend.*"),
			...unmet("join succeeded", "hostile-backend.positive-flip*"),
		],
		story: "hostile-backend.positive-flip[status=1]",
	},
	{
		id: "L21",
		title: "One lost event, and no event is heard any more",
		bugs: ["B16"],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "evtchnl_interrupt_evt",
			line: "event->id != evtchnl->evt_id++",
		},
		says: "The expected number is counted by one for each slot that is seen, and an event with another number is skipped: after a gap each later event is. Every flip of the connection then ends by the worker, 3.1 s late.",
		lists: [{ rule: "events-complete-flips" }],
		story: "hostile-backend.event-numbers[id=7]",
	},
	{
		id: "L22",
		title: "An event slot is given back before it is surely read",
		bugs: [],
		verdict: "bug",
		where: {
			file: EVTCHNL,
			function: "evtchnl_interrupt_evt",
			line: "page->in_cons = cons",
		},
		says: "`in_cons` is stored with nothing that orders the loads of the slots before it; the barrier comes after. Where an event completes a flip a lock lies in between; where it is skipped nothing does. On a machine that may make a store before an older load the backend can overwrite what is still to be read.",
		lists: [
			{
				rule: "published-in-order",
				message: "in_cons of connector * gave a slot back with nothing *",
			},
		],
		story: "hostile-backend.event-numbers[id=7]",
	},
	{
		id: "L23",
		title: "be-alloc of an earlier connection stays, and any number is a yes",
		bugs: [],
		verdict: "bug",
		where: {
			file: CFG,
			function: "xen_drm_front_cfg_card",
			line: "cfg->be_alloc = true",
		},
		says: "The mark is set when the node holds a number other than 0, and never cleared: a connection without `be-alloc` goes on to ask the backend for its buffers, which it refuses.",
		lists: [
			{
				rule: "fresh-nodes",
				message:
					"DBUF_CREATE on connector * asks the backend to allocate although be-alloc is not 1",
			},
			...unmet(
				"gem.create failed: the backend refused",
				"connect.read-anew-be-alloc*",
			),
			...unmet(
				"the response to DBUF_CREATE * is not as expected",
				"connect.read-anew-be-alloc*",
			),
		],
		story: "connect.read-anew-be-alloc[before=1,after=0]",
	},
	{
		id: "L24",
		title: "After an error the bus states go where they must not",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "displback_disconnect",
			line: "XenbusStateReconfiguring",
		},
		says: "An error on the way to Connected writes Closing and leaves the driver in its place; when the backend follows, the driver goes from Closing to Reconfiguring, and a device bound anew from Closed to Initialised without Initialising.",
		lists: [
			{
				rule: "state-order",
				message: "the frontend of device * went from Closing to Reconfiguring",
			},
			{
				rule: "state-order",
				message: "the frontend of device * went from Closed to Initialised",
			},
		],
		story: "grants.store-full[nth=6]",
	},
	{
		id: "L25",
		title: "Numbers in XenStore are read leniently",
		bugs: [],
		verdict: "strictness",
		where: {
			file: CFG,
			function: "cfg_connector",
			line: "xenbus_scanf(XBT_NIL, connector_path",
		},
		says: "The kernel's `xenbus_scanf` and `xenbus_gather` take what `sscanf` takes: signs, leading 0x, trailing text, numbers beyond their type. A backend-id of -1 becomes domain 65535.",
		lists: [
			{
				rule: "fresh-nodes",
				message: "the frontend of device * went to Initialised although *",
			},
			{
				rule: "published-at-once",
				message: "the frontend of device * went to Initialised with *",
				case: "connect.node-malformed*",
			},
			...unmet(
				"fe.state is not as expected",
				"connect.node-malformed*",
				"connect.resolution-strict*",
				"hostile-backend.state-text*",
			),
			...unmet(
				"fe.grants is not as expected",
				"connect.node-malformed*",
				"connect.resolution-strict*",
			),
			...unmet(
				"fe.ports is not as expected",
				"connect.node-malformed*",
				"connect.resolution-strict*",
			),
		],
		story: "connect.node-malformed[value=0x1]",
	},
	{
		id: "L26",
		title: "Client calls that cannot fail hide what the backend refused",
		bugs: [],
		verdict: "strictness",
		where: {
			file: KMS,
			function: "display_disable",
			line: "Failed to disable display",
		},
		says: "DRM's close of a handle, removal of a framebuffer and switch-off of a CRTC return nothing that a driver could say: a DBUF_DESTROY, FB_DETACH or SET_CONFIG that was not answered, or could not be sent any more, is printed at most. What a framebuffer still shows is closed with it.",
		lists: [
			...unmet("gem.close succeeded", "*"),
			...unmet("mode.off succeeded", "*"),
			...unmet("fb.destroy succeeded", "*"),
			{
				rule: "asked-for",
				message:
					"mode.off succeeded, and its SET_CONFIG * was not sent as long as *",
			},
			{
				rule: "asked-for",
				message:
					"gem.close succeeded, and its DBUF_DESTROY * was not sent as long as *",
			},
			...unmet("page.flip failed", "framebuffers.refused-detach"),
			...unmet("no response came to page.flip", "framebuffers.refused-detach"),
		],
		story: "hostile-backend.no-reply-destroy",
	},
	{
		id: "L27",
		title:
			"What the backend lists is mapped unseen, and unmapped by an invalid handle",
		bugs: ["B05"],
		verdict: "strictness",
		where: {
			file: SHBUF,
			function: "backend_map",
			line: "page_dir->gref[cur_gref]",
		},
		says: "References of a directory that the backend has filled are mapped as they are, also 0 and the others that the tools keep; the handle of a page that could not be mapped is set to the invalid one and handed to the unmap with the others, where the hypervisor refuses it. Harmless today, since the status of each map is looked at.",
		lists: [
			{
				rule: "reserved-references",
				message: "grant.map granter=* touches reference *",
			},
			{
				rule: "give-back-once",
				message:
					"grant.unmap handle=4294967295 * gives back a handle that is not in use",
			},
		],
		story: "hostile-backend.be-alloc-empty[pages=1]",
	},
	{
		id: "L28",
		title: "Frame numbers of backend-allocated buffers stay with the object",
		bugs: [],
		verdict: "strictness",
		where: {
			file: GEM,
			function: "xen_drm_front_gem_free_object_unlocked",
			line: "xen_free_unpopulated_pages",
		},
		says: "When the connection ends the backend's pages are unmapped, but the frame numbers they stood at go back only when the client closes its object.",
		lists: unmet(
			"*.ballooned is not as expected",
			"backend-death.*",
			"connect.unbind-with-backend-buffers",
			"guests.backend-destroyed",
		),
		story: "backend-death.stopped-with-its-buffers",
	},
	{
		id: "L29",
		title:
			"A state of the backend that could not be read is not asked for again",
		bugs: [],
		verdict: "strictness",
		where: {
			file: FRONT,
			function: "displback_changed",
			line: "case XenbusStateUnknown",
		},
		says: "The bus tells the driver XenbusStateUnknown when the read of the backend's state fails, and repeats nothing; a failing read of its own state ends a switch of states in the same silence. The driver cannot tell that from a backend that is gone, and waits for an event that does not come.",
		lists: [
			{
				rule: "reconnects",
				message:
					"device * stands at frontend *, backend InitWait for * ms, and the frontend does nothing",
				case: "sweeps.frontend-connects-reads-twice*",
			},
			{
				rule: "reconnects",
				message:
					"device * stands at frontend *, backend Connected for * ms, and the frontend does nothing",
				case: "sweeps.frontend-connects-reads-twice*",
			},
		],
		story: "sweeps.frontend-connects-reads-twice[nth=4]",
	},
];
