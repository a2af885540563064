/**
 * What exploring finds in the Linux driver beside what the suite does, each confirmed by reading the driver's source. `story` is a file of STORIES: the
 * shrunk story, as `explore` has printed it. Its places are those of release 6.1.
 */
import type { Defect } from "./known.ts";

export const STORIES = "test/linux/stories";

const FRONT = "drivers/gpu/drm/xen/xen_drm_front.c";
const KMS = "drivers/gpu/drm/xen/xen_drm_front_kms.c";
const SHBUF = "drivers/xen/xen-front-pgdir-shbuf.c";

export const EXPLORED: readonly Defect[] = [
	{
		id: "L29",
		title: "A DRM device that cannot be made is freed twice",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "xen_drm_drv_init",
			line: "drm_dev_put(drm_dev);",
		},
		says: "When the pipelines or the registration fail, `drm_dev_put` drops the last reference: `xen_drm_drv_release` frees `drm_info`. The next label frees it again.",
		lists: [
			{
				rule: "survives",
				message: 'task "xenwatch" crashed: double-free*in xen_drm_drv_init*',
			},
		],
		story: "double-free.yaml",
	},
	{
		id: "L30",
		title: "An unmap for which there is no memory is not made",
		bugs: ["B05"],
		verdict: "bug",
		where: {
			file: SHBUF,
			function: "backend_unmap",
			line: "unmap_ops = kcalloc",
		},
		says: "`backend_unmap` begins with an allocation. When it fails nothing is unmapped, and `dbuf_free`, which prints the result and drops it, frees the buffer all the same: the mappings, the list of handles and the frame numbers are lost, and the backend can never have its pages back.",
		lists: [
			{ rule: "leak-objects", message: "*never given back; *backend_map*" },
			{ rule: "leak-mappings", case: "*back-allocated" },
			{ rule: "leak-balloon", case: "*back-allocated" },
			{ rule: "leak-mappings", case: "linux.unmap-without-memory" },
			{ rule: "leak-balloon", case: "linux.unmap-without-memory" },
		],
		story: "unmap-without-memory.yaml",
	},
	{
		id: "L31",
		title:
			"After an error on the way to Connected it stands in Closing for ever",
		bugs: [],
		verdict: "bug",
		where: {
			file: FRONT,
			function: "displback_changed",
			line: '"connecting backend"',
		},
		says: "`xenbus_dev_fatal` writes Closing. From there no branch leads on: InitWait wants state Initialising, which only the disconnect of a DRM device sets, and there is none. The device is dead until the driver is unbound.",
		lists: [
			{
				rule: "reconnects",
				message: "device * stands at frontend Closing, backend InitWait for *",
			},
		],
		story: "closing-for-ever.yaml",
	},
	{
		id: "L32",
		title: "A framebuffer that is made wakes up in freed memory, as L14",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "fb_create",
			line: "ret = xen_drm_front_fb_attach(",
		},
		says: "`fb_create` is under no `drm_dev_enter` either, so that the unplug does not wait for it: its channel is freed while it waits for the answer to FB_ATTACH.",
		lists: [
			{
				rule: "survives",
				message:
					'task "fb.create" crashed: use-after-free*in xen_drm_front_evtchnl_create_all*',
			},
		],
		story: "attach-in-freed-memory.yaml",
	},
	{
		id: "L33",
		title: "A mode whose SET_CONFIG is not answered is reported as set, as L18",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "display_enable",
			line: "Failed to enable display",
		},
		says: "The time-out ends in the same branch as a refusal.",
		lists: [
			{
				rule: "own-answer",
				message: "mode.set on connector * succeeded although its SET_CONFIG*",
			},
		],
		story: "mode-unanswered.yaml",
	},
	{
		id: "L34",
		title: "A flip that could not be sent is reported as done, as L20",
		bugs: [],
		verdict: "bug",
		where: {
			file: KMS,
			function: "display_send_page_flip",
			line: "Failed to send page flip request",
		},
		says: "A failure that comes before the request is sent, like one of a channel that is not connected any more, ends where a refusal does.",
		lists: [
			{
				rule: "asked-for",
				message: "page.flip succeeded, and no PG_FLIP was ever sent",
			},
		],
		story: "flip-never-sent.yaml",
	},
	{
		id: "L35",
		title: "A state that cannot be read is taken for Closed",
		bugs: [],
		verdict: "strictness",
		where: {
			file: FRONT,
			function: "displback_changed",
			line: "case XenbusStateUnknown:",
		},
		says: "When XenStore cannot be read, for want of memory for instance, the kernel's bus hands the driver Unknown, which shares its branch with Closed. The backend's Connected is lost: nobody looks again, and the device stands in Initialised. The bus gives no second chance; the driver could read the state itself.",
		lists: [
			{
				rule: "reconnects",
				message:
					"device * stands at frontend Initialised, backend Connected for *",
			},
		],
		story: "state-unread.yaml",
	},
];

/** What was tried, and what it cost. */
export const EXPLORING = `\`explore\` plays stories on that nobody wrote down: each hypercall, allocation and XenStore access of the driver refused once, its backend silent, crashed or
restarted at each of its calls, notifications lost, late and doubled, each single switch of the plain order, and orders that are drawn. What follows was
found in four of the generic scenarios, \`front-allocated\`, \`back-allocated\`, \`reconnect\` and \`two-guests\` (the other two need EDID or are about no frontend), in 12,354 runs of
12 minutes on one core: of each up to 2000 ways to strike, spread over the story, up to 800 single switches and 160 drawn orders, and 1,715 of these runs where
memory is weak. No finding needs a switch. Nearly all that exploring meets is in the table above; what is not, is here. Each was shrunk by the tool and confirmed in the
source. The story is a file of test/linux/stories; its places are counted in 6.1.

\`\`\`sh
npx xdisp-check explore scenarios/explore --frontend linux:debian-6.1 --faults all --orders dpor --baseline fixtures/baselines/linux-6.1-explored.yaml --runs 4000
npx xdisp-check run test/linux/stories --frontend linux:debian-6.1
\`\`\`

That baseline holds both tables, so that the first command tells what is new. Snapshots of the kernel are not used: a run takes some 50 ms of one core, of which making the kernel
anew is half a millisecond, and connecting, which a snapshot could skip, a third. But the rest of the world (hypervisor, XenStore, backend, rules) has no snapshots and plays the beginning again
in any case, so that at most the driver's own part of connecting, some 10 of the 50 ms, would be saved.`;
