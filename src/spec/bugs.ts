/**
 * Real bugs of real implementations: the Linux driver, a user-space backend, sibling drivers, advisories. Retold; each is planted as one wrong
 * implementation below fixtures/, and a rule of one of its families must catch it.
 */
import type { Family } from "./families.ts";

export interface Bug {
	id: string;
	title: string;
	/** Thread, file, commit or advisory. */
	source: string;
	side: "frontend" | "backend" | "both" | "hypervisor";
	/** What it takes to see it. */
	needs: "easy" | "fault-injection" | "interleaving" | "long-run";
	/** Families of the promises it breaks, the one it is named for first. */
	families: readonly Family[];
	/** What is wrong. */
	says: string;
	/** How to bring it about, and what is seen then. */
	shows: string;
}

export const BUGS: readonly Bug[] = [
	{
		id: "B01",
		title:
			"Balloon allocation failure leaks the page array and the buffer object",
		source:
			"Seed mail thread (drm/xen-front v1, patch 8/9, `gem_create`); merged driver torvalds/linux file version 00af6729 still leaks the object",
		side: "frontend",
		needs: "fault-injection",
		families: ["G2", "M1"],
		says: "In backend-allocation mode the v1 routine first makes the array that will hold the page pointers, then asks the balloon driver for pages; when the second step fails it jumps to a label that frees nothing. Array and object are both lost. The merged driver frees the array on this path but still never releases the object itself, on any failure of this routine, and neither do the failure paths of the PRIME import.",
		shows:
			"be-alloc=1, reach Connected, snapshot; make the balloon refuse the Nth allocation (N=1, then in the middle of a multi-page one); call create. The call fails, no DBUF_CREATE is on the ring, but the frontend's live-object and page-array counts are above the snapshot. Repeat 1000 times: linear growth.",
	},
	{
		id: "B02",
		title:
			"Ownership flag set before the allocation it describes has succeeded",
		source: "Seed mail thread (first question of the reviewer)",
		side: "frontend",
		needs: "fault-injection",
		families: ["M1", "G3"],
		says: 'The per-object flag saying "pages came from the balloon / backend" is set at the start, so any unwinding code that looks at the flag will try to hand back balloon pages that were never obtained (or only partly obtained).',
		shows:
			"Same fault as B01, with an implementation whose error path calls its normal free routine: the balloon model sees a return of pages that are not outstanding (double or foreign return), or an unmap for handles never issued.",
	},
	{
		id: "B03",
		title:
			"Frontend death keeps backend-granted pages mapped for ever (be-alloc)",
		source:
			"Seed mail thread (author's concern 1); XSA-363 (xen 2dd2cd0f16 marks the mode unsupported)",
		side: "both",
		needs: "long-run",
		families: ["G1", "G2", "D8"],
		says: "In be-alloc mode the roles of granter and mapper swap: the guest maps pages of the backend domain. If the guest hangs or refuses to unmap, the backend can never end the grants nor reuse the memory.",
		shows:
			"be-alloc=1, create K buffers; then freeze the frontend (no unmap), let the toolstack remove the frontend directory. Backend goes Closed but its grant table still has K*pages in-use entries. Variant: destroy the guest; the hypervisor model must drop the mappings, after which the backend must end all its grants.",
	},
	{
		id: "B04",
		title: "No cap on what a guest can make the backend hold",
		source:
			"Seed mail thread (author's concern 2); displ_be and libxenbe HEAD have no quota; sibling: XSA-392 (netback queue unbounded when the guest does not consume)",
		side: "backend",
		needs: "long-run",
		families: ["D8"],
		says: "DBUF_CREATE is accepted without limit in number, bytes or grants: each costs backend maps (or, with be-alloc, memory and grants of the backend domain). Pending zero-size-description buffers and framebuffers are not limited either.",
		shows:
			"Loop DBUF_CREATE with fresh cookies and a small real buffer (the same directory page may be reused): every reply is 0 until the map-track/grant table of the backend model is exhausted, then other frontends' creates fail.",
	},
	{
		id: "B05",
		title:
			"One failed page in a batch map is reported as success and handle 0 is recorded",
		source:
			"Linux 53f131c284e8 (xen-front-pgdir-shbuf, Feb 2021); same fault family in drm shbuf of 2017 which also had a fatal assertion on the batch; unmap results ignored by `dbuf_free` in 6773cc31",
		side: "frontend",
		needs: "fault-injection",
		families: ["G3", "M1"],
		says: "For backend-provided grants the per-page status was only logged: the call returned success with holes, and the undefined handle of the failed page was stored, so later teardown unmapped handle 0, i.e. somebody else's mapping. On the way down a failed unmap is ignored and the page is handed back to the balloon while still mapped.",
		shows:
			"be-alloc=1; backend fills the directory with one bad gref (or the map of page i is made to fail). Old code: create succeeds, later unmap list contains handle 0 / a handle never issued. Unmap fault: destroy, then balloon pool receives a page the model still shows as mapped.",
	},
	{
		id: "B06",
		title: "Claim failure leaks the reserved grant references",
		source:
			'xen-devel 29 Jun 2026, "xen/front-pgdir-shbuf: free grant reference head on errors"; also visible as a difference between two stored versions of the file',
		side: "frontend",
		needs: "fault-injection",
		families: ["G2"],
		says: "The helper reserves a batch of references up front and claims them one by one. If a claim or the buffer-granting step fails half-way it returns at once and the unclaimed rest of the batch is never given back.",
		shows:
			"Large buffer, fail the kth claim; the create call fails, claimed grants are ended but free-reference count stays lower by batch-k. A few dozen repetitions exhaust the table and unrelated devices fail.",
	},
	{
		id: "B07",
		title: '"Unused" marker changed value: unwinding ends reference 0',
		source:
			"torvalds/linux `xen_front_pgdir_shbuf_free`/`alloc_storage`, file versions 4515dda1 and 03c11eb3 (after 888fd787f30d switched the marker)",
		side: "frontend",
		needs: "fault-injection",
		families: ["G4", "G3"],
		says: 'The reference array is zero-filled, and zero used to be the marker for "no grant". The marker was later changed to all-ones while the zero filling stayed, so after a partial failure the free loop treats every unfilled slot as a grant number 0 and ends it. Reference 0 belongs to the console.',
		shows:
			"Fail the kth claim of a buffer: the trace shows end-access on reference 0, once per unfilled slot, by a driver that never granted it; the console's entry is cleared, or queued for clearing because it is in use.",
	},
	{
		id: "B08",
		title:
			"Failure in the middle of transport set-up leaks all earlier grants and ports",
		source:
			"torvalds/linux `xen_drm_front_evtchnl_create_all` (189f164e and earlier); the sound frontend has the same shape (14e77332)",
		side: "frontend",
		needs: "fault-injection",
		families: ["G2", "E1"],
		says: "The number of channel pairs is stored only after the whole loop succeeded, but the clean-up loop iterates up to that number, i.e. zero times; the array is then freed. Every ring page grant and event channel made before the failing one is lost.",
		shows:
			"Two connectors; fail the 3rd port allocation (or the 2nd grant of connector 1). Frontend goes Closing; model shows the earlier ring grants still active and ports still unbound-allocated.",
	},
	{
		id: "B10",
		title: "Device removed before Connected keeps its rings, grants and ports",
		source: "torvalds/linux `xen_drm_drv_fini`, `xen_drv_remove` (6773cc31)",
		side: "frontend",
		needs: "easy",
		families: ["G2", "E1", "X2"],
		says: 'All transport teardown sits behind "is the DRM device there?". If the driver is unbound, or the connect step fails, while the frontend is only Initialised, nothing of what was published is taken back.',
		shows:
			"Drive to front=Initialised, back=InitWait, then unbind the frontend (or make the DRM-level connect fail once backend is Connected). Frontend reports Closed; two grants and two ports per connector remain, nodes still name them.",
	},
	{
		id: "B11",
		title: "Frontend stuck in Initialised after the backend fails its bind",
		source:
			"torvalds/linux `displback_changed`/`displback_disconnect` (6773cc31); siblings xen f665678307 (blkfront never reaches Closed), 937f23487a (netfront crashes on Closing before connect)",
		side: "frontend",
		needs: "easy",
		families: ["X1"],
		says: "Backend moving to Closed or back to InitWait is ignored when the frontend has published its rings but has no DRM device yet; the InitWait branch then demands state Initialising, which nobody will ever set.",
		shows:
			"Backend model answers Initialised with Closed (bind failure) or restarts to InitWait. Expected: frontend releases and returns to Initialising, re-publishes. Observed: state node stays 3 for ever, old refs stay published.",
	},
	{
		id: "B13",
		title:
			"Request slots are not cleared: stale bytes become flags and reserved fields",
		source:
			"torvalds/linux `be_prepare_req` and `xen_drm_front_dbuf_create` (6773cc31)",
		side: "frontend",
		needs: "long-run",
		families: ["R5"],
		says: 'A request is built in place; only the named fields are stored, and the flags word of DBUF_CREATE is only OR-ed. Whatever the previous request or response left in the slot travels on. The pixel format of an earlier FB_ATTACH lies exactly over the flags word, and formats such as ARGB8888 have bit 0 set, which means "backend please allocate".',
		shows:
			"Backend that writes only the response header. Fill one lap (32 slots) with FB_ATTACH ARGB8888, then DBUF_CREATE with be-alloc=0: request carries flags bit 0. With any backend: after an error reply the next request in that slot has the old negative status in reserved bytes 4..7.",
	},
	{
		id: "B14",
		title:
			"No ring-full check: a silent backend lets requests overwrite each other",
		source: "torvalds/linux `be_prepare_req`/`be_stream_do_io` (6773cc31)",
		side: "frontend",
		needs: "long-run",
		families: ["R1", "R4"],
		says: "Each call waits with a time-out and then goes on; nothing checks that a slot is free. After as many unanswered requests as there are slots, unread requests are overwritten and the producer index leaves the legal window.",
		shows:
			"Backend stops answering but stays Connected; issue 33 operations. req_prod - last rsp_prod becomes 33 on a 32-slot ring; a strict backend now closes the device.",
	},
	{
		id: "B16",
		title:
			"One lost flip event kills event delivery for the rest of the connection",
		source:
			"torvalds/linux `evtchnl_interrupt_evt` (189f164e) together with displ_be HEAD `sendFlipEvent` + libxenbe HEAD `sendEvent`",
		side: "both",
		needs: "long-run",
		families: ["R7", "D5"],
		says: "The backend takes the next event number and only then finds the event ring full and drops the event. The frontend counts one per slot it sees and skips any event whose number differs, without resynchronising, so from then on every event is skipped.",
		shows:
			"Do not deliver the frontend's interrupt until 64 flips were produced (63 slots), then resume: numbers are off by one, all later flip events are consumed but ignored; every flip ends by the time-out worker.",
	},
	{
		id: "B18",
		title: "Time-out path ends grants while the request is still in flight",
		source:
			'torvalds/linux `xen_drm_front_dbuf_create` failure path and `xen_drm_front_dbuf_destroy` ("regardless of communication status"), 6773cc31',
		side: "frontend",
		needs: "interleaving",
		families: ["G1"],
		says: "If no answer comes in time, the frontend ends access and frees the pages though the backend may have mapped them or may be about to. The grant helper is called without the page, so a grant still in use is queued for later while its page goes back to the allocator at once.",
		shows:
			"Delay the DBUF_CREATE reply beyond the time-out with the backend holding maps. Trace: end-access on an in-use grant and release of its page while the mapping exists; late reply 0 arrives. Same with DBUF_DESTROY unanswered.",
	},
	{
		id: "B20",
		title: "Data offset of imported buffers not passed",
		source:
			"Linux 585c6ed738a5 (Aug 2020) with protocol v2 (xen c27a184225); related 5fa4e6f1c2d8 (gntdev refuses import with offset), displ_be 6bcf9ac, libxenbe 04e11ec/3df9033",
		side: "both",
		needs: "easy",
		families: ["D2", "D3"],
		says: "A buffer imported from another driver can start inside its first page. v1 had no field for that, so the backend displayed from the page start; v2 added `data_ofs`, which both ends first ignored, and which is not allowed together with backend allocation.",
		shows:
			"Import a buffer with offset 0x200: request must carry data_ofs=0x200 and the backend must read its first pixel there. data_ofs!=0 with REQ_ALLOC must be refused without mapping anything.",
	},
	{
		id: "B22",
		title: "No version negotiation on either side",
		source:
			"torvalds/linux drm/xen (cfg 30c09233, front 6773cc31) and displ_be HEAD",
		side: "both",
		needs: "easy",
		families: ["D7"],
		says: "The protocol has a list of versions from the backend and a choice by the frontend. The Linux frontend writes no choice and uses the v2 offset field without looking; displ_be writes no list and reads no choice.",
		shows:
			'Run against a backend that offers "1" only: frontend writes no version node and sends data_ofs!=0 (or GET_EDID in the proposed patch). Run displ_be: no versions node before InitWait.',
	},
	{
		id: "B23",
		title: "Peer indices believed without bounds",
		source:
			"torvalds/linux `evtchnl_interrupt_ctrl`/`evtchnl_interrupt_evt` (189f164e); xen d1f6296053 added the overflow macro for this; sibling XSA-86 (xen 2efcb0193b, libvchan); blk/net frontends were hardened the same way in 2021 [recall]",
		side: "frontend",
		needs: "easy",
		families: ["R1"],
		says: "Response producer and event producer are taken from the shared page and looped to, under a lock in interrupt context; event consumer is read back from shared memory as well. A bad value means up to 2^32 iterations over recycled slots.",
		shows:
			"Backend writes rsp_prod = req_prod + 1, or in_prod = in_cons + 64, or moves in_cons back. Expected: bounded work and a clean close. Observed: old slots reprocessed, huge loop.",
	},
	{
		id: "B24",
		title:
			"EDID request: buffer freed while the backend may still write; size not bounded",
		source:
			'dri-devel/xen-devel Jul 2020, "drm/xen-front: Add support for EDID based configuration" (v1, not merged); displ_be HEAD `getEDID` ignores the minimum buffer size',
		side: "both",
		needs: "interleaving",
		families: ["G1", "R3", "D2"],
		says: "The patch puts the shared-buffer record on the stack uninitialised, ends the grants on time-out although the backend may be writing, accepts any multiple of 128 as edid_sz even above the buffer, and parses the data in the pages that were shared. The backend writes 128 bytes even if the frontend announced less.",
		shows:
			"Delay the GET_EDID reply: grants ended with mapping alive, later write hits freed memory. Reply edid_sz=65536 for a 32768 buffer: accepted. Request with buffer_sz=64: reply 0 with edid_sz=128.",
	},
	{
		id: "B26",
		title:
			"Removal waits for a state the backend may never enter, and reports the time-out wrongly",
		source:
			"xen-troops/linux 2017 `xen_drv_remove` (post-decrement test) vs upstream; libxenbe branch commit e3e6512 (backend stays Closed) vs stored master (goes to InitWait)",
		side: "both",
		needs: "interleaving",
		families: ["X1", "L1", "G1"],
		says: "On unbind the frontend writes Closing and polls for InitWait. A backend that stops in Closed makes it always wait the full time and then release anyway; the old loop could not even tell time-out from success.",
		shows:
			"Backend ends in Closed: frontend frees its rings only after the poll expires, with no error (old) or an error (new). A slow backend still having the ring mapped at that moment shows grants ended in use.",
	},
	{
		id: "B27",
		title: "Destroy answered before the zero-copy buffer is released",
		source: "displ_be 4eef9fe (Dec 2017)",
		side: "backend",
		needs: "interleaving",
		families: ["D4"],
		says: "With zero copy the buffer object lives on in another driver or the compositor after the backend dropped its handle; the backend answered DBUF_DESTROY at once, so the frontend ended grants that were still mapped.",
		shows:
			"Create, attach, flip, detach, destroy while the display consumer still holds the buffer. Reply 0 is on the ring while the map count of the grants is > 0. After the fix inject a consumer that holds longer than the wait: reply is still 0.",
	},
	{
		id: "B28",
		title: "Something forgotten at close keeps grants mapped after Closed",
		source:
			"displ_be 1f83284, 317588c, 915a37e (descriptors not closed), f202c41 (buffers freed with the first connector only), 90f2c3e (surface not released); sibling xen 7f6b3ca54d (unmap length given in pages where bytes were expected)",
		side: "backend",
		needs: "easy",
		families: ["G2"],
		says: "Several separate slips with one effect: a descriptor, a surface, the second connector's store or all but the first page stays behind, so mappings of guest pages outlive the device.",
		shows:
			"One and two connectors, N buffers each in every mode; frontend Closing. At backend Closed count mappings held for this guest: must be 0. Multi-page grants: unmap must cover every page.",
	},
	{
		id: "B29",
		title: "Destroyed pending buffer comes back under a reused cookie",
		source: "displ_be d3ba5be (Dec 2017)",
		side: "backend",
		needs: "easy",
		families: ["D1", "G5"],
		says: "Imported buffers are parked until the first FB_ATTACH tells their geometry. DBUF_DESTROY forgot the parked list, so a later buffer with the same cookie (cookies are pointers and are reused at once) was attached with the old grant list.",
		shows:
			"CREATE cookie X with 0x0 geometry (refs R1), DESTROY X, end R1, CREATE X again with refs R2, FB_ATTACH X: backend maps R1 (ended or reused) instead of R2.",
	},
	{
		id: "B31",
		title: "Errors answered with positive status",
		source: "displ_be 14e55c6 (Nov 2017), b336ea9 (Dec 2017)",
		side: "backend",
		needs: "easy",
		families: ["R6"],
		says: "Some failures were answered with +EINVAL/+EIO. The Linux frontend tests for < 0 in create paths, so a positive code counted as success and it went on to map or attach.",
		shows:
			"Unknown opcode 0x1f, unknown fb cookie, exhausted resource: status must be < 0. Frontend side: inject +22 as status and see that create is not treated as done.",
	},
	{
		id: "B33",
		title: "Flip-done never sent, sent too early, or sent without a flip",
		source:
			'displ_be 4b650b4 (hidden surface), 84422a5 (frame callback is not "shown"), 739e8ad reverted by 7eff57d (event after SET_CONFIG)',
		side: "backend",
		needs: "interleaving",
		families: ["D5"],
		says: 'The event was tied to a compositor callback that does not come for covered surfaces, so guests stalled; that callback also means "draw now", not "shown", so the event could precede scan-out. For a month a mode set produced an event although no flip had been requested.',
		shows:
			'Display model withholds frame callbacks: an event must still arrive within a bound. Model reports "presented" later than "frame": no event before it when presentation is available. SET_CONFIG only: in_prod must not move.',
	},
	{
		id: "B35",
		title:
			"Teardown hangs: thread never told to stop, or lock held while joining",
		source: "displ_be 48a68b7; libxenbe e4129c2 (after 8e6784f)",
		side: "backend",
		needs: "interleaving",
		families: ["L1"],
		says: "A worker waited on a condition nobody signalled at destruction; in the library the stop call held the handler lock while joining the watch thread, which was waiting for the same lock.",
		shows:
			"Remove the frontend node at the moment a state event is being handled (two-thread schedule); or close with no flip pending. Backend must reach Closed within a bound; the old code never writes it.",
	},
	{
		id: "B37",
		title: "Backend loses its display but stays Connected",
		source:
			"displ_be 1e40d4a (Dec 2017), 8704cc2 (unsupported pixel format poisoned the shared display connection)",
		side: "backend",
		needs: "fault-injection",
		families: ["D3", "X5", "X1"],
		says: "When the compositor or DRM connection broke, the thread ended and the device looked alive but never answered. An unsupported format from one guest was such a trigger, hitting all guests.",
		shows:
			"FB_ATTACH with a format the display does not list: must get a negative status, other frontends still work. Break the display connection: backend must go Closing/Closed for all its frontends.",
	},
	{
		id: "B38",
		title: "Copy reads beyond the granted bytes",
		source:
			"displ_be 9930660 / e0315b2 (fixed: backend stride larger than frontend stride); HEAD still: short directory accepted, buffer_sz not compared with width*height*bpp, `data_ofs` not subtracted in `copy`",
		side: "backend",
		needs: "easy",
		families: ["D2", "G5"],
		says: "The copy length came from the backend's own buffer. After the stride fix the source bounds are still not checked: a directory that ends early yields fewer mapped pages without error, the geometry may need more than buffer_sz, and the offset shifts the source without shortening it.",
		shows:
			"width=640,height=480,bpp=32 with buffer_sz=4096; or next-page=0 after the first page of a 2-page directory; or data_ofs=4092 with an exactly sized buffer (the protocol text does not say whether buffer_sz includes the offset: decide once, but the read range must stay in the mapped pages): reply to create must be negative. HEAD answers 0 and the flip reads outside the mapping.",
	},
	{
		id: "B39",
		title:
			"be-alloc: directory filled with heap bytes when buffer_sz exceeds the real allocation",
		source: "displ_be HEAD `pgDirSetBufferRefs` with `DumbZCopyBack`",
		side: "backend",
		needs: "easy",
		families: ["D2", "R5", "G6"],
		says: "The count of references copied into the guest's directory comes from the guest's buffer_sz, the list length from the real allocation. A larger buffer_sz copies memory behind the list into the guest-visible page (leak) and the guest maps random numbers; a smaller one leaves pages granted but never told.",
		shows:
			"be-alloc, 16x16x32 with buffer_sz=4 MiB: reply 0 and directory entries beyond the first are not references granted to this guest.",
	},
	{
		id: "B40",
		title: "Duplicate cookies answered with success",
		source: "displ_be HEAD `createDisplayBuffer`, `createFrameBuffer`",
		side: "backend",
		needs: "easy",
		families: ["D1"],
		says: "Insertion into the table silently keeps the old entry. The second create gets 0, its buffer is made and dropped again; with be-alloc the guest receives references to memory that is already freed. Cookie 0 and destroy of an unknown cookie also get 0.",
		shows:
			"DBUF_CREATE X twice: second must be negative. be-alloc: second reply 0 followed by maps of ended grants. FB_ATTACH with an existing fb_cookie, cookie 0, DESTROY of unknown cookie: negative.",
	},
	{
		id: "B42",
		title: "DBUF_DESTROY answers success while a framebuffer keeps the mapping",
		source:
			"displ_be HEAD `destroyDisplayBuffer` with shared ownership by framebuffers",
		side: "backend",
		needs: "easy",
		families: ["D4"],
		says: "The framebuffer object holds the display buffer alive. Destroy removes the cookie and replies 0, but grants stay mapped until FB_DETACH, so the frontend ends grants in use.",
		shows:
			"CREATE, ATTACH, DESTROY (no DETACH): reply 0 with map count > 0. Then frontend ends the grants: in-use refusal or page freed while mapped.",
	},
	{
		id: "B44",
		title: "Framebuffer larger than its display buffer accepted",
		source:
			"displ_be HEAD Wayland `SharedBuffer::init` and `createFrameBuffer`",
		side: "backend",
		needs: "easy",
		families: ["D2", "X5"],
		says: "Width and height of FB_ATTACH are not compared with the buffer. With shared memory the pool is declared larger than the file, which makes the compositor drop the connection that serves all guests.",
		shows:
			"CREATE 64x64, FB_ATTACH 64x6400 on it: must be negative. Then check a second frontend still gets its flips done.",
	},
	{
		id: "B46",
		title: "Producer index published before the event contents are ordered",
		source:
			"libxenbe f329a67 moved the write barrier behind the index increment; HEAD unchanged; sibling xen 08f2d66ff6, acbae3dcf6, mirage 7a9434d (index updated byte by byte)",
		side: "backend",
		needs: "interleaving",
		families: ["R2"],
		says: "The barrier stands after the increment, so nothing orders the slot write before the new index. A reader on another CPU can see the index first and consume an old slot. The siblings had the same ordering, or tore the 32-bit index.",
		shows:
			"Memory model with reordered stores: let in_prod become visible before the slot. Frontend sees old id/cookie, or zeros, in the new slot.",
	},
	{
		id: "B48",
		title: "Device or node change never noticed",
		source:
			"libxenbe 65a6180 (path of the second device glued onto the first), edc251a (watch matched by path, child events dropped), 70bd4fa and 9cdee4d (paths built from assumptions about domain and device name)",
		side: "backend",
		needs: "easy",
		families: ["X3"],
		says: "A guest's second display was looked up below the first one; events reported for a child path were dropped since path and token differed; wrong assumed directories when the backend is not domain 0 or names differ.",
		shows:
			"Guest with devices 0 and 1 added in either order; backend in domain 3; watch event delivered with a child path: each device must reach InitWait.",
	},
	{
		id: "B49",
		title: "Restarted backend does not visibly close the old connection",
		source: "libxenbe 4ca4b56 (Jan 2018), 4390eba and its revert 7c6bf16",
		side: "backend",
		needs: "fault-injection",
		families: ["X1"],
		says: "After a crash the store still says Connected for both sides. The new process jumped straight to its initial state, so a frontend that reacts only to Closed kept its dead connection; a later change forced the in-memory state to Unknown so that it no longer matched the store, and was reverted.",
		shows:
			"Kill the backend in Connected, start a new one: it must write Closing/Closed then Initialising/InitWait, so that the frontend reconnects with fresh rings.",
	},
	{
		id: "B50",
		title: "One exception ends the watch thread",
		source:
			"libxenbe HEAD `watchesThread` (catch outside the loop); 9125276 fixed the sibling case for new frontends",
		side: "backend",
		needs: "fault-injection",
		families: ["X1", "X5"],
		says: "A missing or malformed node read during a state callback throws; the catch is outside the loop, so this frontend's handler closes and never handles another watch event. Earlier the same kind of exception for one new frontend stopped the scan of all others.",
		shows:
			"Publish Initialised without evt-ring-ref: backend goes Closed (fine). Then frontend restarts properly (Initialising): backend must return to InitWait, but writes nothing any more.",
	},
	{
		id: "B52",
		title: "Shared request read twice",
		source:
			"XSA-155 / CVE-2015-8550; xen ring headers gained a copying accessor; frontend-side analogue in Linux drm/xen response handling (189f164e)",
		side: "both",
		needs: "interleaving",
		families: ["R3"],
		says: "Backends checked a field of the request in the shared page and then used it again from there; a guest CPU can change it in between. The copying accessors exist for this reason.",
		shows:
			"Hypervisor model flips a field (buffer_sz, gref_directory, operation) after the first read of the slot: behaviour must be that of one consistent copy; count reads of each shared word per request.",
	},
	{
		id: "B54",
		title: "Event storms from the peer",
		source:
			"XSA-332 (backends: late-EOI framework, Linux 54c9de89895e), XSA-391 (frontends)",
		side: "both",
		needs: "long-run",
		families: ["E3"],
		says: "An interrupt that is acknowledged before its work is done lets the peer re-raise it for ever; neither side measured spurious events.",
		shows:
			"Send 10^5 notifications with no new index: bounded CPU model cost, no state change, real requests from a third party still served; with work present, one request per notification still answered.",
	},
	{
		id: "B55",
		title: "Watch events queued without bound",
		source: "XSA-349 / CVE-2020-29568",
		side: "backend",
		needs: "long-run",
		families: ["X5"],
		says: "A guest rewriting a watched node quickly filled the backend's pending-watch list with identical events.",
		shows:
			"Rewrite the frontend state node 10^5 times while the backend's watch thread is paused: queue length must stay bounded (coalesced) and the last value must be acted on.",
	},
	{
		id: "B57",
		title: 'Frontend asks "still in use?" and then ends the grant',
		source:
			"XSA-396 / CVE-2022-23036..42; old root cause xen 5b4535ea04 (2005)",
		side: "frontend",
		needs: "interleaving",
		families: ["G1"],
		says: "Query-then-end is racy: the backend can map in between, or simply keep the mapping; several frontends then reused or freed the page, or stopped the kernel when ending failed.",
		shows:
			"Schedule a backend map between query and end; or let the backend keep the ring page mapped at Closed: page must not be reused until the end operation itself reports success.",
	},
	{
		id: "B59",
		title: "Notification hold-off arithmetic wrong: lost wake-up",
		source:
			"xen ad7f8262e3, 1e56ea4a43 (blkback 2005); mirage shared-memory-ring f2d0545, 9554c90; mirage-block 22fbbe0",
		side: "both",
		needs: "interleaving",
		families: ["E2"],
		says: "The consumer index was advanced after the response was made, or the event thresholds were not set or re-checked, so a producer believed the other side was still awake. The work stays in the ring with both sides asleep.",
		shows:
			"Producer pushes between the consumer's last look and its re-arming of the threshold (all interleavings of 2 requests): no schedule ends with unread entries and no pending event.",
	},
	{
		id: "B61",
		title: "Frontend frees its pages before the backend has closed",
		source:
			"xen 42e3a21b11, 15d5739ea9 (MiniOS frontends, 2010); win-xenvbd 5462c3e, db4fa94",
		side: "frontend",
		needs: "interleaving",
		families: ["G1", "X1"],
		says: 'The shutdown wait was a single "if" instead of a loop, or an error in the wait still led to freeing; requests were cleaned up after the grant interface had gone.',
		shows:
			"Frontend Closing; backend passes through intermediate states slowly, or the wait returns an error: no grant may be ended and no page freed before the backend is Closed and unmapped.",
	},
	{
		id: "B64",
		title:
			"Shared framebuffer description trusted; then limit computed but not applied",
		source:
			"xen a41adea5bc and a2388da52d (PV framebuffer backend, May 2008), 9ca64ff194 (bogus update rectangle)",
		side: "backend",
		needs: "easy",
		families: ["D2", "D8", "G5"],
		says: 'Length, geometry, stride and offset came from the guest and drove mapping, allocation and copying without checks. The first fix logged "limited" but kept using the unlimited length.',
		shows:
			'Extreme values for buffer_sz, width, height, bpp, data_ofs, and products that overflow 32 bits: reply negative, no maps beyond the configured limit. After "limit" logging check the number of maps, not the log.',
	},
	{
		id: "B66",
		title: "Balloon accounting wrong on the error path",
		source:
			"Linux 1951fa33ec25 (alloc_xenballooned_pages, Jul 2020); also 88a479ff6ef8 (uninterruptible balloon wait)",
		side: "frontend",
		needs: "fault-injection",
		families: ["M1"],
		says: "When only part of the wanted balloon pages could be had, the pages taken were returned to the list but the counters were adjusted as if all had been used, so later requests ballooned too much or too little.",
		shows:
			"Ask for n pages with k<n available and growing refused: pages outstanding 0 and the credit counter as before; repeat 1000 times, then a legal request must still succeed; no unbounded wait.",
	},
	{
		id: "B67",
		title: "In-use mark or reference count disagrees with the live mappings",
		source:
			"XSA-218 (xen 9a0bd460cf, b7f6cbb9d4), XSA-230 (xen 6e2a4c7356), XSA-224 (xen 8fdfcb2b6b, 75b384ece6), XSA-394 (xen 975a8fb45c)",
		side: "hypervisor",
		needs: "interleaving",
		families: ["H1", "H2"],
		says: 'The hypervisor told the granter "nobody uses this page" in another critical section than its own accounting, or looked at only part of the pin counts; unmapping one of several mapping kinds, or none, still dropped a reference. Granters then reused or lost pages that were still mapped.',
		shows:
			"Model self-test: two interleaved unmaps of a doubly mapped grant; map plus copy; map with two kinds and unmap kind 1 twice; unmap with no kind; unmap a handle twice. Marks clear only at the step where the last pin goes; the counter always equals the number of live mappings; a second unmap is an error.",
	},
	{
		id: "B69",
		title: "XenStore visibility and permissions outlive their domain",
		source:
			"XSA-115 (xen e47f438df3: watch events for nodes one may not read), XSA-322 (xen 496306324d) and XSA-417 (xen ab12821822): a new domain inherits rights of a dead one with the same id",
		side: "hypervisor",
		needs: "easy",
		families: ["H4"],
		says: "Any guest could watch the root and see all changes; rights were tied to a reusable number.",
		shows:
			'Guest B watches "/" while A and its backend do a handshake: B sees no event. Destroy A, create C with A\'s id: C cannot read or write the old device nodes and old grants/ports are not addressable.',
	},
	{
		id: "B70",
		title: "XenStore limits, accounting and transactions not safe on failure",
		source:
			"XSA-326 (xen 36de433a27, 5285dcb1a5, b5c0bdb96d), XSA-115 (xen 0bfb2101f2, 705c7d8956), XSA-415 (xen 5d71766bd1), XSA-421 (xen 13ac37f141), XSA-206 (xen 083996c46b); client side xen cdabe14bff (retry with a dead transaction id)",
		side: "both",
		needs: "fault-injection",
		families: ["H5", "X2"],
		says: "Unread replies and events piled up without limit; a failed create left the node count raised; a failed write inside a transaction could still be committed in part; one writer could starve another's transaction for ever; a client retried with the old transaction number.",
		shows:
			"Inject quota-exceeded at each write of the publish transaction: nothing becomes visible and the count is unchanged. Conflict the publish transaction k times: the frontend retries with a new transaction and in the end publishes all nodes or fails cleanly with rings released.",
	},
];
